"""Lines of Herwa's own history file as events; docs/history-files.md describes the format.

A line is a JSON object with a `kind` and the fields of that kind. An invalid one raises InvalidLine.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson

from herwa.history_files.errors import InvalidLine
from herwa.history_files.history import CONTROL_CHARACTER
from herwa.texts import history_import as texts
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_NAME_LENGTH, MAX_SNOWFLAKE
from herwa_shared.discord.event_times import DISCORD_EPOCH_MS, is_possible_event_time, to_unix_ms
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms
from herwa_shared.pipeline.history_import import NEVER_LIVE_MS
from herwa_shared.pipeline.history_pages import AuthorName
from herwa_shared.pipeline.voice_sessions import split_voice_seconds

FORMAT, VERSION = "herwa-history", 1
MAX_MESSAGE_LENGTH = 1_000_000
MAX_ATTACHMENTS = 255
MAX_COUNT = (1 << 31) - 1
MAX_VOICE_SECONDS = 400 * 86_400
VOICE_INTERVAL_MS = 900_000
"""The clock of every time zone differs from UTC by full quarters of an hour."""

Fields = dict[str, Any]
HistoryItem = ActivityEvent | AuthorName
EVENT_KINDS: Mapping[str, tuple[EventKind, ...]] = MappingProxyType(
    {
        "message": (EventKind.MESSAGE, EventKind.MESSAGE_BOT, EventKind.MESSAGE_WEBHOOK),
        "edit": (EventKind.MESSAGE_EDIT,),
        "delete": (EventKind.MESSAGE_DELETE,),
        "reaction": (EventKind.REACTION,),
        "thread": (EventKind.THREAD,),
        "voice": (EventKind.VOICE, EventKind.VOICE_MUTED, EventKind.VOICE_STREAM, EventKind.VOICE_VIDEO),
        "join": (EventKind.JOIN,),
        "leave": (EventKind.LEAVE,),
        "members": (EventKind.MEMBER_COUNT,),
        "online": (EventKind.ONLINE_COUNT,),
    }
)
"""The kinds of lines, and the event kinds that each of them becomes."""
NAME_KIND = "member"
"""A line with the name of a member, in any file."""
MESSAGE_KINDS: Mapping[str, EventKind] = MappingProxyType(
    {"member": EventKind.MESSAGE, "bot": EventKind.MESSAGE_BOT, "webhook": EventKind.MESSAGE_WEBHOOK}
)


@dataclass(frozen=True, slots=True)
class HistoryHeader:
    """The first line: the period `[begin, end)`, and the kinds of lines that are complete in it."""

    begin: datetime
    end: datetime
    kinds: tuple[str, ...]
    guild_id: int | None = None

    @property
    def event_kinds(self) -> frozenset[str]:
        """The event kinds that the file carries."""
        return frozenset(kind.value for name in self.kinds for kind in EVENT_KINDS[name])


@dataclass(frozen=True, slots=True)
class LineKind:
    """The fields of a kind of lines, and the function that builds its events."""

    required: frozenset[str]
    optional: frozenset[str]
    build: Callable[[int, Fields], list[HistoryItem]]


def parse_header(line: bytes) -> HistoryHeader:
    """Parse the first line. Raises InvalidLine."""
    fields = load_object(line)
    if fields.get("format") != FORMAT:
        raise InvalidLine(texts.format_expected("format", f'"{FORMAT}"', fields.get("format")))
    if fields.get("version") != VERSION:
        raise InvalidLine(texts.format_expected("version", str(VERSION), fields.get("version")))
    _check_fields(fields, frozenset(("format", "version", "from", "to", "kinds")), frozenset(("guild_id",)))
    kinds = fields["kinds"]
    if not isinstance(kinds, list) or not kinds or not all(kind in EVENT_KINDS for kind in kinds):
        raise InvalidLine(texts.format_expected("kinds", texts.format_kinds(EVENT_KINDS), kinds))
    begin, end = _read_moment(fields, "from"), _read_moment(fields, "to")
    if begin >= end:
        raise InvalidLine(texts.format_expected("to", texts.LATER_THAN_FROM, fields["to"]))
    return HistoryHeader(begin, end, tuple(kinds), _read_id(fields, "guild_id") if "guild_id" in fields else None)


class EventLineParser:
    """Parses the lines below the header into events of a guild."""

    def __init__(self, header: HistoryHeader, guild_id: int) -> None:
        self._guild_id = guild_id
        self._begin_ms, self._end_ms = to_unix_ms(header.begin), to_unix_ms(header.end)
        self._kinds = {kind: LINE_KINDS[kind] for kind in (*header.kinds, NAME_KIND)}

    def parse(self, line: bytes) -> list[HistoryItem]:
        """Parse one line: an event, the pieces of a voice session, or a name. Raises InvalidLine."""
        fields = load_object(line)
        name = fields.pop("kind", None)
        line_kind = self._kinds.get(name) if isinstance(name, str) else None
        if line_kind is None:
            raise InvalidLine(texts.format_expected("kind", texts.format_kinds(self._kinds), name))
        if not fields.keys() >= line_kind.required or not fields.keys() <= line_kind.required | line_kind.optional:
            _check_fields(fields, line_kind.required, line_kind.optional)
        items = line_kind.build(self._guild_id, fields)
        first = items[0] if items else None
        if isinstance(first, ActivityEvent) and not self._begin_ms <= first.at_ms < self._end_ms:
            raise InvalidLine(texts.OUTSIDE_OF_PERIOD)
        return items


def load_object(line: bytes) -> Fields:
    """Parse a JSON object. Raises InvalidLine."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise InvalidLine(texts.NO_JSON_OBJECT)
    return fields


def _check_fields(fields: Fields, required: frozenset[str], optional: frozenset[str]) -> None:
    if missing := sorted(required - fields.keys()):
        raise InvalidLine(texts.format_missing_fields(missing))
    if unknown := sorted(fields.keys() - required - optional):
        raise InvalidLine(texts.format_unknown_fields(unknown, sorted(required | optional)))


def _read_id(fields: Fields, name: str) -> int:
    """Read an id, which is a text of digits: other programs round such large numbers."""
    text = fields[name]
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidLine(texts.format_expected(name, texts.AN_ID, text))
    if not 0 < (number := int(text)) <= MAX_SNOWFLAKE:
        raise InvalidLine(texts.format_expected(name, texts.AN_ID, text))
    return number


def _read_thread_id(fields: Fields) -> int:
    return _read_id(fields, "thread_id") if "thread_id" in fields else 0


def _read_number(fields: Fields, name: str, limit: int) -> int:
    number = fields[name]
    if type(number) is not int or not 0 <= number <= limit:
        raise InvalidLine(texts.format_expected(name, texts.format_number_range(limit), number))
    return number


def _read_flag(fields: Fields, name: str) -> bool:
    flag = fields.get(name, False)
    if not isinstance(flag, bool):
        raise InvalidLine(texts.format_expected(name, texts.TRUE_OR_FALSE, flag))
    return flag


def _read_moment(fields: Fields, name: str) -> datetime:
    text = fields[name]
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidLine(texts.format_expected(name, texts.A_TIME, text)) from None
    if moment.tzinfo is None:
        raise InvalidLine(texts.format_expected(name, texts.A_TIME, text))
    _check_time(name, text, to_unix_ms(moment))
    return moment.astimezone(UTC)


def _read_ms(fields: Fields, name: str = "at") -> int:
    return to_unix_ms(_read_moment(fields, name))


def _check_time(name: str, value: object, at_ms: int) -> None:
    if not is_possible_event_time(at_ms, now_ms=to_unix_ms(utc_now())):
        raise InvalidLine(texts.format_impossible_time(name, value, is_early=at_ms < DISCORD_EPOCH_MS))


def _build_message(guild_id: int, fields: Fields) -> list[HistoryItem]:
    message_id = _read_id(fields, "id")
    at_ms = decode_snowflake_ms(message_id)
    _check_time("id", fields["id"], at_ms)
    author = fields.get("author", "member")
    kind = MESSAGE_KINDS.get(author) if isinstance(author, str) else None
    if kind is None:
        raise InvalidLine(texts.format_expected("author", texts.format_kinds(MESSAGE_KINDS), author))
    return [
        ActivityEvent(
            guild_id,
            kind.value,
            at_ms,
            _read_id(fields, "channel_id"),
            _read_thread_id(fields),
            _read_id(fields, "user_id"),
            _read_flag(fields, "reply"),
            _read_number(fields, "length", MAX_MESSAGE_LENGTH) if "length" in fields else None,
            _read_number(fields, "attachments", MAX_ATTACHMENTS) if "attachments" in fields else None,
            message_id,
            NEVER_LIVE_MS,
        )
    ]


def _build_channel_event(kind: EventKind) -> Callable[[int, Fields], list[HistoryItem]]:
    """Build the function for edits, deletions and reactions: a channel, and a member if there is one."""

    def build(guild_id: int, fields: Fields) -> list[HistoryItem]:
        user_id = _read_id(fields, "user_id") if "user_id" in fields else 0
        channel_id, thread_id = _read_id(fields, "channel_id"), _read_thread_id(fields)
        return [
            ActivityEvent(
                guild_id, kind.value, _read_ms(fields), channel_id, thread_id, user_id, False, None, None, 0, 0
            )
        ]

    return build


def _build_thread(guild_id: int, fields: Fields) -> list[HistoryItem]:
    channel_id, thread_id, user_id = (_read_id(fields, name) for name in ("channel_id", "thread_id", "user_id"))
    kind, at_ms = EventKind.THREAD.value, _read_ms(fields)
    return [
        ActivityEvent(
            guild_id, kind, at_ms, channel_id, thread_id, user_id, False, None, None, thread_id, NEVER_LIVE_MS
        )
    ]


def _build_voice(guild_id: int, fields: Fields) -> list[HistoryItem]:
    """Build the events of a voice session. Its end may be outside of the period of the file."""
    since_ms, seconds = _read_ms(fields), _read_number(fields, "seconds", MAX_VOICE_SECONDS)
    channel_id, user_id = _read_id(fields, "channel_id"), _read_id(fields, "user_id")
    flags = (("muted", EventKind.VOICE_MUTED), ("streaming", EventKind.VOICE_STREAM), ("video", EventKind.VOICE_VIDEO))
    kinds = [EventKind.VOICE, *(kind for name, kind in flags if _read_flag(fields, name))]
    return [
        ActivityEvent(guild_id, kind.value, at_ms, channel_id, 0, user_id, False, piece_seconds, None, 0, 0)
        for at_ms, piece_seconds in split_voice_seconds(
            since_ms, since_ms, since_ms + seconds * 1000, interval_ms=VOICE_INTERVAL_MS
        )
        for kind in kinds
    ]


def _build_join(guild_id: int, fields: Fields) -> list[HistoryItem]:
    return [_build_member_event(guild_id, EventKind.JOIN, _read_ms(fields), _read_id(fields, "user_id"), None)]


def _build_leave(guild_id: int, fields: Fields) -> list[HistoryItem]:
    at_ms, tenure_seconds = _read_ms(fields), None
    if "joined_at" in fields:
        tenure_seconds = (at_ms - _read_ms(fields, "joined_at")) // 1000
        if tenure_seconds < 0:
            raise InvalidLine(texts.format_expected("joined_at", texts.EARLIER_THAN_AT, fields["joined_at"]))
    return [_build_member_event(guild_id, EventKind.LEAVE, at_ms, _read_id(fields, "user_id"), tenure_seconds)]


def _build_name(_: int, fields: Fields) -> list[HistoryItem]:
    name = fields["name"]
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH or CONTROL_CHARACTER.search(name):
        raise InvalidLine(texts.format_expected("name", texts.format_name(MAX_NAME_LENGTH), name))
    return [AuthorName(_read_id(fields, "user_id"), name, is_bot=_read_flag(fields, "bot"))]


def _build_sample(kind: EventKind) -> Callable[[int, Fields], list[HistoryItem]]:
    def build(guild_id: int, fields: Fields) -> list[HistoryItem]:
        return [_build_member_event(guild_id, kind, _read_ms(fields), 0, _read_number(fields, "count", MAX_COUNT))]

    return build


def _build_member_event(guild_id: int, kind: EventKind, at_ms: int, user_id: int, value: int | None) -> ActivityEvent:
    return ActivityEvent(guild_id, kind.value, at_ms, 0, 0, user_id, False, value, None, 0, 0)


def iterate_line_kinds() -> Iterator[tuple[str, LineKind]]:
    """Yield each kind of lines with its fields."""
    place, thread = ("at", "channel_id"), ("thread_id",)
    rows: tuple[tuple[str, tuple[str, ...], tuple[str, ...], Callable[[int, Fields], list[HistoryItem]]], ...] = (
        (
            "message",
            ("id", "channel_id", "user_id"),
            (*thread, "author", "reply", "length", "attachments"),
            _build_message,
        ),
        ("edit", (*place, "user_id"), thread, _build_channel_event(EventKind.MESSAGE_EDIT)),
        ("delete", place, thread, _build_channel_event(EventKind.MESSAGE_DELETE)),
        ("reaction", (*place, "user_id"), thread, _build_channel_event(EventKind.REACTION)),
        ("thread", (*place, "thread_id", "user_id"), (), _build_thread),
        ("voice", (*place, "user_id", "seconds"), ("muted", "streaming", "video"), _build_voice),
        ("join", ("at", "user_id"), (), _build_join),
        ("leave", ("at", "user_id"), ("joined_at",), _build_leave),
        ("members", ("at", "count"), (), _build_sample(EventKind.MEMBER_COUNT)),
        ("online", ("at", "count"), (), _build_sample(EventKind.ONLINE_COUNT)),
        (NAME_KIND, ("user_id", "name"), ("bot",), _build_name),
    )
    for name, required, optional, build in rows:
        yield name, LineKind(frozenset(required), frozenset(optional), build)


LINE_KINDS: Mapping[str, LineKind] = MappingProxyType(dict(iterate_line_kinds()))
