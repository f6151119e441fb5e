"""Activity over time: hours of a day, days of a week, and growth over months."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import exp
from random import Random
from zoneinfo import ZoneInfo

from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.snowflakes import digest

GROWTH_DAYS = 120
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ActivityCalendar:
    """The dates that shape a server's history: the setup day, one event day, one quiet week."""

    today: date
    event: date
    quiet_week_start: date

    def get_factor(self, day: date) -> float:
        """Return the activity of the day relative to a usual day, without the weekday factor."""
        days_ago = (self.today - day).days
        growth = 1.12 - 0.4 * min(max(days_ago, 0), GROWTH_DAYS) / GROWTH_DAYS
        if 0 <= (day - self.quiet_week_start).days < 7:
            return growth * 0.38
        days_after_event = (day - self.event).days
        return growth * (1 + 2.3 * exp(-0.9 * days_after_event) if 0 <= days_after_event <= 5 else 1)


def build_calendar(profile: ServerProfile, set_up_at: datetime) -> ActivityCalendar:
    """Build the calendar of a server whose members were created at `set_up_at`."""
    today = set_up_at.astimezone(get_timezone(profile)).date()
    bits = digest(profile.name, "season")
    event = today - timedelta(days=17 + bits % 14)
    return ActivityCalendar(today, event, today - timedelta(days=48 + (bits >> 8) % 24))


def get_timezone(profile: ServerProfile) -> ZoneInfo:
    """Return the server's time zone."""
    return ZoneInfo(profile.timezone)


def get_activity_level(profile: ServerProfile, now: datetime) -> float:
    """Return the activity at this time; the mean over a week is 1."""
    local = now.astimezone(get_timezone(profile))
    hours = get_hourly_activity(profile, local.weekday())
    return get_weekday_factor(profile, local.weekday()) * hours[local.hour] * 24 / sum(hours)


def get_weekday_factor(profile: ServerProfile, weekday: int) -> float:
    """Return the relative activity of the weekday (0 is Monday); the mean over a week is 1."""
    mean = (5 + 2 * profile.weekend_factor) / 7
    return (profile.weekend_factor if weekday >= SATURDAY else 1.0) / mean


@lru_cache(maxsize=64)
def get_hourly_activity(profile: ServerProfile, weekday: int) -> tuple[float, ...]:
    """Return 24 weights: how the activity of such a weekday is distributed over its hours."""
    is_weekend = weekday >= SATURDAY
    peaks = (
        (profile.peak_hour, 2.1, 1.0),
        (13.0, 2.6 if is_weekend else 1.2, 0.55 if is_weekend else 0.28),
        (9.0, 1.5, 0.16),
    )
    return tuple(
        0.02 + sum(height * _compute_peak(hour + 0.5, peak_hour, width) for peak_hour, width, height in peaks)
        for hour in range(24)
    )


def sample_moment(profile: ServerProfile, day: date, random: Random) -> datetime:
    """Sample a UTC time within the server's local day, weighted by the hourly activity."""
    hour = random.choices(range(24), get_hourly_activity(profile, day.weekday()))[0]
    midnight = datetime(day.year, day.month, day.day, tzinfo=get_timezone(profile))
    return (midnight + timedelta(hours=hour, milliseconds=random.randrange(3_600_000))).astimezone(UTC)


def _compute_peak(hour: float, peak_hour: float, width: float) -> float:
    """Return a Gaussian of the circular distance between two hours of the day."""
    distance = abs(hour - peak_hour)
    distance = min(distance, 24 - distance)
    return exp(-((distance / width) ** 2) / 2)
