"""Directory: guilds, channels and members as last received from Discord; maps ids to names."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, BigInteger, func, literal, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES
from herwa_shared.models import Channel, Guild, GuildMembership, Member
from herwa_shared.models.columns import matches_any
from herwa_shared.services.api_keys import end_keys_of_left_guilds

UPSERT_BATCH_ROWS = 1000  # between batches, other coroutines can run


@dataclass(frozen=True, slots=True)
class GuildData:
    """A guild as parsed from a GUILD_CREATE or GUILD_UPDATE event."""

    id: int
    name: str
    owner_id: int
    icon: str | None
    member_count: int
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class ChannelData:
    """A channel, category or thread; see `models.directory.Channel`."""

    id: int
    guild_id: int
    parent_id: int | None
    kind: int
    name: str
    position: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class MemberData:
    """A member of a guild; `joined_at` is None if the event did not contain it. `seen_at` is when it was received."""

    guild_id: int
    user_id: int
    name: str
    bot: bool
    joined_at: datetime | None = None
    seen_at: datetime = field(default_factory=utc_now, compare=False)


async def save_guilds(session: AsyncSession, guilds: Sequence[GuildData]) -> None:
    """Upsert guilds that the bot is in, and their memberships.

    If a guild's earlier membership is still open, it ends when the new one starts.
    """
    rows = [{**asdict(guild), "left_at": None, "seen_at": utc_now()} for guild in guilds]
    await _upsert(session, Guild, rows, key=["id"])
    memberships = [{"guild_id": guild.id, "joined_at": guild.joined_at, "left_at": None} for guild in guilds]
    await _upsert(session, GuildMembership, memberships, key=["guild_id", "joined_at"])
    await session.execute(
        update(GuildMembership)
        .where(
            matches_any(GuildMembership.guild_id, [guild.id for guild in guilds]),
            col(GuildMembership.left_at).is_(None),
        )
        .where(col(GuildMembership.guild_id) == col(Guild.id), col(GuildMembership.joined_at) < col(Guild.joined_at))
        .values(left_at=Guild.joined_at)
    )


async def save_channels(session: AsyncSession, channels: Sequence[ChannelData]) -> None:
    """Upsert channels. Their guilds must exist."""
    await _upsert(session, Channel, [asdict(channel) for channel in channels], key=["id"])


async def save_members(session: AsyncSession, members: Sequence[MemberData]) -> None:
    """Upsert members. Their guilds must exist.

    A `joined_at` of None leaves the stored value unchanged.
    """
    rows = [asdict(member) for member in members]
    rows_without_join = [row for row in rows if row["joined_at"] is None]
    for row in rows_without_join:
        del row["joined_at"]
    await _upsert(session, Member, [row for row in rows if "joined_at" in row], key=["guild_id", "user_id"])
    await _upsert(session, Member, rows_without_join, key=["guild_id", "user_id"])


async def mark_channels_deleted(session: AsyncSession, channel_ids: Collection[int]) -> None:
    """Mark channels as deleted; their rows remain, because their history needs the names."""
    await session.execute(update(Channel).where(matches_any(Channel.id, channel_ids)).values(deleted=True))


async def mark_missing_channels(session: AsyncSession, listed: Mapping[int, Collection[int]]) -> None:
    """Mark the channels of these guilds as deleted that Discord does not list.

    `listed` maps guild ids to listed channel ids. Threads are skipped, as Discord does not list archived threads.
    """
    listed_id = func.unnest(
        literal([channel_id for channel_ids in listed.values() for channel_id in channel_ids], ARRAY(BigInteger))
    ).column_valued("here")
    statement = (
        update(Channel)
        .where(
            matches_any(Channel.guild_id, listed),
            col(Channel.deleted).is_(False),
            col(Channel.kind).not_in(THREAD_CHANNEL_TYPES),
        )
        .where(~select(listed_id).where(listed_id == col(Channel.id)).exists())
    )
    await session.execute(statement.values(deleted=True))


async def mark_guilds_left(session: AsyncSession, guild_ids: Collection[int]) -> None:
    """Mark guilds as left after the bot was removed from them; ends their open memberships and their API keys."""
    now = utc_now()
    await end_keys_of_left_guilds(session, guild_ids)
    await session.execute(update(Guild).where(matches_any(Guild.id, guild_ids)).values(left_at=now))
    open_memberships = update(GuildMembership).where(
        matches_any(GuildMembership.guild_id, guild_ids), col(GuildMembership.left_at).is_(None)
    )
    await session.execute(open_memberships.values(left_at=now))


async def list_guilds(session: AsyncSession) -> Sequence[Guild]:
    """List all guilds that the bot is or was in, sorted by name."""
    return (await session.execute(select(Guild).order_by(Guild.name, col(Guild.id)))).scalars().all()


async def get_timezone(session: AsyncSession, *, guild_id: int) -> ZoneInfo:
    """Get the time zone of a guild; UTC if it has set none or is unknown."""
    name = await session.scalar(select(Guild.timezone).where(col(Guild.id) == guild_id))
    return ZoneInfo(name or "UTC")


async def get_owner_id(session: AsyncSession, *, guild_id: int) -> int:
    """Get the id of a guild's owner; 0 for an unknown guild."""
    return await session.scalar(select(Guild.owner_id).where(col(Guild.id) == guild_id)) or 0


async def set_timezone(session: AsyncSession, *, guild_id: int, zone: ZoneInfo) -> None:
    """Set a guild's time zone: the default for the day and hour boundaries of its statistics."""
    await session.execute(update(Guild).where(col(Guild.id) == guild_id).values(timezone=zone.key))


async def _upsert(session: AsyncSession, table: type[SQLModel], rows: list[dict[str, Any]], *, key: list[str]) -> None:
    """Upsert rows in batches; all rows must have the same columns.

    A row whose values are unchanged (except `seen_at`) is not written, because every start sends all rows.
    """
    if not rows:
        return
    statement = insert(table)
    updated_names = [name for name in rows[0] if name not in key]
    compared_names = [name for name in updated_names if name != "seen_at"]
    columns = tuple_(*(getattr(table, name) for name in compared_names))
    upsert = statement.on_conflict_do_update(
        index_elements=key,
        set_={name: statement.excluded[name] for name in updated_names},
        where=columns.is_distinct_from(tuple_(*(statement.excluded[name] for name in compared_names))),
    )
    connection = await session.connection()
    for start in range(0, len(rows), UPSERT_BATCH_ROWS):
        await connection.execute(upsert, rows[start : start + UPSERT_BATCH_ROWS])
