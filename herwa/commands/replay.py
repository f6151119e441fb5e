"""`herwa sim replay`: send a server's message history through the local Discord.

The CSV file is read and validated completely, then the rows of the chosen days are sent, then the period is recorded as
imported.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from herwa.commands.local_discord import open_sim_client
from herwa.history_files.history import HistoryRow, read_history
from herwa.texts import history as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord.event_times import DISCORD_EPOCH
from herwa_shared.errors import ServiceUnavailable
from herwa_shared.models import Guild
from herwa_shared.services.imported_periods import record_imported_period
from herwa_shared.stores import open_stores
from herwa_sim.client.client import SimClient

# Each chunk needs one response to a requested gateway heartbeat. discord.py sends at most about a hundred per minute.
CHUNK_ROWS = 5000
GUILD_WAIT_SECONDS = 15
PROGRESS_SECONDS = 10.0

ProgressReporter = Callable[[int], None]
"""Is called with the number of messages that have been sent so far."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The result of a replay. The times are those of its first and last message, if any."""

    guild_id: int
    sent: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistorySummary:
    """The rows of a history: their number, and the times of the first and the last one, if any."""

    messages: int
    first_at: datetime | None
    last_at: datetime | None


async def replay_and_record(
    settings: Settings, file: Path, *, guild: str, start: date | None, end: date | None
) -> ReplayResult:
    """Replay a history file and record its days as an imported period.

    Raises HistoryFormatError before anything is sent, ServiceUnavailable if no local Discord responds.
    """
    with open_sim_client(settings) as client:
        result = await asyncio.to_thread(replay, file, guild=guild, start=start, end=end, client=client)
    period = build_imported_period(result, start, end, now=utc_now())
    if period:
        async with open_stores(settings, report=lambda _: None) as stores:
            await _record_period(stores.database, result.guild_id, *period)
    return result


def replay(
    file: Path, *, guild: str, start: date | None = None, end: date | None = None, client: SimClient
) -> ReplayResult:
    """Send the rows into the guild of this name, which has no simulated activity.

    Returns when the bot has acknowledged the last message. Shows progress on standard error. Raises HistoryFormatError
    before anything is sent.
    """
    rows = read_history(file, start=start, end=end)
    key, guild_id = client.begin_replay(guild)
    with _show_progress(guild, len(rows)) as report:
        sent = 0
        for chunk in split_chunks(rows):
            client.send_replay_rows(key, [(row.sent_at.isoformat(), *row[1:]) for row in chunk])
            sent += len(chunk)
            report(sent)
    return ReplayResult(guild_id, client.finish_replay(key), *_get_time_span(rows))


def check_history(file: Path, *, start: date | None, end: date | None) -> HistorySummary:
    """Read and validate a history file without sending it. Raises HistoryFormatError."""
    rows = read_history(file, start=start, end=end)
    return HistorySummary(len(rows), *_get_time_span(rows))


def build_imported_period(
    result: ReplayResult, start: date | None, end: date | None, *, now: datetime
) -> tuple[datetime, datetime] | None:
    """Return the period that a replay covers: complete UTC days, but nothing before Discord or after now.

    Without `start` or `end` it extends to the days of the first and last message. None if it is empty.
    """
    first_day = start or (result.first_at and result.first_at.date())
    end_day = end or (result.last_at and result.last_at.date() + timedelta(days=1))
    if not first_day or not end_day:
        return None
    period = (max(_to_midnight(first_day), DISCORD_EPOCH), min(_to_midnight(end_day), now))
    return period if period[0] < period[1] else None


def split_chunks(rows: Sequence[HistoryRow], size: int = CHUNK_ROWS) -> Iterator[Sequence[HistoryRow]]:
    """Split rows into chunks of about `size` rows.

    Rows of one millisecond are never split, because their ids are assigned together.
    """
    cuts = [0]
    for index, (before, after) in enumerate(pairwise(rows), start=1):
        if index - cuts[-1] >= size and _truncate_to_millisecond(before) != _truncate_to_millisecond(after):
            cuts.append(index)
    for begin, stop in pairwise([*cuts, len(rows)]):
        if stop > begin:
            yield rows[begin:stop]


async def wait_for_guild(database: Database, guild_id: int) -> None:
    """Wait up to `GUILD_WAIT_SECONDS` until the bot has stored a guild, which it does a moment after it receives it.

    Raises ServiceUnavailable.
    """
    for _ in range(GUILD_WAIT_SECONDS * 10):
        async with database.transaction() as session:
            if await session.get(Guild, guild_id) is not None:
                return
        await asyncio.sleep(0.1)
    raise ServiceUnavailable(texts.GUILD_NOT_STORED)


async def _record_period(database: Database, guild_id: int, begin: datetime, end: datetime) -> None:
    await wait_for_guild(database, guild_id)
    async with database.transaction() as session:
        await record_imported_period(session, guild_id=guild_id, begin=begin, end=end, source="replay")


def _truncate_to_millisecond(row: HistoryRow) -> tuple[datetime, int]:
    return row.sent_at.replace(microsecond=0), row.sent_at.microsecond // 1000


def _get_time_span(rows: Sequence[HistoryRow]) -> tuple[datetime | None, datetime | None]:
    return (rows[0].sent_at, rows[-1].sent_at) if rows else (None, None)


def _to_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@contextmanager
def _show_progress(guild: str, total: int) -> Iterator[ProgressReporter]:
    """Show progress on standard error: a bar in a terminal, otherwise a line every `PROGRESS_SECONDS`."""
    if not sys.stderr.isatty():
        yield _build_line_reporter(total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(texts.format_replay_title(guild), total=total)
        yield lambda sent: progress.update(task, completed=sent)


def _build_line_reporter(total: int) -> ProgressReporter:
    next_at = time.monotonic() + PROGRESS_SECONDS

    def report(sent: int) -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            print(texts.format_replay_progress(sent, total), file=sys.stderr)
            next_at = time.monotonic() + PROGRESS_SECONDS

    return report
