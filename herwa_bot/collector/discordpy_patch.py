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

from herwa_bot.collector.event_writer import Writer
from herwa_shared.log import get_logger

log = get_logger(__name__)

Parser = Callable[[Any], None]

DISPATCH = DiscordWebSocket.DISPATCH
DATA = (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT)

_poll = DiscordWebSocket.poll_event
_received = DiscordWebSocket.received_message
_send_heartbeat = DiscordWebSocket.send_heartbeat


def shorten_the_way(counted: Mapping[str, Parser], writer: Writer) -> None:
    """Hand these events straight to their parsers, and read nothing while the writer is full.

    What is not read stays with Discord: when that takes too long the connection is given up and resumed, and Discord
    sends all of it again.
    """

    async def poll_event(self: DiscordWebSocket) -> None:
        if writer.is_full:
            await writer.room()
        if self._keep_alive is None:
            await _poll(self)
            return
        # No timeout of its own: the keep-alive thread closes a connection that has fallen silent.
        message = await self.socket.receive()
        if message.type in DATA:
            await received_message(self, message.data)
        else:
            await _poll(self)  # the socket is closed and says so again

    async def received_message(self: DiscordWebSocket, received: bytes | str, /) -> None:
        text = self._decompressor.decompress(received) if type(received) is bytes else received
        if text is None:  # zlib: the rest of it is still to come
            return
        message = _read(text)
        if message is None:
            return
        parser = counted.get(str(message.get("t"))) if message.get("op") == DISPATCH else None
        if parser is None:
            await _pass_on(self, text, message)
            return
        self.sequence = message.get("s", self.sequence)
        if self._keep_alive:
            self._keep_alive.tick()
        parser(message.get("d"))

    DiscordWebSocket.send_heartbeat = send_heartbeat  # type: ignore[method-assign]
    DiscordWebSocket.poll_event = poll_event  # type: ignore[method-assign]
    DiscordWebSocket.received_message = received_message  # type: ignore[method-assign]


async def send_heartbeat(self: DiscordWebSocket, data: Any) -> None:
    """Note the time before sending. discord.py does so afterwards, and an answer may be there before.

    It would be measured from the heartbeat before this one, and people be warned of a connection that is behind.
    """
    if self._keep_alive:
        self._keep_alive._last_send = time.perf_counter()  # noqa: SLF001 - discord.py has no other place for it
    await _send_heartbeat(self, data)


def _read(text: bytes | str) -> dict[str, Any] | None:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        log.error("gateway message skipped, it cannot be read", characters=len(text))
        return None
    return message


async def _pass_on(socket: DiscordWebSocket, text: bytes | str, message: Mapping[str, Any]) -> None:
    """discord.py's own way. It looks into some events before any parser does, thus before the tap's guard."""
    if message.get("op") != DISPATCH:
        await _received(socket, text)
        return
    try:
        await _received(socket, text)
    except Exception as error:
        log.exception("event skipped", event_type=message.get("t"), error=type(error).__name__)
