"""A record of REST calls for those who check them against Discord's document. Off until asked for; in memory."""

from collections import deque

from herwa_sim.entities import Json

KEPT = 2000


class Journal:
    """The latest exchanges between a bot and REST, whole."""

    def __init__(self) -> None:
        self.on = False
        self.entries: deque[Json] = deque(maxlen=KEPT)

    def note(self, *, method: str, route: str, asked: object, status: int, answered: object) -> None:
        if self.on:
            entry = {"method": method, "route": route, "asked": asked, "status": status, "answered": answered}
            self.entries.append(entry)
