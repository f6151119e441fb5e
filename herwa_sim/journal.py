"""A record of REST calls and gateway events for those who check their shape. Off until asked for; in memory."""

from collections import defaultdict, deque

import orjson

from herwa_sim.entities import Json

MAX_ENTRIES = 2000
MAX_EVENTS_PER_NAME = 30


class Journal:
    """The latest exchanges between a bot and REST, whole, and the latest events of each name."""

    def __init__(self) -> None:
        self.enabled = False
        self.entries: deque[Json] = deque(maxlen=MAX_ENTRIES)
        self._events: dict[str, deque[bytes]] = defaultdict(lambda: deque(maxlen=MAX_EVENTS_PER_NAME))

    def record_call(self, *, method: str, route: str, request_body: object, status: int, response_body: object) -> None:
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
        self._events[name].append(body)

    def take_events(self) -> dict[str, list[Json]]:
        """The events by name; afterwards there are none."""
        events = {name: [orjson.loads(body) for body in bodies] for name, bodies in self._events.items()}
        self._events.clear()
        return events
