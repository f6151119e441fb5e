"""What a page costs on the wire: every request as it was sent, compressed, and every frame of its websocket."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Page

SOCKET = "(websocket)"
BINARY = 2


class Wire:
    """Counts from the moment it listens; bytes by path. Frames count with their content alone."""

    def __init__(self) -> None:
        self._bytes: Counter[str] = Counter()
        self._paths: dict[str, str] = {}
        self._last = time.monotonic()

    @classmethod
    async def of(cls, page: Page) -> "Wire":
        """Listen to a page that has not been anywhere yet."""
        wire = cls()
        session: CDPSession = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", wire._asked)
        session.on("Network.loadingFinished", wire._loaded)
        session.on("Network.webSocketFrameReceived", wire._framed)
        session.on("Network.webSocketFrameSent", wire._framed)
        await session.send("Network.enable")
        return wire

    @property
    def by_path(self) -> Mapping[str, int]:
        return self._bytes

    @property
    def total(self) -> int:
        return self._bytes.total()

    async def quiet(self, seconds: float) -> None:
        """Until nothing has come or gone for so long."""
        while (left := self._last + seconds - time.monotonic()) > 0:  # noqa: ASYNC110 - silence is no event
            await asyncio.sleep(left)

    def _asked(self, event: dict[str, Any]) -> None:
        self._last = time.monotonic()
        self._paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _loaded(self, event: dict[str, Any]) -> None:
        self._last = time.monotonic()
        self._bytes[self._paths.get(event["requestId"], "(unknown)")] += int(event["encodedDataLength"])

    def _framed(self, event: dict[str, Any]) -> None:
        self._last = time.monotonic()
        frame = event["response"]
        payload: str = frame["payloadData"]
        self._bytes[SOCKET] += len(payload) * 3 // 4 if frame["opcode"] == BINARY else len(payload.encode())
