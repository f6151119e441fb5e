"""A history file of either format, as rows of events that can be read from any position.

A row is a line of Herwa's own format, or a message of a chat export.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from herwa.history_files.byte_stream import ByteStream, open_bytes
from herwa.history_files.chat_export import ChatExport, iterate_export, read_chat_export
from herwa.history_files.errors import HistoryFormatError, InvalidLine, LineProblem
from herwa.history_files.event_lines import EventLineParser, HistoryHeader, HistoryItem, parse_header
from herwa.history_files.history import MAX_REPORTED_LINES
from herwa.texts import history as file_texts
from herwa.texts import history_import as texts
from herwa_shared.models.collection import ALL_CHANNELS
from herwa_shared.pipeline.events import ActivityEvent, EventKind

MAX_LINE_BYTES = 1 << 16
MESSAGE_KINDS = frozenset(kind.value for kind in (EventKind.MESSAGE, EventKind.MESSAGE_BOT, EventKind.MESSAGE_WEBHOOK))


class FileCoverage(NamedTuple):
    """The period `[begin, end)` and the event kinds that a file carries.

    `is_complete` means that within the period no event of such a kind is missing in the guild, or in the one channel.
    """

    begin: datetime
    end: datetime
    channel_id: int
    kinds: frozenset[str]
    is_complete: bool


class FilePart(NamedTuple):
    """The events and names of some rows."""

    items: Sequence[HistoryItem]
    rows: int


class HistorySource(Protocol):
    """A file that can be imported."""

    @property
    def file(self) -> Path:
        """Its path."""

    @property
    def coverage(self) -> FileCoverage:
        """What the file carries."""

    @property
    def coverage_note(self) -> str | None:
        """What a user should know about the coverage, if anything."""

    @property
    def guild_id(self) -> int | None:
        """The guild that the file names, if any."""

    def validate(self) -> None:
        """Check every row before the first one is imported, if the format allows it. Raises HistoryFormatError."""

    def iterate_parts(self, stream: ByteStream, guild_id: int, *, skip: int) -> Iterator[FilePart]:
        """Yield the rows after the first `skip`, some at a time. Raises HistoryFormatError."""


@dataclass(frozen=True, slots=True)
class EventFile:
    """A file in Herwa's own format."""

    file: Path
    header: HistoryHeader

    @property
    def coverage(self) -> FileCoverage:
        return FileCoverage(self.header.begin, self.header.end, ALL_CHANNELS, self.header.event_kinds, is_complete=True)

    @property
    def coverage_note(self) -> str | None:
        return None

    @property
    def guild_id(self) -> int | None:
        return self.header.guild_id

    def validate(self) -> None:
        parser, count = EventLineParser(self.header, guild_id=1), 0
        problems: list[LineProblem] = []
        with open_bytes(self.file) as stream:
            for number, line in enumerate(stream.iterate_lines(MAX_LINE_BYTES), start=1):
                try:
                    if number > 1 and not line.isspace():
                        _check_length(line)
                        parser.parse(line)
                except InvalidLine as error:
                    count += 1
                    if len(problems) < MAX_REPORTED_LINES:
                        problems.append(LineProblem(number, str(error)))
        if problems:
            raise HistoryFormatError(file_texts.format_invalid_lines(self.file.name, count, problems), problems)

    def iterate_parts(self, stream: ByteStream, guild_id: int, *, skip: int) -> Iterator[FilePart]:
        parser = EventLineParser(self.header, guild_id)
        for number, line in enumerate(islice(stream.iterate_lines(MAX_LINE_BYTES), skip + 1, None), start=skip + 2):
            try:
                yield FilePart(() if line.isspace() else parser.parse(line), 1)
            except InvalidLine as error:
                problem = LineProblem(number, str(error))
                text = file_texts.format_invalid_lines(self.file.name, 1, [problem])
                raise HistoryFormatError(text, [problem]) from None


@dataclass(frozen=True, slots=True)
class ChatExportFile:
    """A JSON file of DiscordChatExporter. It is validated while it is imported, since that reads it only once.

    An export does not say whether a filter was used. `is_declared_complete` says that a user knows that none was.
    """

    file: Path
    export: ChatExport
    is_declared_complete: bool = False

    @property
    def coverage(self) -> FileCoverage:
        export = self.export
        is_complete = self.is_declared_complete and not export.thread_id
        return FileCoverage(export.begin, export.end, export.channel_id, MESSAGE_KINDS, is_complete)

    @property
    def coverage_note(self) -> str | None:
        if self.is_declared_complete:
            return texts.format_thread_coverage(self.file.name) if self.export.thread_id else None
        return None if self.export.thread_id else texts.format_unknown_coverage(self.file.name)

    @property
    def guild_id(self) -> int | None:
        return self.export.guild_id

    def validate(self) -> None:
        """Nothing: messages are deduplicated by their ids, so that a corrected file can be imported again."""

    def iterate_parts(self, stream: ByteStream, guild_id: int, *, skip: int) -> Iterator[FilePart]:  # noqa: ARG002
        for events in iterate_export(self.file, self.export, stream):
            remaining = events[skip:]
            skip = max(skip - len(events), 0)
            if remaining:
                yield FilePart([event for event in remaining if event is not None], len(remaining))


class FileSummary(NamedTuple):
    """What a file contains: its period, the number of rows, and the number of events by kind."""

    begin: datetime
    end: datetime
    rows: int
    events: dict[str, int]


def open_history(file: Path, *, is_complete: bool = False) -> HistorySource:
    """Find out the format of a file. Raises HistoryFormatError, OSError if it cannot be opened.

    `is_complete` declares that a chat export contains all messages of its channel. Herwa's own format states this
    itself, so that the declaration is refused.
    """
    with open_bytes(file) as stream:
        first_line = next(stream.iterate_lines(MAX_LINE_BYTES), b"")
    if not first_line:
        raise HistoryFormatError(texts.format_invalid_file(file.name, texts.EMPTY_FILE))
    if b'"format"' in first_line:
        if is_complete:
            raise HistoryFormatError(texts.format_invalid_file(file.name, texts.KINDS_STATED))
        try:
            return EventFile(file, parse_header(first_line))
        except InvalidLine as error:
            problem = LineProblem(1, str(error))
            raise HistoryFormatError(file_texts.format_invalid_lines(file.name, 1, [problem]), [problem]) from None
    export = read_chat_export(file) if first_line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else None
    if export is None:
        raise HistoryFormatError(texts.format_invalid_file(file.name, texts.UNKNOWN_FILE))
    return ChatExportFile(file, export, is_complete)


def summarize(source: HistorySource) -> FileSummary:
    """Read and validate all rows without importing them. Raises HistoryFormatError."""
    source.validate()
    rows, events = 0, Counter[str]()
    with open_bytes(source.file) as stream:
        for part in source.iterate_parts(stream, source.guild_id or 1, skip=0):
            rows += part.rows
            events.update(item.kind for item in part.items if isinstance(item, ActivityEvent))
    begin, end = source.coverage[:2]
    return FileSummary(begin, end, rows, dict(events))


def _check_length(line: bytes) -> None:
    if len(line) >= MAX_LINE_BYTES and not line.endswith(b"\n"):
        raise InvalidLine(texts.LONG_LINE)
