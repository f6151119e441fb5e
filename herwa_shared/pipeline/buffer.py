"""The event buffer in PostgreSQL: deduplicated appends, and truncation of moved partitions.

The table `event_buffer` is partitioned into slots by time, so that the space of moved events is freed by TRUNCATE.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import asyncpg

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.events import BUFFER_COLUMNS, ActivityEvent
from herwa_shared.pipeline.key_dedup import filter_new_keys
from herwa_shared.pipeline.membership_dedup import MEMBERSHIP_KINDS, filter_new_memberships
from herwa_shared.pipeline.message_dedup import filter_new_messages
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.tickets import record_responses

# Advisory lock that serializes appends, so that two collectors of one guild cannot both store the same message.
APPEND_LOCK_ID = 0x4845525742
_get_buffer_values = itemgetter(*map(ActivityEvent._fields.index, BUFFER_COLUMNS))
# Slots of 5 minutes. The numbers must match the default of `event_buffer.slot` in alembic revision 0002.
SLOT_COUNT = 24
SLOT_SECONDS = 300
CURRENT_SLOT_SQL = "SELECT ((extract(epoch FROM now())::bigint / $1) % $2)::int"
# Coverage is looked up once per message. Without table statistics the planner would scan and sort the full table for
# each of them.
FORCE_INDEX_SQL = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
LOCK_APPENDS_SQL = f"{FORCE_INDEX_SQL}; SELECT pg_advisory_xact_lock({APPEND_LOCK_ID})"  # one round trip
# No membership period of a member who opted out is kept, so their name could not be deleted later.
DELETE_NAMES_SQL = """
DELETE FROM member AS m USING unnest($1::bigint[], $2::bigint[]) AS departed (guild_id, user_id)
WHERE m.guild_id = departed.guild_id AND m.user_id = departed.user_id
"""


@dataclass(frozen=True, slots=True)
class AppendResult:
    """The number of events of a batch that were stored, and that were dropped as duplicates."""

    stored: int
    duplicates: int


async def append_events(
    connection: asyncpg.Connection, events: Sequence[ActivityEvent], *, privacy: PrivacyFilter | None = None
) -> AppendResult:
    """Deduplicate events and COPY the new ones to the buffer, in one transaction.

    Messages, joins, leaves and events with a key that are already recorded are dropped; first responses to tickets are
    recorded. `privacy` hides members; only
    tests may omit it. Takes the append lock until the commit.
    """
    if not events:
        return AppendResult(0, 0)
    async with connection.transaction():
        await lock_appends(connection)
        if privacy is not None:
            await privacy.refresh(connection)
            if departed := privacy.list_hidden_leavers(events):
                await connection.execute(DELETE_NAMES_SQL, *zip(*departed, strict=True))
        await record_responses(connection, events, privacy=privacy)
        if privacy is not None:
            events = privacy.hide_members(events)
        messages = [event for event in events if event.message_id]
        new_events = (
            await filter_new_messages(connection, messages, now_ms=int(utc_now().timestamp() * 1000))
            if messages
            else []
        )
        if len(messages) < len(events):
            new_events += await _filter_other_events(connection, [event for event in events if not event.message_id])
        await copy_events(connection, new_events)
    return AppendResult(stored=len(new_events), duplicates=len(events) - len(new_events))


async def lock_appends(connection: asyncpg.Connection) -> None:
    """Take the append lock until the end of the current transaction."""
    await connection.execute(LOCK_APPENDS_SQL)


async def copy_events(connection: asyncpg.Connection, events: Sequence[ActivityEvent]) -> None:
    """COPY events to the buffer, in the current transaction; the caller has removed duplicates."""
    await connection.copy_records_to_table(
        "event_buffer", records=map(_get_buffer_values, events), columns=BUFFER_COLUMNS
    )


async def truncate_moved_slots(connection: asyncpg.Connection) -> list[int]:
    """Truncate every slot whose events have all been moved; return the slots' numbers.

    The current slot and its neighbors are skipped, since they may be written to.
    """
    current_slot = await connection.fetchval(CURRENT_SLOT_SQL, SLOT_SECONDS, SLOT_COUNT)
    active_slots = {(current_slot + offset) % SLOT_COUNT for offset in (-1, 0, 1)}
    return [
        slot
        for slot in range(SLOT_COUNT)
        if slot not in active_slots and await _truncate_slot(connection, f"event_buffer_{slot:02}")
    ]


async def _filter_other_events(connection: asyncpg.Connection, events: list[ActivityEvent]) -> list[ActivityEvent]:
    membership_events = [event for event in events if event.kind in MEMBERSHIP_KINDS and not event.key]
    keyed_events = [event for event in events if event.key]
    new_events = [event for event in events if not event.key and event.kind not in MEMBERSHIP_KINDS]
    if membership_events:
        new_events += await filter_new_memberships(connection, membership_events)
    if keyed_events:
        new_events += await filter_new_keys(connection, keyed_events)
    return new_events


async def _truncate_slot(connection: asyncpg.Connection, table: str) -> bool:
    """Truncate a partition unless it is empty, has unmoved events or is locked (200 ms)."""
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - the table name is built from the slot number
        return False
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '200ms'")
            await connection.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
            has_unmoved = await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table} AS b, ingest_state AS s"  # noqa: S608 - the table name is built from the slot number
                " WHERE s.id = 0 AND (b.txid, b.seq) > (s.wm_txid, s.wm_seq))"
            )
            if has_unmoved:
                return False
            await connection.execute(f"TRUNCATE ONLY {table}")
    except asyncpg.LockNotAvailableError:
        return False
    return True
