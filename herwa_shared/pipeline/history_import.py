"""Store the events of a history file in batches, each exactly once, also after an interruption.

The position in the file changes in the transaction that stores a batch. Messages and threads are deduplicated by their
ids. Events without an id of their own are stored only for times in which none of their kind was recorded: neither by a
collector nor by another import.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, load_collection_record, load_first_hours
from herwa_shared.analytics.metric_definitions import METRIC_DEFINITIONS
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest
from herwa_shared.pipeline.buffer import copy_events, lock_appends
from herwa_shared.pipeline.events import ActivityEvent
from herwa_shared.pipeline.history_pages import AuthorName, add_unknown_members
from herwa_shared.pipeline.membership_dedup import MEMBERSHIP_KINDS, save_past_memberships
from herwa_shared.pipeline.message_dedup import filter_new_messages
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.tickets import record_responses

NEVER_LIVE_MS = 1 << 62
"""As `live_since_ms`: the message proves nothing about others between it and its neighbors."""
MEMBER_EVENT_KINDS = frozenset(
    definition.kind for definition in METRIC_DEFINITIONS.values() if definition.needs_members
)

START_IMPORT_SQL = """
INSERT INTO history_import (guild_id, digest, file_name, started_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
LOAD_IMPORT_SQL = """
SELECT guild_id, digest, position, stored, duplicates, finished_at FROM history_import
WHERE guild_id = $1 AND digest = $2
"""
ADVANCE_IMPORT_SQL = """
UPDATE history_import SET position = $4, stored = stored + $5, duplicates = duplicates + $6
WHERE guild_id = $1 AND digest = $2 AND position = $3 AND finished_at IS NULL
RETURNING position
"""
FINISH_IMPORT_SQL = "UPDATE history_import SET finished_at = $3 WHERE guild_id = $1 AND digest = $2"


class ImportRunsElsewhere(BadRequest):
    """Another process imports the same file into the same guild."""

    code = "import_runs_elsewhere"
    message = "Another process is importing this file into this server."


@dataclass(frozen=True, slots=True)
class ImportState:
    """How far the import of a file, identified by its digest, into a guild is.

    The first `position` rows of the file are stored; `duplicates` of their events were stored before.
    """

    guild_id: int
    digest: bytes
    position: int
    stored: int
    duplicates: int
    finished_at: datetime | None


class RecordedTimes:
    """The times, by event kind, in which events of a guild are recorded already."""

    def __init__(self, coverage_by_kind: Mapping[str, Coverage]) -> None:
        self._edges_ms = {
            kind: [round(moment.timestamp() * 1000) for period in coverage.periods for moment in period]
            for kind, coverage in coverage_by_kind.items()
        }

    def contains(self, kind: str, at_ms: int) -> bool:
        """Return whether events of this kind were recorded at this time (milliseconds since 1970)."""
        return bisect_right(self._edges_ms.get(kind, []), at_ms) % 2 == 1


async def load_recorded_times(
    database: Database,
    guild_id: int,
    kinds: Collection[str],
    start: datetime,
    end: datetime,
    *,
    clickhouse: AsyncClient | None,
) -> RecordedTimes:
    """Load when events of these kinds were recorded within `[start, end)`.

    Without ClickHouse, imports that do not state their kinds count for messages only.
    """
    record = await load_collection_record(database, guild_id, start, end, now=utc_now())
    first_hours = await load_first_hours(clickhouse, guild_id, kinds, record) if clickhouse is not None else {}
    return RecordedTimes(
        {
            kind: record.build_kind_coverage(kind, first_hours, needs_members=kind in MEMBER_EVENT_KINDS)
            for kind in kinds
        }
    )


async def start_import(connection: asyncpg.Connection, guild_id: int, digest: bytes, *, file_name: str) -> ImportState:
    """Start the import of a file, or return how far an earlier one is."""
    await connection.execute(START_IMPORT_SQL, guild_id, digest, file_name, utc_now())
    row = await connection.fetchrow(LOAD_IMPORT_SQL, guild_id, digest)
    assert row is not None
    return ImportState(**row)


async def store_import_batch(
    connection: asyncpg.Connection,
    state: ImportState,
    events: Sequence[ActivityEvent],
    names: Collection[AuthorName] = (),
    *,
    position: int,
    recorded: RecordedTimes,
    privacy: PrivacyFilter | None = None,
) -> ImportState:
    """Store the events of the rows from `state.position` to `position`, and return the new state.

    The names of unknown members are stored; a known name may be a nickname and is kept. `privacy` hides members; only
    tests may omit it. Raises ImportRunsElsewhere.
    """
    async with connection.transaction():
        await lock_appends(connection)
        if privacy is not None:
            await privacy.refresh(connection)
        await record_responses(connection, events, privacy=privacy)
        if privacy is not None:
            events = privacy.hide_members(events)
            now_ms = round(utc_now().timestamp() * 1000)
            names = [name for name in names if not privacy.find(state.guild_id, name.user_id).is_hidden(now_ms)]
        new_events = await _filter_new(connection, events, recorded)
        duplicates = len(events) - len(new_events)
        advanced = await connection.fetchval(
            ADVANCE_IMPORT_SQL, state.guild_id, state.digest, state.position, position, len(new_events), duplicates
        )
        if advanced is None:
            raise ImportRunsElsewhere
        if any(kind in MEMBERSHIP_KINDS for kind in {event.kind for event in new_events}):
            await save_past_memberships(connection, new_events)
        if names:
            await add_unknown_members(connection, state.guild_id, names)
        await copy_events(connection, new_events)
    return replace(
        state, position=position, stored=state.stored + len(new_events), duplicates=state.duplicates + duplicates
    )


async def finish_import(connection: asyncpg.Connection, state: ImportState) -> None:
    """Record that every row of the file is stored."""
    await connection.execute(FINISH_IMPORT_SQL, state.guild_id, state.digest, utc_now())


async def _filter_new(
    connection: asyncpg.Connection, events: Sequence[ActivityEvent], recorded: RecordedTimes
) -> list[ActivityEvent]:
    identified = [event for event in events if event.message_id]
    new_events = [event for event in events if not event.message_id and not recorded.contains(event.kind, event.at_ms)]
    if identified:
        now_ms = round(utc_now().timestamp() * 1000)
        new_events += await filter_new_messages(connection, identified, now_ms=now_ms)
    return new_events
