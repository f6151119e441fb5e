"""In-memory record of REST calls and gateway events, for schema tests.

It is disabled by default.
"""

from collections import defaultdict, deque

import orjson

from herwa_sim.entities import Json

MAX_ENTRIES = 2000
MAX_EVENTS_PER_NAME = 30


class Journal:
    """The latest REST exchanges with complete bodies, and the latest events of each name."""

    def __init__(self) -> None:
        self.enabled = False
        self.entries: deque[Json] = deque(maxlen=MAX_ENTRIES)
        self._events: dict[str, deque[bytes]] = defaultdict(lambda: deque(maxlen=MAX_EVENTS_PER_NAME))

    def record_call(self, *, method: str, route: str, request_body: object, status: int, response_body: object) -> None:
        """Record a REST exchange if the journal is enabled."""
        if self.enabled:
            entry = {
                "method": method,
                "route": route,
                "asked": request_body,
                "status": status,
                "answered": response_body,
            }
            self.entries.append(entry)

    def record_event(self, name: str, body: bytes) -> None:
        """Record the JSON body of a gateway event. The caller checks `enabled`."""
        self._events[name].append(body)

    def take_events(self) -> dict[str, list[Json]]:
        """Return the events by name and clear them."""
        events = {name: [orjson.loads(body) for body in bodies] for name, bodies in self._events.items()}
        self._events.clear()
        return events
