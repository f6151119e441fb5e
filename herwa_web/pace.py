"""How often one socket may speak. Whoever is faster is read more slowly; nothing that was said is dropped."""

import asyncio
import time

AT_ONCE = 50
PER_SECOND = 25.0


class Pace:
    """A bucket of tokens: `next()` returns as soon as one more may be heard."""

    def __init__(self) -> None:
        self._left = float(AT_ONCE)
        self._at = time.monotonic()

    async def next(self) -> None:
        """Take a token, after the wait for it when none is left."""
        now = time.monotonic()
        self._left = min(AT_ONCE, self._left + (now - self._at) * PER_SECOND) - 1
        self._at = now
        if self._left < 0:
            await asyncio.sleep(-self._left / PER_SECOND)
