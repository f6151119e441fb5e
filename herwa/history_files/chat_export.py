"""JSON files of DiscordChatExporter: the messages of one channel or thread, read as a stream.

Only ids, the type and whether the author is an app are used; what people wrote is read past. An export rewrites
mentions and emoji, so that a length could not be exact, and none is stored.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ijson

from herwa.history_files.byte_stream import GZIP_ERRORS, ByteStream, open_bytes
from herwa.history_files.errors import HistoryFormatError, InvalidLine
from herwa.history_files.message_stream import iterate_message_blocks
from herwa.texts import history as file_texts
from herwa.texts import history_import as texts
from herwa_shared.clock import utc_now
from herwa_shared.discord.event_times import is_possible_event_time, to_unix_ms
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms
from herwa_shared.pipeline.history_import import NEVER_LIVE_MS

COUNTED_TYPES: Mapping[str, bool] = MappingProxyType({"Default": False, "Reply": True})
"""Message types that people write, and whether they are replies. Others, such as a join, are system messages."""
NO_DISCRIMINATOR = "0000"
"""Of an app it means a webhook: bots keep a number."""
HUMAN, BOT, WEBHOOK = EventKind.MESSAGE.value, EventKind.MESSAGE_BOT.value, EventKind.MESSAGE_WEBHOOK.value


@dataclass(frozen=True, slots=True)
class ChatExport:
    """What a file says about itself. `thread_id` is 0 unless it is the export of a thread.

    The messages of `[begin, end)` are in the file; a filter that was used for the export is not recorded in it.
    """

    guild_id: int
    channel_id: int
    thread_id: int
    begin: datetime
    end: datetime


def read_chat_export(file: Path) -> ChatExport | None:
    """Read what precedes the messages. None if the file is something else. Raises HistoryFormatError."""
    values: dict[str, Any] = {}
    with open_bytes(file) as stream, _translate_errors(file):
        try:
            for prefix, event, value in ijson.parse(stream.content, buf_size=8192):
                if prefix == "messages":
                    break
                if prefix == "" and event not in ("start_map", "map_key"):
                    return None
                if event in ("string", "number", "null"):
                    values[prefix] = value
        except (ijson.JSONError, UnicodeDecodeError):
            return None
    if "guild.id" not in values or "channel.id" not in values or "exportedAt" not in values:
        return None
    return _build_export(file, values)


def iterate_export(file: Path, export: ChatExport, stream: ByteStream) -> Iterator[list[ActivityEvent | None]]:
    """Yield lists with an event for each message, or None for one that is not counted. Raises HistoryFormatError."""
    number, now_ms = 0, to_unix_ms(utc_now())
    with _translate_errors(file):
        for messages in iterate_message_blocks(stream.content):
            events: list[ActivityEvent | None] = []
            try:
                for message in messages:  # a list comprehension would lose what precedes an invalid message
                    events.append(_build_event(export, message, now_ms))  # noqa: PERF401
            except (KeyError, TypeError, ValueError, AttributeError, InvalidLine) as error:
                yield events
                problem = str(error) if isinstance(error, InvalidLine) else texts.MESSAGE_FIELDS_EXPECTED
                raise _build_error(file, number + len(events) + 1, problem) from error
            yield events
            number += len(events)


def _build_event(export: ChatExport, message: Mapping[str, Any], now_ms: int) -> ActivityEvent | None:
    is_reply = COUNTED_TYPES.get(message["type"])
    author, message_id = message["author"], int(message["id"])
    user_id, is_app = int(author["id"]), author["isBot"]
    if is_reply is None:
        return None
    kind = (WEBHOOK if author.get("discriminator") == NO_DISCRIMINATOR else BOT) if is_app else HUMAN
    at_ms = decode_snowflake_ms(message_id)
    if not is_possible_event_time(at_ms, now_ms=now_ms):
        raise InvalidLine(texts.format_expected("id", texts.AN_ID, message_id))
    channel_id, thread_id = export.channel_id, export.thread_id
    return ActivityEvent(
        export.guild_id, kind, at_ms, channel_id, thread_id, user_id, is_reply, None, None, message_id, NEVER_LIVE_MS
    )


def _build_export(file: Path, values: Mapping[str, Any]) -> ChatExport:
    try:
        guild_id, channel_id = int(values["guild.id"]), int(values["channel.id"])
        exported_at = _parse_time(values["exportedAt"])
        after, before = values.get("dateRange.after"), values.get("dateRange.before")
        begin = _parse_time(after) if after else datetime.fromtimestamp(decode_snowflake_ms(channel_id) / 1000, UTC)
        end = min(_parse_time(before) if before else exported_at, exported_at, utc_now())
        is_thread = "Thread" in values["channel.type"]
        parent_id = int(values["channel.categoryId"]) if is_thread else channel_id
    except (KeyError, TypeError, ValueError) as error:
        raise HistoryFormatError(texts.format_invalid_file(file.name, texts.UNKNOWN_FILE)) from error
    if guild_id == 0:
        raise HistoryFormatError(texts.format_invalid_file(file.name, texts.DIRECT_MESSAGES))
    return ChatExport(guild_id, parent_id, channel_id if is_thread else 0, begin, end)


def _parse_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _build_error(file: Path, number: int, problem: str) -> HistoryFormatError:
    return HistoryFormatError(texts.format_invalid_message(file.name, number, problem))


@contextmanager
def _translate_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except GZIP_ERRORS as error:
        raise HistoryFormatError(file_texts.format_damaged_gzip(file.name)) from error
    except ijson.JSONError as error:
        raise HistoryFormatError(texts.format_invalid_export(file.name, str(error).splitlines()[0])) from error
