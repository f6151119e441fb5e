"""When people are awake: the hours of a day, the days of a week, and the months in which a server grows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import exp
from random import Random
from zoneinfo import ZoneInfo

from herwa_sim.behavior.server_profile import Scene
from herwa_sim.snowflakes import digest

GROWING_DAYS = 120
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Season:
    """A server's own calendar: since when it lives by itself, its day of the great event, its quiet week."""

    today: date
    event: date
    quiet_from: date

    def factor(self, day: date) -> float:
        """How much is said that day next to a usual one, apart from its weekday."""
        ago = (self.today - day).days
        growth = 1.12 - 0.4 * min(max(ago, 0), GROWING_DAYS) / GROWING_DAYS
        if 0 <= (day - self.quiet_from).days < 7:
            return growth * 0.38
        after = (day - self.event).days
        return growth * (1 + 2.3 * exp(-0.9 * after) if 0 <= after <= 5 else 1)


def season(scene: Scene, settled_at: datetime) -> Season:
    """The calendar of a server whose people were settled at that moment."""
    today = settled_at.astimezone(zone(scene)).date()
    bits = digest(scene.name, "season")
    event = today - timedelta(days=17 + bits % 14)
    return Season(today, event, today - timedelta(days=48 + (bits >> 8) % 24))


def zone(scene: Scene) -> ZoneInfo:
    """The server's own clock."""
    return ZoneInfo(scene.zone)


def liveliness(scene: Scene, now: datetime) -> float:
    """How much is going on in the server at that moment; its mean over a week is 1."""
    local = now.astimezone(zone(scene))
    hours = hours_of(scene, local.weekday())
    return weekday_factor(scene, local.weekday()) * hours[local.hour] * 24 / sum(hours)


def weekday_factor(scene: Scene, weekday: int) -> float:
    """How much is said on that weekday (0 is Monday); the mean of a week is 1."""
    mean = (5 + 2 * scene.weekend) / 7
    return (scene.weekend if weekday >= SATURDAY else 1.0) / mean


@lru_cache(maxsize=64)
def hours_of(scene: Scene, weekday: int) -> tuple[float, ...]:
    """How the talk of such a day is spread over its 24 hours."""
    free = weekday >= SATURDAY
    bumps = ((scene.evening, 2.1, 1.0), (13.0, 2.6 if free else 1.2, 0.55 if free else 0.28), (9.0, 1.5, 0.16))
    return tuple(0.02 + sum(height * _bump(hour + 0.5, at, width) for at, width, height in bumps) for hour in range(24))


def moment_in(scene: Scene, day: date, random: Random) -> datetime:
    """Some moment of that day by the server's clock, more likely where more is going on."""
    hour = random.choices(range(24), hours_of(scene, day.weekday()))[0]
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(scene))
    return (midnight + timedelta(hours=hour, milliseconds=random.randrange(3_600_000))).astimezone(UTC)


def _bump(hour: float, at: float, width: float) -> float:
    away = abs(hour - at)
    away = min(away, 24 - away)
    return exp(-((away / width) ** 2) / 2)
