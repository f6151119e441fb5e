"""Profiles of simulated members: activity, join time, and for how long they remain active."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import exp
from random import Random

from herwa_sim.behavior.activity_profile import GROWTH_DAYS, build_calendar, sample_moment
from herwa_sim.behavior.name_generator import generate_names
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.snowflakes import digest

ACTIVITY_EXPONENT = 0.95
MAX_MEMBER_AGE_DAYS = 900
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MemberProfile:
    """A simulated member.

    `activity` 0 is a member who only reads. Activity decays with the time constant `lifetime_days`, or never (None).
    `daily_probability` is the chance to be active on a given day.
    """

    name: str
    joined_at: datetime
    activity: float
    lifetime_days: float | None
    daily_probability: float

    def compute_weight(self, moment: datetime) -> float:
        """Return the relative probability that this member acts at the moment.

        It is 0 before the member joins, and higher for new members.
        """
        if moment <= self.joined_at:
            return 0.0
        age = (moment - self.joined_at) / _DAY
        novelty = 1 + 2 * exp(-age / 3) if self.lifetime_days else 1.0
        return self.activity * novelty * (exp(-age / self.lifetime_days) if self.lifetime_days else 1.0)


@lru_cache(maxsize=16)
def list_member_profiles(profile: ServerProfile, set_up_at: datetime) -> tuple[MemberProfile, ...]:
    """List the profiles of all members as of the setup, most active first. Cached."""
    names = (
        *profile.member_names,
        *(
            invented_name
            for invented_name in generate_names(profile.name, profile.size)
            if invented_name not in profile.member_names
        ),
    )
    return tuple(_create_profile(profile, set_up_at, name, rank) for rank, name in enumerate(names[: profile.size]))


def _create_profile(profile: ServerProfile, set_up_at: datetime, name: str, rank: int) -> MemberProfile:
    random = Random(digest(profile.name, "person", name))  # noqa: S311 - simulation, not security
    is_known = rank < len(profile.member_names) // 2
    is_new = random.random() < (0.15 if is_known else 0.3)
    is_lurker = not is_known and random.random() < 0.4
    return MemberProfile(
        name,
        _sample_join_time(profile, set_up_at, random, is_new=is_new),
        0.0 if is_lurker else (rank + 1) ** -ACTIVITY_EXPONENT,
        2 + random.expovariate(1 / 16) if is_new and random.random() < 0.65 else None,
        0.3 + 0.6 * random.random() / (1 + rank / 20),
    )


def _sample_join_time(profile: ServerProfile, set_up_at: datetime, random: Random, *, is_new: bool) -> datetime:
    """Sample a join time long ago, or within the last months if `is_new`.

    New members become more frequent over time, with a peak around the calendar's event day.
    """
    calendar = build_calendar(profile, set_up_at)
    if not is_new:
        days_ago = GROWTH_DAYS + 30 + int(random.random() ** 1.4 * MAX_MEMBER_AGE_DAYS)
    elif random.random() < 0.18:
        days_ago = (calendar.today - calendar.event).days - random.choice((0, 0, 0, 1, 1, 2))
    else:
        days_ago = 1 + int(random.random() ** 1.2 * (GROWTH_DAYS + 30))
    return min(sample_moment(profile, calendar.today - days_ago * _DAY, random), set_up_at - timedelta(hours=1))
