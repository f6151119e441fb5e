"""`herwa sim replay`: send a server's message history through the local Discord.

The CSV file is read and validated completely, then the rows of the chosen days are sent, then the period is recorded as
imported.
"""

import asyncio
import csv
import gzip
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError, ServiceUnavailable
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.imported_periods import record_imported_period
from herwa_shared.stores import open_stores
from herwa_sim.client.client import SimClient

CSV_COLUMNS = ("created_at", "category", "channel", "thread", "author", "content_length", "attachments")
# Each chunk needs one response to a requested gateway heartbeat. discord.py sends at most about a hundred per minute.
CHUNK_ROWS = 5000
GUILD_WAIT_SECONDS = 15
_GZIP_MAGIC = b"\x1f\x8b"
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_MAX_CONTENT_LENGTH = 4000
_MAX_ATTACHMENTS = 10


class HistoryFormatError(HerwaError):
    """The file is not a valid history. The message names the first bad line and its problem."""

    code = "bad_history"
    status = 400
    message = "This is not a history."


class HistoryRow(NamedTuple):
    """One message: time, channel, author and length. It contains no message content."""

    sent_at: datetime
    category: str
    channel: str
    thread: str
    author: str
    content_length: int
    attachments: int


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The result of a replay. The times are those of its first and last message, if any."""

    guild_id: int
    sent: int
    first_at: datetime | None
    last_at: datetime | None


async def replay_and_record(
    settings: Settings, file: Path, *, guild: str, start: date | None, end: date | None
) -> ReplayResult:
    """Replay a history file and record its days as an imported period.

    Raises HistoryFormatError before anything is sent, ServiceUnavailable if no local Discord responds.
    """
    if settings.discord.token is not None and settings.discord.url is None:
        raise ServiceUnavailable(
            "This copy listens to the real Discord: a replay needs a local one, without DISCORD_TOKEN."
        )
    folder = DataFolder(settings.data_dir)
    url = settings.discord.url or f"http://127.0.0.1:{folder.get_or_create_port('sim')}"
    client = SimClient(url, folder.get_or_create_secret("sim_control"))
    try:
        result = await asyncio.to_thread(replay, file, guild=guild, start=start, end=end, client=client)
    finally:
        client.close()
    first_day = start or (result.first_at and result.first_at.date())
    end_day = end or (result.last_at and result.last_at.date() + timedelta(days=1))
    if first_day and end_day:
        async with open_stores(settings, report=lambda _: None) as stores:
            await wait_and_record_period(
                stores.database, result.guild_id, _to_midnight(first_day), _to_midnight(end_day)
            )
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
    with _create_progress() as progress:
        task = progress.add_task(f"Replaying into {guild}", total=len(rows))
        for chunk in split_chunks(rows):
            client.send_replay_rows(key, [(row.sent_at.isoformat(), *row[1:]) for row in chunk])
            progress.advance(task, len(chunk))
    sent = client.finish_replay(key)
    return ReplayResult(guild_id, sent, rows[0].sent_at if rows else None, rows[-1].sent_at if rows else None)


def read_history(file: Path, *, start: date | None, end: date | None) -> list[HistoryRow]:
    """Read the rows of the UTC days `[start, end)`, sorted by time.

    All rows are validated, including those outside of the days. Raises HistoryFormatError.
    """
    try:
        with _open_history(file) as text:
            rows = list(_parse_rows(text))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise HistoryFormatError(f"{file} cannot be read: {error}") from error
    rows.sort(key=lambda row: row.sent_at)
    return [row for row in rows if (not start or row.sent_at.date() >= start) and (not end or row.sent_at.date() < end)]


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


async def wait_and_record_period(database: Database, guild_id: int, begin: datetime, end: datetime) -> None:
    """Record an imported period as soon as the bot has stored the guild.

    The bot receives a new guild a moment before it has stored it, so this waits up to `GUILD_WAIT_SECONDS`.
    """
    for _ in range(GUILD_WAIT_SECONDS * 10):
        async with database.transaction() as session:
            if await record_imported_period(session, guild_id=guild_id, begin=begin, end=end, source="replay"):
                return
        await asyncio.sleep(0.1)
    raise ServiceUnavailable("The messages were sent, but the bot has not written the server down: see `herwa status`.")


def _truncate_to_millisecond(row: HistoryRow) -> tuple[datetime, int]:
    return row.sent_at.replace(microsecond=0), row.sent_at.microsecond // 1000


def _to_midnight(day: date) -> datetime:
    """Get the start of a UTC day. Imported periods of replays consist of complete UTC days."""
    return datetime.combine(day, time(), UTC)


def _open_history(file: Path) -> IO[str]:
    with file.open("rb") as probe:
        is_gzip = probe.read(2) == _GZIP_MAGIC
    return gzip.open(file, "rt", encoding="utf-8", newline="") if is_gzip else file.open(encoding="utf-8", newline="")


def _parse_rows(text: IO[str]) -> Iterator[HistoryRow]:
    reader = csv.reader(text, strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != CSV_COLUMNS:
            raise HistoryFormatError(f"Line 1: the header must be {','.join(CSV_COLUMNS)}.")
        for values in reader:
            yield _parse_row(values, reader.line_num)
    except csv.Error as error:
        raise HistoryFormatError(f"Line {reader.line_num}: {error}.") from error


def _parse_row(values: list[str], line: int) -> HistoryRow:
    if len(values) != len(CSV_COLUMNS):
        raise HistoryFormatError(f"Line {line}: {len(values)} values where {len(CSV_COLUMNS)} belong.")
    sent_at, category, channel, thread, author, length, attachments = values
    if not channel:
        raise HistoryFormatError(f"Line {line}: the channel has no name.")
    if not author:
        raise HistoryFormatError(f"Line {line}: the author is missing.")
    return HistoryRow(
        _parse_time(sent_at, line),
        category,
        channel,
        thread,
        author,
        _parse_number(length, "content_length", line, _MAX_CONTENT_LENGTH),
        _parse_number(attachments, "attachments", line, _MAX_ATTACHMENTS),
    )


def _parse_time(text: str, line: int) -> datetime:
    try:
        parsed_time = datetime.fromisoformat(text)
    except ValueError:
        raise HistoryFormatError(f"Line {line}: created_at is not a time: {text!r}.") from None
    if parsed_time.tzinfo is None:
        raise HistoryFormatError(f"Line {line}: created_at has no time zone: {text!r}.")
    if parsed_time < _DISCORD_EPOCH:
        raise HistoryFormatError(f"Line {line}: created_at is before Discord began: {text!r}.")
    return parsed_time.astimezone(UTC)


def _parse_number(text: str, name: str, line: int, max_value: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > max_value:
        raise HistoryFormatError(f"Line {line}: {name} is not a number from 0 to {max_value}: {text!r}.")
    return int(text)


def _create_progress() -> Progress:
    """Create a progress bar on standard error, disabled if that is not a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not sys.stderr.isatty())
