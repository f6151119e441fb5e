"""How much of each limit a server uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.models import ApiKey, ApiKeyRequest, ExportJob, GuildActivity
from herwa_shared.services.api_key_allowance import load_key_allowance
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.widgets import load_widget_allowance

EXPORT_TIME = timedelta(days=30)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LimitUsage:
    """How much of a limit a server uses; a limit of None is unlimited."""

    limit: Limit
    used: int
    allowed: int | None
    is_granted: bool


async def load_usage(session: AsyncSession, *, guild_id: int, now: datetime) -> tuple[LimitUsage, ...]:
    """Load the usage of every limit of a server."""
    global_policy = await load_global_policy(session)
    policy = await load_policy(session, guild_id=guild_id, global_policy=global_policy)
    entitlement = resolve_entitlement(policy, now.timestamp())
    tier_limits = global_policy.tiers[entitlement.tier].limits
    used = await _count_uses(session, guild_id, now)
    return tuple(
        LimitUsage(
            limit,
            used[limit],
            entitlement.limits.get(limit, 0),
            entitlement.limits.get(limit, 0) != tier_limits.get(limit, 0),
        )
        for limit in Limit
    )


async def _count_uses(session: AsyncSession, guild_id: int, now: datetime) -> Mapping[Limit, int]:
    activity = await session.get(GuildActivity, guild_id, populate_existing=True)
    return {
        Limit.HISTORY_DAYS: -((activity.first_event_at - now) // ONE_DAY) if activity else 0,
        Limit.WIDGETS: (await load_widget_allowance(session, guild_id=guild_id)).used,
        Limit.API_KEYS: (await load_key_allowance(session, guild_id=guild_id, now=now)).used,
        Limit.REQUESTS_PER_MINUTE: await _load_busiest_minute(session, guild_id, now),
        Limit.EXPORT_ROWS: await _load_largest_export(session, guild_id, now),
        Limit.MEMBER_COMMANDS_PER_MINUTE: activity.busiest_member_minute if activity else 0,
        Limit.GUILD_COMMANDS_PER_MINUTE: activity.busiest_minute if activity else 0,
    }


async def _load_busiest_minute(session: AsyncSession, guild_id: int, now: datetime) -> int:
    """Return the requests of the busiest minute of the last day, of those requests that are kept."""
    per_minute = (
        select(func.count().label("requests"))
        .select_from(ApiKeyRequest)
        .join(ApiKey, col(ApiKey.id) == col(ApiKeyRequest.key_id))
        .where(col(ApiKey.guild_id) == guild_id, col(ApiKeyRequest.at) > now - ONE_DAY)
        .group_by(col(ApiKeyRequest.key_id), func.date_trunc("minute", col(ApiKeyRequest.at)))
        .subquery()
    )
    return await session.scalar(select(func.max(per_minute.c.requests))) or 0


async def _load_largest_export(session: AsyncSession, guild_id: int, now: datetime) -> int:
    """Return the rows of the largest export of the last days."""
    query = select(func.max(ExportJob.done_rows)).where(
        col(ExportJob.guild_id) == guild_id, col(ExportJob.created_at) > now - EXPORT_TIME
    )
    return await session.scalar(query) or 0
