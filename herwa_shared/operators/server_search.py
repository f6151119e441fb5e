"""Find servers: by a part of the name, an id, their owner or the last characters of a key; filters."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, any_, exists, func, lateral, or_, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import TierKey
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.models import ApiKey, CollectionGap, Guild, GuildActivity, Subscription
from herwa_shared.operators.server_criteria import (
    MAX_QUERY_LENGTH,
    SIZE_BOUNDS,
    ServerActivity,
    ServerFilter,
    ServerTrouble,
)
from herwa_shared.services.subscriptions import build_current_tier_query

MAX_ROWS = 50
KEY_HINT_LENGTH = 4
MIN_ID_DIGITS = 15
SILENCE = timedelta(hours=24)
LIKE_ESCAPES = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server in a list. `events` are those of the last 24 hours."""

    id: int
    name: str
    icon: str | None
    owner_id: int
    member_count: int
    tier: str
    tier_ends: datetime | None
    events: int
    last_event_at: datetime | None
    joined_at: datetime
    left_at: datetime | None
    trouble: tuple[ServerTrouble, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict: ids are texts, times ISO 8601."""
        return {**to_plain(asdict(self)), "id": str(self.id), "owner_id": str(self.owner_id)}


@dataclass(frozen=True, slots=True)
class FoundServers:
    """Found servers, the largest first. `has_more`: only the first are listed."""

    servers: tuple[FoundServer, ...]
    has_more: bool

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        return {"items": [server.to_json() for server in self.servers], "has_more": self.has_more}


async def search_servers(session: AsyncSession, criteria: ServerFilter, *, now: datetime | None = None) -> FoundServers:
    """Search servers, at most `MAX_ROWS`."""
    moment = now or utc_now()
    largest = (col(Guild.member_count).desc(), col(Guild.id).desc())
    # The page is chosen first, so that the details of servers that are not on it cost nothing.
    page = (
        select(Guild.id).where(*_build_conditions(criteria, moment)).order_by(*largest).limit(MAX_ROWS + 1).subquery()
    )
    query = _build_query(moment).join(page, page.c.id == col(Guild.id)).order_by(*largest)
    rows = (await session.execute(query)).all()
    return FoundServers(tuple(_to_server(row, moment) for row in rows[:MAX_ROWS]), len(rows) > MAX_ROWS)


async def find_server(session: AsyncSession, *, guild_id: int, now: datetime | None = None) -> FoundServer | None:
    """Find one server by its id; None if the bot has never been in it."""
    moment = now or utc_now()
    row = (await session.execute(_build_query(moment).where(col(Guild.id) == guild_id))).one_or_none()
    return None if row is None else _to_server(row, moment)


def to_plain(value: Any) -> Any:
    """Convert a value for JSON: times become ISO 8601 texts, tuples and sets lists."""
    match value:
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): to_plain(item) for key, item in value.items()}
        case list() | tuple():
            return [to_plain(item) for item in value]
        case set() | frozenset():
            return sorted(to_plain(item) for item in value)
        case _:
            return value


def _build_query(now: datetime) -> Select[Any]:
    """Build the query of servers with their details."""
    tier = lateral(build_current_tier_query(col(Guild.id), now)).alias("current_tier")
    query: Select[Any] = (
        select(  # type: ignore[call-overload]
            Guild,
            func.coalesce(tier.c.tier_key, TierKey.FREE.value).label("tier"),
            tier.c.ends_at.label("tier_ends"),
            func.coalesce(col(GuildActivity.events), 0).label("events"),
            col(GuildActivity.last_event_at).label("last_event_at"),
            _build_gap_condition().label("has_gap"),
        )
        .outerjoin(GuildActivity, col(GuildActivity.guild_id) == col(Guild.id))
        .outerjoin(tier, true())
    )
    return query


def _build_gap_condition() -> ColumnElement[bool]:
    return exists().where(col(CollectionGap.guild_id) == col(Guild.id), col(CollectionGap.to_at).is_(None))


def _build_match(text: str) -> ColumnElement[bool]:
    """Build the condition of the servers that a text may mean. Each part of it has an index."""
    pattern = f"%{text.translate(LIKE_ESCAPES)}%"
    parts: list[ColumnElement[bool]] = [col(Guild.name).ilike(pattern, escape="\\")]
    if text.isascii() and text.isdigit() and len(text) >= MIN_ID_DIGITS and int(text) <= MAX_SNOWFLAKE:
        parts += [col(Guild.id) == int(text), col(Guild.owner_id) == int(text)]
    if len(text) == KEY_HINT_LENGTH:
        owners = select(ApiKey.guild_id).where(col(ApiKey.hint) == text).scalar_subquery()
        parts.append(col(Guild.id) == any_(func.array(owners)))
    return or_(*parts)


def _build_conditions(criteria: ServerFilter, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    has_events = exists().where(col(GuildActivity.guild_id) == col(Guild.id), col(GuildActivity.events) > 0)
    is_member = col(Guild.left_at).is_(None)
    if text := criteria.query.strip()[:MAX_QUERY_LENGTH]:
        conditions.append(_build_match(text))
    if criteria.tier is not None:
        tier_key = build_current_tier_query(col(Guild.id), now).with_only_columns(col(Subscription.tier_key))
        conditions.append(func.coalesce(tier_key.scalar_subquery(), TierKey.FREE.value) == criteria.tier)
    if criteria.size is not None:
        low, high = SIZE_BOUNDS[criteria.size]
        conditions.append(and_(col(Guild.member_count) >= low, col(Guild.member_count) < high))
    match criteria.activity:
        case ServerActivity.ACTIVE:
            conditions.append(has_events)
        case ServerActivity.SILENT:
            conditions.append(~has_events)
    match criteria.trouble:
        case ServerTrouble.LEFT:
            conditions.append(~is_member)
        case ServerTrouble.GAP:
            conditions.append(is_member & _build_gap_condition())
        case ServerTrouble.NO_EVENTS:
            conditions.append(is_member & ~has_events & (col(Guild.joined_at) < now - SILENCE))
    return conditions


def _to_server(row: Row[Any], now: datetime) -> FoundServer:
    guild = row[0]
    return FoundServer(
        id=guild.id,
        name=guild.name,
        icon=guild.icon,
        owner_id=guild.owner_id,
        member_count=guild.member_count,
        tier=row.tier,
        tier_ends=row.tier_ends,
        events=row.events,
        last_event_at=row.last_event_at,
        joined_at=guild.joined_at,
        left_at=guild.left_at,
        trouble=tuple(_list_trouble(guild, events=row.events, has_gap=row.has_gap, now=now)),
    )


def _list_trouble(guild: Guild, *, events: int, has_gap: bool, now: datetime) -> list[ServerTrouble]:
    if guild.left_at is not None:
        return [ServerTrouble.LEFT]
    trouble = [ServerTrouble.GAP] if has_gap else []
    if not events and guild.joined_at < now - SILENCE:
        trouble.append(ServerTrouble.NO_EVENTS)
    return trouble
