"""The short way from the socket to the tap.

For every gateway message discord.py arms a timer, formats a log record, dispatches an internal event and looks for
listeners; that costs more than all that Herwa does with a message. Events that we count take a way of their own, all
others go discord.py's. Three of its methods are replaced, which a test holds in place with the pinned version.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import orjson
from discord.gateway import DiscordWebSocket

from herwa_bot.collector.event_writer import EventWriter
from herwa_shared.log import get_logger

log = get_logger(__name__)

Parser = Callable[[Any], None]

DISPATCH_OPCODE = DiscordWebSocket.DISPATCH
DATA_MESSAGE_TYPES = (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT)

_original_poll_event = DiscordWebSocket.poll_event
_original_received_message = DiscordWebSocket.received_message
_original_send_heartbeat = DiscordWebSocket.send_heartbeat


def install_fast_dispatch(parsers: Mapping[str, Parser], writer: EventWriter) -> None:
    """Hand these events straight to their parsers, and read nothing while the writer is full.

    What is not read stays with Discord: when that takes too long the connection is given up and resumed, and Discord
    sends all of it again.
    """

    async def poll_event(self: DiscordWebSocket) -> None:
        if writer.is_full:
            await writer.wait_for_capacity()
        if self._keep_alive is None:
            await _original_poll_event(self)
            return
        # No timeout of its own: the keep-alive thread closes a connection that has fallen silent.
        frame = await self.socket.receive()
        if frame.type in DATA_MESSAGE_TYPES:
            await received_message(self, frame.data)
        else:
            await _original_poll_event(self)  # the socket is closed and says so again

    async def received_message(self: DiscordWebSocket, frame: bytes | str, /) -> None:
        text = self._decompressor.decompress(frame) if type(frame) is bytes else frame
        if text is None:  # zlib: the rest of it is still to come
            return
        payload = _decode_payload(text)
        if payload is None:
            return
        parser = parsers.get(str(payload.get("t"))) if payload.get("op") == DISPATCH_OPCODE else None
        if parser is None:
            await _forward(self, text, payload)
            return
        self.sequence = payload.get("s", self.sequence)
        if self._keep_alive:
            self._keep_alive.tick()
        parser(payload.get("d"))

    DiscordWebSocket.send_heartbeat = send_heartbeat  # type: ignore[method-assign]
    DiscordWebSocket.poll_event = poll_event  # type: ignore[method-assign]
    DiscordWebSocket.received_message = received_message  # type: ignore[method-assign]


async def send_heartbeat(self: DiscordWebSocket, data: Any) -> None:
    """Note the time before sending. discord.py does so afterwards, and an answer may be there before.

    It would be measured from the heartbeat before this one, and people be warned of a connection that is behind.
    """
    if self._keep_alive:
        self._keep_alive._last_send = time.perf_counter()  # noqa: SLF001 - discord.py has no other place for it
    await _original_send_heartbeat(self, data)


def _decode_payload(text: bytes | str) -> dict[str, Any] | None:
    try:
        payload = orjson.loads(text)
    except orjson.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict):
        log.error("gateway message skipped, it cannot be read", characters=len(text))
        return None
    return payload


async def _forward(socket: DiscordWebSocket, text: bytes | str, payload: Mapping[str, Any]) -> None:
    """discord.py's own way. It looks into some events before any parser does, thus before the tap's guard."""
    if payload.get("op") != DISPATCH_OPCODE:
        await _original_received_message(socket, text)
        return
    try:
        await _original_received_message(socket, text)
    except Exception as error:
        log.exception("event skipped", event_type=payload.get("t"), error=type(error).__name__)
