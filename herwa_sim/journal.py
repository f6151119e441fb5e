"""A record of REST calls and gateway events for those who check their shape. Off until asked for; in memory."""

from collections import defaultdict, deque

import orjson

from herwa_sim.entities import Json

KEPT = 2000
KEPT_EVENTS = 30


class Journal:
    """The latest exchanges between a bot and REST, whole, and the latest events of each name."""

    def __init__(self) -> None:
        self.on = False
        self.entries: deque[Json] = deque(maxlen=KEPT)
        self._events: dict[str, deque[bytes]] = defaultdict(lambda: deque(maxlen=KEPT_EVENTS))

    def note(self, *, method: str, route: str, asked: object, status: int, answered: object) -> None:
        if self.on:
            entry = {"method": method, "route": route, "asked": asked, "status": status, "answered": answered}
            self.entries.append(entry)

    def note_event(self, name: str, body: bytes) -> None:
        self._events[name].append(body)

    def take_events(self) -> dict[str, list[Json]]:
        """The events by name; afterwards there are none."""
        taken = {name: [orjson.loads(body) for body in bodies] for name, bodies in self._events.items()}
        self._events.clear()
        return taken
