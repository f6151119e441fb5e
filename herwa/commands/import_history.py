"""`herwa import`: store the events of a history file in the buffer, exactly once and in constant memory.

The next rows are read while a batch is stored. The position in the file is stored with each batch, so that the same
command continues an interrupted import.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg

from herwa.commands.import_progress import ImportProgress, ProgressReporter, ignore_progress, show_progress
from herwa.commands.operator_session import resolve_guild
from herwa.history_files.byte_stream import ByteStream, compute_file_digest, open_bytes
from herwa.history_files.event_lines import HistoryItem
from herwa.history_files.history_source import FilePart, HistorySource, open_history
from herwa.texts import history_import as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest
from herwa_shared.pipeline.events import ActivityEvent
from herwa_shared.pipeline.history_import import (
    ImportState,
    RecordedTimes,
    finish_import,
    load_recorded_times,
    start_import,
    store_import_batch,
)
from herwa_shared.pipeline.history_pages import AuthorName
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.status import load_pipeline_status
from herwa_shared.services.imported_periods import record_imported_period
from herwa_shared.stores import open_stores

BATCH_EVENTS = 10_000
SWITCH_SECONDS = 0.0005
"""How long the thread that reads may run while the one that stores has something to do; Python's default is ten times
as long, and a batch needs about ten answers of PostgreSQL."""
NEW_OBJECTS_PER_COLLECTION = 100_000
"""The rows have no cycles that the garbage collector could find; by default it looks after 700 new objects."""
CHECK_INTERVAL_EVENTS = 200_000
MAX_WAITING_EVENTS = 2_000_000
WORKER_NOTE_SECONDS = 30.0
IMPORT_SOURCE = "import"

Report = Callable[[str], None]


class ImportBatch(NamedTuple):
    """Some rows of a file: their events and names, the position behind them, and the share of the file until there."""

    events: list[ActivityEvent]
    names: list[AuthorName]
    position: int
    share: float


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import: numbers of rows and events of the entire file, also those of earlier runs."""

    guild_id: int
    rows: int
    stored: int
    duplicates: int
    begin: datetime
    end: datetime

    def to_json(self) -> dict[str, str | int]:
        """Return a JSON-compatible dict; the id is a text."""
        period = {"from": self.begin.isoformat(), "to": self.end.isoformat()}
        counts = {"rows": self.rows, "stored": self.stored, "duplicates": self.duplicates}
        return {"guild_id": str(self.guild_id), **counts, **period}


async def import_history(
    settings: Settings, file: Path, *, guild: str, is_complete: bool, report: Report
) -> ImportResult:
    """Import a file into the guild with this id or name.

    `is_complete` declares that a chat export contains all messages of its channel. Raises HistoryFormatError, NotFound
    for an unknown guild, BadRequest if the file belongs to another one.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    source = open_history(file, is_complete=is_complete)
    await asyncio.to_thread(source.validate)
    async with open_stores(settings, report=lambda _: None) as stores:
        async with stores.database.transaction() as session:
            guild_id = (await resolve_guild(session, guild)).id
        begin, end, _, kinds, _ = source.coverage
        recorded = await load_recorded_times(stores.database, guild_id, kinds, begin, end, clickhouse=stores.clickhouse)
        return await import_source(stores.database, source, guild_id, recorded, report=report)


async def import_source(
    database: Database,
    source: HistorySource,
    guild_id: int,
    recorded: RecordedTimes,
    *,
    report: Report,
    show_bar: bool = True,
) -> ImportResult:
    """Import a validated file, or continue its import, and record its period.

    The period is recorded also if the file was imported before: it may be declared complete only now. The progress is
    shown on standard error unless `show_bar` is false; `report` receives notes.
    """
    if source.guild_id not in (None, guild_id):
        raise BadRequest(texts.format_other_guild(source.file.name, source.guild_id or 0))
    digest = await asyncio.to_thread(compute_file_digest, source.file)
    async with database.acquire_connection() as connection:
        state = await start_import(connection, guild_id, digest, file_name=source.file.name[:255])
        if state.finished_at is not None:
            report(texts.format_already_imported(source.file.name, state.finished_at))
            await _record_period(database, source, guild_id)
        else:
            if state.position:
                report(texts.format_continued(state.position))
            privacy = PrivacyFilter(database.audit_key)
            with show_progress(source.file.name, state.position) if show_bar else nullcontext(ignore_progress) as shown:
                state = await _import_rows(connection, source, state, recorded, privacy, report, shown)
            await _record_period(database, source, guild_id)
            await finish_import(connection, state)
    if (note := source.coverage_note) is not None:
        report(note)
    begin, end = source.coverage[:2]
    return ImportResult(guild_id, state.position, state.stored, state.duplicates, begin, end)


async def _import_rows(
    connection: asyncpg.Connection,
    source: HistorySource,
    state: ImportState,
    recorded: RecordedTimes,
    privacy: PrivacyFilter,
    report: Report,
    show: ProgressReporter,
) -> ImportState:
    unchecked = CHECK_INTERVAL_EVENTS
    with open_bytes(source.file) as stream:
        batches = _iterate_batches(source.iterate_parts(stream, state.guild_id, skip=state.position), state.position)
        reading = asyncio.create_task(asyncio.to_thread(_read_batch, batches, stream))
        try:
            while (batch := await reading) is not None:
                reading = asyncio.create_task(asyncio.to_thread(_read_batch, batches, stream))
                state = await store_import_batch(
                    connection,
                    state,
                    batch.events,
                    batch.names,
                    position=batch.position,
                    recorded=recorded,
                    privacy=privacy,
                )
                show(ImportProgress(batch.position, batch.share))
                unchecked += len(batch.events)
                if unchecked >= CHECK_INTERVAL_EVENTS:
                    unchecked = 0
                    await _wait_for_mover(connection, report)
        finally:
            await asyncio.wait([reading])
    return state


def _iterate_batches(parts: Iterable[FilePart], position: int) -> Iterator[tuple[list[HistoryItem], int]]:
    """Yield batches of events and names, each with the position behind its rows."""
    items: list[HistoryItem] = []
    start = position
    for part in parts:
        items.extend(part.items)
        position += part.rows
        if len(items) >= BATCH_EVENTS or position - start >= BATCH_EVENTS:
            yield items, position
            items, start = [], position
    if position > start:
        yield items, position


def _read_batch(batches: Iterator[tuple[list[HistoryItem], int]], stream: ByteStream) -> ImportBatch | None:
    """Read the next batch; None at the end."""
    batch = next(batches, None)
    if batch is None:
        return None
    items, position = batch
    events = [item for item in items if isinstance(item, ActivityEvent)]
    names = [item for item in items if isinstance(item, AuthorName)] if len(events) < len(items) else []
    return ImportBatch(events, names, position, stream.read_share)


async def _wait_for_mover(connection: asyncpg.Connection, report: Report) -> None:
    """Wait until the buffer is small enough, so that an import of any size takes a bounded space there."""
    note_at = time.monotonic() + WORKER_NOTE_SECONDS
    while (await load_pipeline_status(connection)).buffer_rows > MAX_WAITING_EVENTS:
        if time.monotonic() >= note_at:
            report(texts.WAITING_FOR_WORKER)
            note_at = time.monotonic() + 10 * WORKER_NOTE_SECONDS
        await asyncio.sleep(1)


async def _record_period(database: Database, source: HistorySource, guild_id: int) -> None:
    """Record what the file covers: the events of one channel do not cover the guild."""
    begin, end, channel_id, kinds, is_complete = source.coverage
    if not is_complete or begin >= (end := min(end, utc_now())):
        return
    async with database.transaction() as session:
        await record_imported_period(
            session,
            guild_id=guild_id,
            begin=begin,
            end=end,
            source=IMPORT_SOURCE,
            channel_id=channel_id,
            kinds=kinds,
        )
