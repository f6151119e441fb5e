"""Find servers: by a part of the name, an id, their owner or the last characters of a key; filters."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, any_, exists, func, lateral, or_, true
from sqlalchemy import select as sa_select
from sqlalchemy import text as sql_text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import TierKey
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.models import ApiKey, CollectionGap, Guild, GuildActivity
from herwa_shared.operators.server_criteria import (
    MAX_QUERY_LENGTH,
    SIZE_BOUNDS,
    ServerActivity,
    ServerFilter,
    ServerTrouble,
)
from herwa_shared.services.subscriptions import build_current_tier_query, build_has_tier_condition

MAX_ROWS = 50
KEY_HINT_LENGTH = 4
MIN_INDEXED_LENGTH = 3  # the index of names consists of parts of three characters
MIN_ID_DIGITS = 15
SILENCE = timedelta(hours=24)
GUILD_COLUMNS = tuple(
    col(getattr(Guild, name)) for name in ("id", "name", "icon", "owner_id", "member_count", "joined_at", "left_at")
)
LARGEST_FIRST = (col(Guild.member_count).desc(), col(Guild.id).desc())
# A plan for any text, which PostgreSQL would keep after a few searches, reads all names.
PLAN_FOR_TEXT = sql_text("SET LOCAL plan_cache_mode = force_custom_plan")
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
    conditions = _build_conditions(criteria, moment)
    if text := criteria.query.strip()[:MAX_QUERY_LENGTH]:
        await session.execute(PLAN_FOR_TEXT)
        conditions.append(_build_match(text) if len(text) < MIN_INDEXED_LENGTH else _build_indexed_match(text))
    # The page is chosen first, so that the details of servers that are not on it cost nothing.
    page = select(*GUILD_COLUMNS).where(*conditions).order_by(*LARGEST_FIRST).limit(MAX_ROWS + 1)
    rows = (await session.execute(_build_details_query(page, moment))).all()
    return FoundServers(tuple(_to_server(row, moment) for row in rows[:MAX_ROWS]), len(rows) > MAX_ROWS)


async def find_server(session: AsyncSession, *, guild_id: int, now: datetime | None = None) -> FoundServer | None:
    """Find one server by its id; None if the bot has never been in it."""
    moment = now or utc_now()
    guild = select(*GUILD_COLUMNS).where(col(Guild.id) == guild_id)
    row = (await session.execute(_build_details_query(guild, moment))).one_or_none()
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


def _build_details_query(guilds: Select[Any], now: datetime) -> Select[Any]:
    """Build the query of the details of the servers that a query with `GUILD_COLUMNS` selects, the largest first."""
    guild = guilds.subquery("guild")
    tier = lateral(build_current_tier_query(guild.c.id, now)).alias("current_tier")
    return (
        sa_select(
            guild,
            func.coalesce(tier.c.tier_key, TierKey.FREE.value).label("tier"),
            tier.c.ends_at.label("tier_ends"),
            func.coalesce(col(GuildActivity.events), 0).label("events"),
            col(GuildActivity.last_event_at).label("last_event_at"),
            _build_gap_condition(guild.c.id).label("has_gap"),
        )
        .outerjoin(GuildActivity, col(GuildActivity.guild_id) == guild.c.id)
        .outerjoin(tier, true())
        .order_by(guild.c.member_count.desc(), guild.c.id.desc())
    )


def _build_gap_condition(guild_id: Any) -> ColumnElement[bool]:
    return exists().where(col(CollectionGap.guild_id) == guild_id, col(CollectionGap.to_at).is_(None))


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


def _build_indexed_match(text: str) -> ColumnElement[bool]:
    """Build the same condition so that PostgreSQL uses the indexes instead of going through all servers by size."""
    matches = select(Guild.id).where(_build_match(text)).cte("matches").prefix_with("MATERIALIZED")
    return col(Guild.id).in_(select(matches.c.id))


def _build_conditions(criteria: ServerFilter, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    is_member, is_silent = col(Guild.left_at).is_(None), col(Guild.is_silent)
    if criteria.tier is not None:
        conditions.append(build_has_tier_condition(col(Guild.id), criteria.tier, now))
    if criteria.size is not None:
        low, high = SIZE_BOUNDS[criteria.size]
        conditions.append(and_(col(Guild.member_count) >= low, col(Guild.member_count) < high))
    match criteria.activity:
        case ServerActivity.ACTIVE:
            conditions.append(~is_silent)
        case ServerActivity.SILENT:
            conditions.append(and_(is_silent))
    match criteria.trouble:
        case ServerTrouble.LEFT:
            conditions.append(~is_member)
        case ServerTrouble.GAP:
            conditions.append(is_member & _build_gap_condition(col(Guild.id)))
        case ServerTrouble.NO_EVENTS:
            conditions.append(is_member & is_silent & (col(Guild.joined_at) < now - SILENCE))
    return conditions


def _to_server(row: Row[Any], now: datetime) -> FoundServer:
    return FoundServer(
        id=row.id,
        name=row.name,
        icon=row.icon,
        owner_id=row.owner_id,
        member_count=row.member_count,
        tier=row.tier,
        tier_ends=row.tier_ends,
        events=row.events,
        last_event_at=row.last_event_at,
        joined_at=row.joined_at,
        left_at=row.left_at,
        trouble=tuple(_list_trouble(row, now)),
    )


def _list_trouble(row: Row[Any], now: datetime) -> list[ServerTrouble]:
    if row.left_at is not None:
        return [ServerTrouble.LEFT]
    trouble = [ServerTrouble.GAP] if row.has_gap else []
    if not row.events and row.joined_at < now - SILENCE:
        trouble.append(ServerTrouble.NO_EVENTS)
    return trouble
