"""Append events to the buffer: drop what is recorded already, COPY the rest, both in one transaction.

Give the room of moved events back, a whole slot at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.events import BUFFER_COLUMNS, Event
from herwa_shared.pipeline.membership_dedup import KINDS, admit_stays
from herwa_shared.pipeline.message_dedup import admit

APPEND_LOCK = 0x4845525742  # one append at a time, so that two collectors of one guild cannot both admit a message
COLUMNS = len(BUFFER_COLUMNS)
# Coverage is looked up message by message: a table without statistics would be read and sorted whole for each of them.
BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch."""

    stored: int
    duplicates: int


async def append(connection: asyncpg.Connection, events: Sequence[Event]) -> Appended:
    """Store the batch durably, each message once. All of it or, when this raises, nothing of it."""
    if not events:
        return Appended(0, 0)
    messages = [event for event in events if event.message_id]
    async with connection.transaction():
        await connection.execute(BY_INDEX)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", APPEND_LOCK)
        fresh = await admit(connection, messages, now_ms=int(utc_now().timestamp() * 1000)) if messages else []
        if len(messages) < len(events):
            fresh += await _admit_others(connection, [event for event in events if not event.message_id])
        await connection.copy_records_to_table(
            "event_buffer", records=[event[:COLUMNS] for event in fresh], columns=BUFFER_COLUMNS
        )
    return Appended(stored=len(fresh), duplicates=len(events) - len(fresh))


async def _admit_others(connection: asyncpg.Connection, events: list[Event]) -> list[Event]:
    stays = [event for event in events if event.kind in KINDS]
    if not stays:
        return events
    return [event for event in events if event.kind not in KINDS] + await admit_stays(connection, stays)


SLOTS = 24
SLOT_SECONDS = 300
NOW_SLOT = "SELECT ((extract(epoch FROM now())::bigint / $1) % $2)::int"


async def trim(connection: asyncpg.Connection) -> list[int]:
    """Empty the slots whose events have all been moved; their numbers. A slot that is being written is left alone."""
    current = await connection.fetchval(NOW_SLOT, SLOT_SECONDS, SLOTS)
    written = {(current + near) % SLOTS for near in (-1, 0, 1)}
    return [
        slot for slot in range(SLOTS) if slot not in written and await _empty(connection, f"event_buffer_{slot:02}")
    ]


async def _empty(connection: asyncpg.Connection, table: str) -> bool:
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - a name made above
        return False
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '200ms'")
            await connection.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
            waiting = await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table} AS b, ingest_state AS s"  # noqa: S608 - a name made above
                " WHERE s.id = 0 AND (b.txid, b.seq) > (s.wm_txid, s.wm_seq))"
            )
            if waiting:
                return False
            await connection.execute(f"TRUNCATE ONLY {table}")
    except asyncpg.LockNotAvailableError:
        return False
    return True
