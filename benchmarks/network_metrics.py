"""Network traffic of a page: bytes of every response as transferred (compressed) and of every websocket frame."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Page

WEBSOCKET_PATH = "(websocket)"
BINARY_OPCODE = 2
IDLE_TIMEOUT_SECONDS = 60


class NetworkTraffic:
    """Bytes by URL path, counted from `from_page` on. Websocket frames count with their payload only."""

    def __init__(self) -> None:
        self._bytes_by_path: Counter[str] = Counter()
        self._paths_by_request: dict[str, str] = {}
        self._last_activity_at = time.monotonic()

    @classmethod
    async def from_page(cls, page: Page) -> "NetworkTraffic":
        """Start to count the traffic of a page that has not navigated yet."""
        traffic = cls()
        cdp_session: CDPSession = await page.context.new_cdp_session(page)
        cdp_session.on("Network.requestWillBeSent", traffic._on_request)
        cdp_session.on("Network.loadingFinished", traffic._on_loaded)
        cdp_session.on("Network.webSocketFrameReceived", traffic._on_frame)
        cdp_session.on("Network.webSocketFrameSent", traffic._on_frame)
        await cdp_session.send("Network.enable")
        return traffic

    @property
    def bytes_by_path(self) -> Mapping[str, int]:
        return self._bytes_by_path

    @property
    def total_bytes(self) -> int:
        return self._bytes_by_path.total()

    async def wait_until_idle(self, seconds: float) -> None:
        """Wait until there has been no traffic for so many seconds. Raises TimeoutError at the deadline."""
        async with asyncio.timeout(IDLE_TIMEOUT_SECONDS):
            while (remaining := self._last_activity_at + seconds - time.monotonic()) > 0:  # noqa: ASYNC110 - the end of traffic is no event
                await asyncio.sleep(remaining)

    def _on_request(self, event: dict[str, Any]) -> None:
        self._last_activity_at = time.monotonic()
        self._paths_by_request[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _on_loaded(self, event: dict[str, Any]) -> None:
        self._last_activity_at = time.monotonic()
        self._bytes_by_path[self._paths_by_request.get(event["requestId"], "(unknown)")] += int(
            event["encodedDataLength"]
        )

    def _on_frame(self, event: dict[str, Any]) -> None:
        self._last_activity_at = time.monotonic()
        frame = event["response"]
        payload: str = frame["payloadData"]
        self._bytes_by_path[WEBSOCKET_PATH] += (
            len(payload) * 3 // 4 if frame["opcode"] == BINARY_OPCODE else len(payload.encode())
        )
