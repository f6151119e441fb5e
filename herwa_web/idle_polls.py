"""Polls that would change nothing on their page: they are dropped before Reflex runs their handler.

A handler of a poll registers, at its end, a check of what the page shows: whether the visitor may still see it, and
whether it is still current. The check runs at the next poll instead of the handler. It reads memory, so an idle tab of
a server where nothing happens costs almost nothing. Whenever a check fails, raises or has to wait, the handler runs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

CHECK_TIMEOUT_SECONDS = 0.2
"""Events of a tab start one after the other: a click waits for at most this time behind the check of a poll."""
CheckPage = Callable[[], Awaitable[bool]]
"""Returns whether the page still shows what its handler would show."""


@dataclass(frozen=True, slots=True)
class _ShownPage:
    path: str
    check: CheckPage


class IdlePolls:
    """The checks of all tabs, by the tab's token and the name of the poll's event."""

    def __init__(self) -> None:
        self._pages: dict[str, dict[str, _ShownPage]] = {}

    def register(self, token: str, event_name: str, path: str, check: CheckPage) -> None:
        """Register the check of what a tab shows at this path (with its query)."""
        self._pages.setdefault(token, {})[event_name] = _ShownPage(path, check)

    def forget(self, token: str, event_name: str | None = None) -> None:
        """Forget the check of a poll, or all checks of a tab."""
        if event_name is None:
            self._pages.pop(token, None)
        else:
            self._pages.get(token, {}).pop(event_name, None)

    async def is_unnecessary(self, token: str, event: Any) -> bool:
        """Return whether this event of a tab is a poll that would change nothing."""
        page = self._pages.get(token, {}).get(event.name)
        if page is None or event.router_data.get("asPath") != page.path:
            return False
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                return await page.check()
        except Exception:  # noqa: BLE001 - the handler meets the same error and shows it
            return False


idle_polls = IdlePolls()
