"""`herwa sim replay`: reads a history, checks all of it, and sends a window of it through the local Discord.

`herwa sim replay` as a whole: send the history, then note that these days are now counted.
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
from herwa_shared.errors import HerwaError, Unreachable
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.imported_periods import note_history
from herwa_shared.stores import open_stores
from herwa_sim.client.client import SimClient

COLUMNS = ("created_at", "category", "channel", "thread", "author", "content_length", "attachments")

# A chunk costs one answer to a request for a heartbeat, and discord.py gives about a hundred of those a minute.
CHUNK = 5000

_GZIP = b"\x1f\x8b"
_DISCORD_BEGAN = datetime(2015, 1, 1, tzinfo=UTC)
_LONGEST = 4000
_MOST_FILES = 10


class BadHistory(HerwaError):
    """The file is not a history; the message names the first bad row by its line and says what is wrong."""

    code = "bad_history"
    status = 400
    message = "This is not a history."


class HistoryRow(NamedTuple):
    """One message: when, where, by whom, and how long it was. Never what it said."""

    sent_at: datetime
    category: str
    channel: str
    thread: str
    author: str
    content_length: int
    attachments: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay has done; the times of its first and last message, None when there was none."""

    guild_id: int
    sent: int
    first_at: datetime | None
    last_at: datetime | None


def read_history(file: Path, *, start: date | None, end: date | None) -> list[HistoryRow]:
    """The rows of the UTC days `[start, end)` in the order of time. Every row is checked, also those outside of it."""
    try:
        with _opened(file) as text:
            rows = list(_rows(text))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadHistory(f"{file} cannot be read: {error}") from error
    rows.sort(key=lambda row: row.sent_at)
    return [row for row in rows if (not start or row.sent_at.date() >= start) and (not end or row.sent_at.date() < end)]


def replay(
    file: Path, *, guild: str, start: date | None = None, end: date | None = None, client: SimClient
) -> Replayed:
    """Send the window into the quiet guild of that name; returns when the bot has acknowledged the last message.

    Progress goes to standard error. Raises BadHistory before anything is sent.
    """
    rows = read_history(file, start=start, end=end)
    key, guild_id = client.begin_replay(guild)
    with _progress() as progress:
        task = progress.add_task(f"Replaying into {guild}", total=len(rows))
        for chunk in chunks(rows):
            client.replay_rows(key, [(row.sent_at.isoformat(), *row[1:]) for row in chunk])
            progress.advance(task, len(chunk))
    sent = client.finish_replay(key)
    return Replayed(guild_id, sent, rows[0].sent_at if rows else None, rows[-1].sent_at if rows else None)


def chunks(rows: Sequence[HistoryRow], size: int = CHUNK) -> Iterator[Sequence[HistoryRow]]:
    """Pieces of about `size` rows. A millisecond is never cut: ids within it are given to all of its rows together."""
    cuts = [0]
    for index, (before, after) in enumerate(pairwise(rows), start=1):
        if index - cuts[-1] >= size and _millisecond(before) != _millisecond(after):
            cuts.append(index)
    for begin, stop in pairwise([*cuts, len(rows)]):
        if stop > begin:
            yield rows[begin:stop]


def _millisecond(row: HistoryRow) -> tuple[datetime, int]:
    return row.sent_at.replace(microsecond=0), row.sent_at.microsecond // 1000


def _opened(file: Path) -> IO[str]:
    with file.open("rb") as probe:
        is_gzip = probe.read(2) == _GZIP
    return gzip.open(file, "rt", encoding="utf-8", newline="") if is_gzip else file.open(encoding="utf-8", newline="")


def _rows(text: IO[str]) -> Iterator[HistoryRow]:
    reader = csv.reader(text, strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != COLUMNS:
            raise BadHistory(f"Line 1: the header must be {','.join(COLUMNS)}.")
        for values in reader:
            yield _row(values, reader.line_num)
    except csv.Error as error:
        raise BadHistory(f"Line {reader.line_num}: {error}.") from error


def _row(values: list[str], line: int) -> HistoryRow:
    if len(values) != len(COLUMNS):
        raise BadHistory(f"Line {line}: {len(values)} values where {len(COLUMNS)} belong.")
    sent_at, category, channel, thread, author, length, attachments = values
    if not channel:
        raise BadHistory(f"Line {line}: the channel has no name.")
    if not author:
        raise BadHistory(f"Line {line}: the author is missing.")
    return HistoryRow(
        _moment(sent_at, line),
        category,
        channel,
        thread,
        author,
        _number(length, "content_length", line, _LONGEST),
        _number(attachments, "attachments", line, _MOST_FILES),
    )


def _moment(text: str, line: int) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadHistory(f"Line {line}: created_at is not a time: {text!r}.") from None
    if moment.tzinfo is None:
        raise BadHistory(f"Line {line}: created_at has no time zone: {text!r}.")
    if moment < _DISCORD_BEGAN:
        raise BadHistory(f"Line {line}: created_at is before Discord began: {text!r}.")
    return moment.astimezone(UTC)


def _number(text: str, name: str, line: int, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise BadHistory(f"Line {line}: {name} is not a number from 0 to {most}: {text!r}.")
    return int(text)


def _progress() -> Progress:
    """A bar on a terminal's standard error; nothing where nobody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not sys.stderr.isatty())


KNOWN_WITHIN_SECONDS = 15


async def replay_into(settings: Settings, file: Path, *, guild: str, start: date | None, end: date | None) -> Replayed:
    """Replay and note it. Raises BadHistory before anything is sent, Unreachable when no local Discord answers."""
    if settings.discord.token is not None and settings.discord.url is None:
        raise Unreachable("This copy listens to the real Discord: a replay needs a local one, without DISCORD_TOKEN.")
    folder = DataFolder(settings.data_dir)
    url = settings.discord.url or f"http://127.0.0.1:{folder.port('sim')}"
    client = SimClient(url, folder.secret("sim_control"))
    try:
        done = await asyncio.to_thread(replay, file, guild=guild, start=start, end=end, client=client)
    finally:
        client.close()
    first = start or (done.first_at and done.first_at.date())
    after = end or (done.last_at and done.last_at.date() + timedelta(days=1))
    if first and after:
        async with open_stores(settings, say=lambda _: None) as stores:
            await note_when_known(stores.database, done.guild_id, _midnight(first), _midnight(after))
    return done


def _midnight(day: date) -> datetime:
    """Replays are counted in whole UTC days."""
    return datetime.combine(day, time(), UTC)


async def note_when_known(database: Database, guild_id: int, begin: datetime, stop: datetime) -> None:
    """Note that this stretch was replayed. The bot hears of a new server some moments before it has written it down."""
    for _ in range(KNOWN_WITHIN_SECONDS * 10):
        async with database.transaction() as session:
            if await note_history(session, guild_id=guild_id, begin=begin, end=stop, source="replay"):
                return
        await asyncio.sleep(0.1)
    raise Unreachable("The messages were sent, but the bot has not written the server down: see `herwa status`.")
