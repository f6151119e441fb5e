"""Validation shared by subscriptions and grants: period, number of days, guild."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import Guild

MAX_DAYS = 3650
MAX_NAME_LENGTH = 64
RESTORE_TIME = timedelta(minutes=10)
"""A revocation can be undone within this time."""


def resolve_period(
    *, now: datetime, starts: datetime | None, ends: datetime | None, days: int | None
) -> tuple[datetime, datetime | None]:
    """Resolve start and end of a period.

    The start defaults to `now`. Without `ends` and `days` the period has no end. Raises BadRequest if both are given,
    or if the end is not after the start and after `now`.
    """
    if ends is not None and days is not None:
        raise BadRequest("Give an end or a number of days, not both.")
    start = starts or now
    end = ends if days is None else start + to_timedelta(days)
    if end is not None and end <= max(start, now):
        raise BadRequest("The end must be in the future and after the start.")
    return start, end


def to_timedelta(days: int) -> timedelta:
    """Convert days to a timedelta of 24 hours each. Raises BadRequest unless 1 to MAX_DAYS."""
    if not 1 <= days <= MAX_DAYS:
        raise BadRequest(f"The number of days must be 1 to {MAX_DAYS}, not {days}.")
    return timedelta(days=days)


async def require_guild(session: AsyncSession, guild_id: int) -> None:
    """Raise NotFound for a guild that the bot has never been in."""
    if await session.get(Guild, guild_id) is None:
        raise NotFound(f"The bot has never been in a server {guild_id}.")
