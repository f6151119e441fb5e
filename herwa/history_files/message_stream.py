"""The messages of a chat export as a stream, in constant memory.

DiscordChatExporter indents its files. There, the end of one message and the begin of the next is a sequence of bytes
that occurs nowhere else: a line break within a text is escaped. So blocks of complete messages are cut out and parsed
at once, which is several times faster than a stream of parser events. Any other layout is parsed by ijson.
"""

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import ijson
import orjson

BLOCK_BYTES = 1 << 16
"""Larger blocks are slower: so many new objects at once make Python's garbage collector run again and again."""
MESSAGES_PER_BLOCK = 1_000  # where the size of a message is not known before it is parsed
ARRAY_START = b'\n  "messages": ['
ARRAY_END = b"\n  ]"

Message = dict[str, Any]


def iterate_message_blocks(content: "io.BufferedReader[Any]") -> Iterator[list[Message]]:
    """Yield the messages in lists. Raises ijson.JSONError for invalid JSON."""
    head = content.peek(BLOCK_BYTES)
    line_end = b"\r\n" if b"\r\n" in head[:100] else b"\n"
    array_start = ARRAY_START.replace(b"\n", line_end)
    position = head.find(array_start)
    first_message = position + len(array_start)
    if position < 0 or not head[first_message:].startswith(line_end + b"    {"):
        messages = ijson.items(content, "messages.item", use_float=True, buf_size=BLOCK_BYTES)
        while block := list(islice(messages, MESSAGES_PER_BLOCK)):
            yield block
        return
    content.read(first_message)
    try:
        yield from _iterate_blocks(content, line_end)
    except orjson.JSONDecodeError as error:
        raise ijson.JSONError(str(error)) from error


def _iterate_blocks(content: "io.BufferedReader[Any]", line_end: bytes) -> Iterator[list[Message]]:
    separator = b"    },\n    {".replace(b"\n", line_end)
    array_end = ARRAY_END.replace(b"\n", line_end)
    rest = b""
    while block := content.read(BLOCK_BYTES):
        buffer = rest + block
        cut = buffer.rfind(separator)
        if cut < 0:
            rest = buffer
            continue
        end = cut + len(b"    }")
        yield orjson.loads(b"[%b]" % buffer[:end])
        rest = buffer[end + 1 :]
    last, found, _ = rest.rpartition(array_end)
    if not found:
        raise ijson.JSONError("the list of messages has no end")
    yield orjson.loads(b"[%b]" % last)
