"""Patch discord.py so that counted gateway events bypass its dispatch machinery.

For every gateway message discord.py arms a timer, formats a log record, dispatches an internal event and looks for
listeners; that costs more than everything that Herwa does with a message. Counted events are therefore decoded and
passed directly to Herwa's parsers; all other events take discord.py's path. Measurements: docs/decisions/0004.

Three methods of `DiscordWebSocket` are replaced. discord.py's version is pinned, and tests/bot/test_discord_py.py fails
when it changes.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import orjson
from discord.gateway import DiscordWebSocket

from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.skipped_events import log_skipped_event, log_unreadable_payload

Parser = Callable[[Any], None]

DISPATCH_OPCODE = DiscordWebSocket.DISPATCH
DATA_MESSAGE_TYPES = (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT)

_original_poll_event = DiscordWebSocket.poll_event
_original_received_message = DiscordWebSocket.received_message
_original_send_heartbeat = DiscordWebSocket.send_heartbeat


def install_fast_dispatch(parsers: Mapping[str, Parser], writer: EventWriter) -> None:
    """Patch `DiscordWebSocket` to pass events to `parsers`, keyed by event name.

    Backpressure: nothing is read from the socket while the writer is full. Unread events remain at Discord. If that
    takes too long, the connection is closed and resumed, and Discord replays them.
    """
    traffic = writer.gateway_sessions.traffic

    async def poll_event(self: DiscordWebSocket) -> None:
        if writer.is_full:
            await writer.wait_for_capacity()
        if self._keep_alive is None:
            await _original_poll_event(self)
            return
        # No timeout here: the keep-alive thread closes a connection that receives nothing.
        frame = await self.socket.receive()
        if frame.type in DATA_MESSAGE_TYPES:
            await received_message(self, frame.data)
        else:
            await _original_poll_event(self)  # the socket is closed: its next read returns the close again

    async def received_message(self: DiscordWebSocket, frame: bytes | str, /) -> None:
        text = self._decompressor.decompress(frame) if type(frame) is bytes else frame
        if text is None:  # zlib: the frame is incomplete, the rest follows
            return
        payload = _decode_payload(text)
        if payload is None:
            return
        traffic.record(self.shard_id, payload.get("op"))
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
    """Send a heartbeat and record its time before sending, for the latency measurement.

    discord.py records the time after sending, when the acknowledgement may already have arrived. The latency would then
    be measured from the previous heartbeat, and discord.py would log a warning that the connection lags behind.
    """
    if self._keep_alive:
        self._keep_alive._last_send = time.perf_counter()  # noqa: SLF001 - discord.py has no public setter
    await _original_send_heartbeat(self, data)


def _decode_payload(text: bytes | str) -> dict[str, Any] | None:
    """Decode a gateway payload; log and return None if it is not a JSON object.

    The payload is never logged, because it may contain message content.
    """
    try:
        payload = orjson.loads(text)
    except orjson.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict):
        log_unreadable_payload(len(text))
        return None
    return payload


async def _forward(socket: DiscordWebSocket, text: bytes | str, payload: Mapping[str, Any]) -> None:
    """Pass the payload to discord.py; log and skip a dispatched event that raises.

    discord.py reads some events before it calls a parser; `handlers.messages.isolate_errors` does not cover that code.
    """
    if payload.get("op") != DISPATCH_OPCODE:
        await _original_received_message(socket, text)
        return
    try:
        await _original_received_message(socket, text)
    except Exception as error:  # noqa: BLE001 - no event content may end the process
        log_skipped_event(str(payload.get("t")), error)
