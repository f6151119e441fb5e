"""Deduplication of events that have no id of their own: edits, deletions, reactions.

Discord repeats such events when it replays them, and two collectors of one guild receive both. What it keeps stable is
their natural key, such as message, member and emoji of a reaction. The 63-bit hash of each key is stored for a day in
the table `event_key`, in the transaction that stores the event, so that a restarted collector knows it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

import asyncpg

from herwa_shared.pipeline.events import ActivityEvent

KEY_RETENTION = timedelta(days=1)
SAVE_KEYS_SQL = """
INSERT INTO event_key (key) SELECT DISTINCT key FROM unnest($1::bigint[]) AS key
ON CONFLICT DO NOTHING
RETURNING key
"""


def hash_event_key(text: str) -> int:
    """Return the positive 63-bit hash of a natural key."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1 or 1


async def filter_new_keys(connection: asyncpg.Connection, events: Sequence[ActivityEvent]) -> list[ActivityEvent]:
    """Return the events whose key is not recorded yet, each once and in order, and record their keys.

    They are recorded when the surrounding transaction commits.
    """
    event_by_key: dict[int, ActivityEvent] = {}
    for event in events:
        event_by_key.setdefault(event.key, event)
    new_keys = {row["key"] for row in await connection.fetch(SAVE_KEYS_SQL, list(event_by_key))}
    return [event for key, event in event_by_key.items() if key in new_keys]


async def purge_event_keys(connection: asyncpg.Connection, *, now: datetime) -> None:
    """Delete keys older than KEY_RETENTION; the collector accepts no event that old."""
    await connection.execute("DELETE FROM event_key WHERE seen_at < $1", now - KEY_RETENTION)
