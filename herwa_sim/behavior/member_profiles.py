"""Who is in a server: how loud each is, since when they are there, and whether they stay at it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import exp
from random import Random

from herwa_sim.behavior.activity_profile import GROWING_DAYS, moment_in, season
from herwa_sim.behavior.name_generator import invented
from herwa_sim.behavior.server_profile import Scene
from herwa_sim.snowflakes import digest

LOUDNESS_FALLS = 0.95
OLDEST_DAYS = 900
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A member. `loudness` 0 is somebody who only reads; interest fades within about `lasts` days, or never (None)."""

    name: str
    joined_at: datetime
    loudness: float
    lasts: float | None
    often: float

    def weight(self, moment: datetime) -> float:
        """How likely it is that they are the one who speaks: nobody does before joining, newcomers do more."""
        if moment <= self.joined_at:
            return 0.0
        age = (moment - self.joined_at) / _DAY
        fresh = 1 + 2 * exp(-age / 3) if self.lasts else 1.0
        return self.loudness * fresh * (exp(-age / self.lasts) if self.lasts else 1.0)


@lru_cache(maxsize=16)
def people_of(scene: Scene, settled_at: datetime) -> tuple[Person, ...]:
    """Everybody, loudest first, as they were when the server was settled."""
    names = (*scene.people, *(one for one in invented(scene.name, scene.size) if one not in scene.people))
    return tuple(_person(scene, settled_at, name, rank) for rank, name in enumerate(names[: scene.size]))


def _person(scene: Scene, settled_at: datetime, name: str, rank: int) -> Person:
    random = Random(digest(scene.name, "person", name))  # noqa: S311 - a play, not a secret
    known = rank < len(scene.people) // 2
    is_new = random.random() < (0.15 if known else 0.3)
    reads_only = not known and random.random() < 0.4
    return Person(
        name,
        _joined(scene, settled_at, random, is_new=is_new),
        0.0 if reads_only else (rank + 1) ** -LOUDNESS_FALLS,
        2 + random.expovariate(1 / 16) if is_new and random.random() < 0.65 else None,
        0.3 + 0.6 * random.random() / (1 + rank / 20),
    )


def _joined(scene: Scene, settled_at: datetime, random: Random, *, is_new: bool) -> datetime:
    """Long ago, or in the last months: ever more of them, and a crowd on the days of the great event."""
    calendar = season(scene, settled_at)
    if not is_new:
        ago = GROWING_DAYS + 30 + int(random.random() ** 1.4 * OLDEST_DAYS)
    elif random.random() < 0.18:
        ago = (calendar.today - calendar.event).days - random.choice((0, 0, 0, 1, 1, 2))
    else:
        ago = 1 + int(random.random() ** 1.2 * (GROWING_DAYS + 30))
    return min(moment_in(scene, calendar.today - ago * _DAY, random), settled_at - timedelta(hours=1))
