"""Run an operation once for all callers that want its result at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Flight:
    """A running operation and the number of callers that wait for it."""

    task: asyncio.Task[Any]
    callers: int = 0


class SingleFlight:
    """The running operations of one process, by key."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}

    async def run(self, key: Hashable, operation: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Return the result of the running operation of this key, or start `operation`.

        All callers get its exception. It is cancelled when all of them are. Its key must contain what makes its result
        usable for later callers.
        """
        flight = self._flights.get(key) or self._start(key, operation)
        flight.callers += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.callers -= 1
            if not flight.callers and not flight.task.done():
                self._end(key, flight)
                flight.task.cancel()

    def _start(self, key: Hashable, operation: Callable[[], Coroutine[Any, Any, Any]]) -> _Flight:
        flight = self._flights[key] = _Flight(asyncio.create_task(operation()))
        flight.task.add_done_callback(lambda _: self._end(key, flight))
        return flight

    def _end(self, key: Hashable, flight: _Flight) -> None:
        """Remove an operation, so that later callers do not join it."""
        if self._flights.get(key) is flight:
            del self._flights[key]
