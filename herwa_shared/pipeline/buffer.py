"""Append events to the buffer: drop what is recorded already, COPY the rest, both in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.coverage import admit
from herwa_shared.pipeline.events import BUFFER_COLUMNS, Event
from herwa_shared.pipeline.stays import KINDS, admit_stays

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
