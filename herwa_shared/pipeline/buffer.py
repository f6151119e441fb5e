"""Append events to the buffer: drop what is recorded already, COPY the rest, both in one transaction.

Give the room of moved events back, a whole slot at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.events import BUFFER_COLUMNS, ActivityEvent
from herwa_shared.pipeline.membership_dedup import MEMBERSHIP_KINDS, filter_new_memberships
from herwa_shared.pipeline.message_dedup import filter_new_messages

APPEND_LOCK_ID = 0x4845525742  # one append at a time, so that two collectors of one guild cannot both admit a message
BUFFER_COLUMN_COUNT = len(BUFFER_COLUMNS)
# Coverage is looked up message by message: a table without statistics would be read and sorted whole for each of them.
FORCE_INDEX_SQL = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What became of a batch."""

    stored: int
    duplicates: int


async def append_events(connection: asyncpg.Connection, events: Sequence[ActivityEvent]) -> AppendResult:
    """Store the batch durably, each message once. All of it or, when this raises, nothing of it."""
    if not events:
        return AppendResult(0, 0)
    messages = [event for event in events if event.message_id]
    async with connection.transaction():
        await connection.execute(FORCE_INDEX_SQL)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", APPEND_LOCK_ID)
        new_events = (
            await filter_new_messages(connection, messages, now_ms=int(utc_now().timestamp() * 1000))
            if messages
            else []
        )
        if len(messages) < len(events):
            new_events += await _filter_other_events(connection, [event for event in events if not event.message_id])
        await connection.copy_records_to_table(
            "event_buffer", records=[event[:BUFFER_COLUMN_COUNT] for event in new_events], columns=BUFFER_COLUMNS
        )
    return AppendResult(stored=len(new_events), duplicates=len(events) - len(new_events))


async def _filter_other_events(connection: asyncpg.Connection, events: list[ActivityEvent]) -> list[ActivityEvent]:
    membership_events = [event for event in events if event.kind in MEMBERSHIP_KINDS]
    if not membership_events:
        return events
    return [event for event in events if event.kind not in MEMBERSHIP_KINDS] + await filter_new_memberships(
        connection, membership_events
    )


SLOT_COUNT = 24
SLOT_SECONDS = 300
CURRENT_SLOT_SQL = "SELECT ((extract(epoch FROM now())::bigint / $1) % $2)::int"


async def truncate_moved_slots(connection: asyncpg.Connection) -> list[int]:
    """Empty the slots whose events have all been moved; their numbers. A slot that is being written is left alone."""
    current_slot = await connection.fetchval(CURRENT_SLOT_SQL, SLOT_SECONDS, SLOT_COUNT)
    active_slots = {(current_slot + offset) % SLOT_COUNT for offset in (-1, 0, 1)}
    return [
        slot
        for slot in range(SLOT_COUNT)
        if slot not in active_slots and await _truncate_slot(connection, f"event_buffer_{slot:02}")
    ]


async def _truncate_slot(connection: asyncpg.Connection, table: str) -> bool:
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - a name made above
        return False
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '200ms'")
            await connection.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
            has_unmoved = await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table} AS b, ingest_state AS s"  # noqa: S608 - a name made above
                " WHERE s.id = 0 AND (b.txid, b.seq) > (s.wm_txid, s.wm_seq))"
            )
            if has_unmoved:
                return False
            await connection.execute(f"TRUNCATE ONLY {table}")
    except asyncpg.LockNotAvailableError:
        return False
    return True
