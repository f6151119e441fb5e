"""Numbers of this copy per day, refreshed by the worker every minute, so that the overview is a read of few rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import Date, case, cast, exists, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.db import Database
from herwa_shared.models import Guild, GuildActivity, GuildMembership, OperatorDay, UserGuild, WebSession
from herwa_shared.operators.tier_editor import count_servers_by_tier

DAYS = 31
LATE_DAYS = 2
"""Today and yesterday are counted again: events of yesterday may arrive after midnight."""
GROWTH_WINDOW = timedelta(days=90)
ACTIVE_AFTER = timedelta(days=30)
EVENTS_SQL = """
SELECT /* operators.events_by_day */
    toDate(hour) AS day,
    sumIf(events, kind NOT IN ('member_count', 'online_count')),
    sumIf(events, kind = 'command'),
    sumIf(events, kind = 'command_denied')
FROM activity_hourly
WHERE guild_id > 0 AND hour >= {since:DateTime('UTC')} AND hour < {until:DateTime('UTC')}
GROUP BY day
"""
PAGES_SOURCE, DISCORD_SOURCE = "pages", "discord"


@dataclass(frozen=True, slots=True)
class GrowthSteps:
    """Servers that were added within 90 days from one source, and what became of them.

    `pages`: one of its managers was logged in to Herwa before. `with_numbers` have had an event. `old_enough` were
    added 30 days ago or earlier, `active_later` of them have had an event since their 30th day.
    """

    source: str
    installed: int
    with_numbers: int
    old_enough: int
    active_later: int


async def refresh_days(database: Database, clickhouse: AsyncClient, *, now: datetime) -> None:
    """Count today and yesterday, and once those of the last `DAYS` days that have no numbers."""
    today = now.astimezone(UTC).date()
    async with database.transaction() as session:
        first_day = today - timedelta(days=DAYS - 1)
        known = set(await session.scalars(select(col(OperatorDay.day)).where(col(OperatorDay.day) >= first_day)))
    days = [first_day + timedelta(days=number) for number in range(DAYS)]
    missing = [day for day in days if day not in known or (today - day).days < LATE_DAYS]
    events = await _count_events(clickhouse, missing[0], today)
    async with database.transaction() as session:
        for day in missing:
            await _save_day(session, day, events.get(day, (0, 0, 0)), now if day == today else None, now)


async def _count_events(
    clickhouse: AsyncClient, first_day: date, last_day: date
) -> Mapping[date, tuple[int, int, int]]:
    """Count events, commands run and commands refused per day."""
    until = datetime.combine(last_day + timedelta(days=1), time())
    parameters = {"since": datetime.combine(first_day, time()), "until": until}
    result = await clickhouse.query(EVENTS_SQL, parameters=parameters)
    return {row[0]: (row[1], row[2], row[3]) for row in result.result_rows}


async def _save_day(
    session: AsyncSession, day: date, counts: tuple[int, int, int], present: datetime | None, now: datetime
) -> None:
    """Save the numbers of a day. Those that are only known at present are saved if `present` is given."""
    joined, left = cast(func.timezone("UTC", col(GuildMembership.joined_at)), Date), col(GuildMembership.left_at)
    added = await session.scalar(select(func.count()).select_from(GuildMembership).where(joined == day))
    removed = await session.scalar(
        select(func.count()).select_from(GuildMembership).where(cast(func.timezone("UTC", left), Date) == day)
    )
    values: dict[str, Any] = {
        "events": counts[0],
        "commands": counts[1],
        "refused": counts[2],
        "added": added or 0,
        "removed": removed or 0,
        "refreshed_at": now,
    }
    if present is not None:
        values |= await _count_present(session, present)
    statement = insert(OperatorDay).values(day=day, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["day"], set_=values))


async def _count_present(session: AsyncSession, now: datetime) -> dict[str, Any]:
    query = select(func.count(), func.coalesce(func.sum(Guild.member_count), 0)).where(col(Guild.left_at).is_(None))
    servers, members = (await session.execute(query)).one()
    return {
        "servers": servers,
        "members": int(members),
        "tiers": dict(await count_servers_by_tier(session, now=now)),
        "growth": await _count_growth(session, now),
    }


async def _count_growth(session: AsyncSession, now: datetime) -> list[dict[str, Any]]:
    """Count the steps of `GrowthSteps` for each source."""
    managed_before = exists().where(
        col(UserGuild.guild_id) == col(Guild.id),
        col(WebSession.user_id) == col(UserGuild.user_id),
        col(WebSession.created_at) < col(Guild.joined_at),
    )
    source = case((managed_before, PAGES_SOURCE), else_=DISCORD_SOURCE)
    is_old = col(Guild.joined_at) <= now - ACTIVE_AFTER
    was_active = is_old & (col(GuildActivity.last_event_at) >= col(Guild.joined_at) + ACTIVE_AFTER)
    rows = await session.execute(
        select(  # type: ignore[call-overload]
            source,
            func.count(),
            func.count(col(GuildActivity.guild_id)),
            func.count().filter(is_old),
            func.count().filter(was_active),
        )
        .select_from(Guild)
        .outerjoin(GuildActivity, col(GuildActivity.guild_id) == col(Guild.id))
        .where(col(Guild.joined_at) > now - GROWTH_WINDOW)
        .group_by(source)
        .order_by(source)
    )
    names = ("source", "installed", "with_numbers", "old_enough", "active_later")
    return [dict(zip(names, row, strict=True)) for row in rows]
