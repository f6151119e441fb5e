"""Database cache of a user's guilds, permissions and roles: load, save and invalidate.

A generation counter per user keeps a response that was fetched before an invalidation from being saved after it.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, exists, select

from herwa_shared.auth.discord_oauth import UserGuildPayload
from herwa_shared.demo_guild import DEMO_GUILD_ID, DEMO_GUILD_NAME, DEMO_MEMBER_COUNT
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.models import Guild, User, UserGuild
from herwa_shared.models.columns import matches_any

Invalidation = tuple[int, int | None]
"""A guild id and the id of the affected user; None for all users of the guild."""


@dataclass(frozen=True, slots=True)
class UserGuildInfo:
    """A guild and the user's permissions (Discord's bits) in it.

    `has_bot`: whether the bot is in it.
    """

    id: int
    name: str
    icon: str | None
    owner: bool
    permissions: int
    has_bot: bool
    member_count: int

    @property
    def is_administrator(self) -> bool:
        """Whether the user owns the guild or has Administrator; access rules do not apply to them."""
        return self.owner or bool(self.permissions & ADMINISTRATOR)

    @property
    def can_manage(self) -> bool:
        """Whether the user is an administrator or has the permission Manage Server."""
        return self.is_administrator or bool(self.permissions & MANAGE_GUILD)


@dataclass(frozen=True, slots=True)
class CachedGuilds:
    """The cached guilds of a user; `fetched_at` is None if never fetched or invalidated since."""

    fetched_at: datetime | None
    generation: int
    guilds: tuple[UserGuildInfo, ...]


@dataclass(frozen=True, slots=True)
class CachedRoles:
    """The cached roles of a user in one guild; `role_ids` is None if not fetched yet.

    `fetched_at` and `generation` are those of the user's guilds, so both expire together.
    """

    fetched_at: datetime | None
    generation: int
    role_ids: frozenset[int] | None


async def load_cached_guilds(session: AsyncSession, *, user_id: int) -> CachedGuilds:
    """Load the cached guilds of a user, sorted by name.

    Where the bot is in the guild, name, icon and member count are the newer ones that the bot received.
    """
    result = await session.execute(
        select(User.guilds_fetched_at, User.guilds_generation, UserGuild, Guild)
        .outerjoin(UserGuild, col(UserGuild.user_id) == col(User.id))
        .outerjoin(Guild, (col(Guild.id) == col(UserGuild.guild_id)) & col(Guild.left_at).is_(None))
        .where(col(User.id) == user_id)
    )
    rows = result.all()
    if not rows:
        return CachedGuilds(None, 0, ())
    guilds = [_to_user_guild_info(user_guild, guild) for _, _, user_guild, guild in rows if user_guild is not None]
    fetched_at, generation = rows[0][:2]
    return CachedGuilds(
        fetched_at, generation, tuple(sorted(guilds, key=lambda guild: (guild.name.casefold(), guild.id)))
    )


async def get_guild_as_outsider(session: AsyncSession, *, guild_id: int) -> UserGuildInfo:
    """Return the demo guild, or one that the bot is or was in, without any permissions. Raises NoResultFound."""
    if guild_id == DEMO_GUILD_ID:
        return UserGuildInfo(
            guild_id, DEMO_GUILD_NAME, None, owner=False, permissions=0, has_bot=True, member_count=DEMO_MEMBER_COUNT
        )
    guild = await session.get_one(Guild, guild_id)
    return UserGuildInfo(
        id=guild.id,
        name=guild.name,
        icon=guild.icon,
        owner=False,
        permissions=0,
        has_bot=guild.left_at is None,
        member_count=guild.member_count,
    )


async def save_user_guilds(
    session: AsyncSession, *, user_id: int, guilds: Sequence[UserGuildPayload], generation: int, fetched_at: datetime
) -> bool:
    """Replace the cached guilds of a user, if `generation` is still current.

    Returns False, and saves nothing, when a change was reported since `generation` was read.
    """
    statement = (
        update(User)
        .where(col(User.id) == user_id, col(User.guilds_generation) == generation)
        .values(guilds_fetched_at=fetched_at)
    )
    if (await session.execute(statement.returning(col(User.id)))).first() is None:
        return False
    await session.execute(delete(UserGuild).where(col(UserGuild.user_id) == user_id))
    if guilds:
        await session.execute(insert(UserGuild), [_to_row(user_id, guild) for guild in guilds])
    return True


async def load_cached_roles(session: AsyncSession, *, user_id: int, guild_id: int) -> CachedRoles | None:
    """Load the cached roles of a user in one guild.

    Returns None if the guild is not among their cached guilds.
    """
    row = (
        await session.execute(
            select(User.guilds_fetched_at, User.guilds_generation, UserGuild.role_ids)
            .join(UserGuild, col(UserGuild.user_id) == col(User.id))
            .where(col(User.id) == user_id, col(UserGuild.guild_id) == guild_id)
        )
    ).one_or_none()
    if row is None:
        return None
    fetched_at, generation, role_ids = row
    return CachedRoles(fetched_at, generation, None if role_ids is None else frozenset(role_ids))


async def save_user_roles(
    session: AsyncSession, *, user_id: int, guild_id: int, role_ids: Collection[int], cached: CachedRoles
) -> bool:
    """Cache the roles of a user in one guild, if `cached` is still current.

    Returns False, and saves nothing, when a change was reported or the guilds were fetched again since `cached` was
    loaded.
    """
    is_current = exists().where(
        col(User.id) == user_id,
        col(User.guilds_generation) == cached.generation,
        col(User.guilds_fetched_at) == cached.fetched_at,
    )
    statement = update(UserGuild).where(
        col(UserGuild.user_id) == user_id, col(UserGuild.guild_id) == guild_id, is_current
    )
    result = await session.execute(statement.values(role_ids=sorted(role_ids)).returning(col(UserGuild.guild_id)))
    return result.first() is not None


async def invalidate_guild_access(session: AsyncSession, *, guild_id: int, user_id: int | None = None) -> None:
    """Invalidate the cache of one user, or of all users who have this guild cached.

    Increments their generation, so that a response fetched before is not saved after.
    """
    statement = update(User).values(guilds_fetched_at=None, guilds_generation=User.guilds_generation + 1)
    if user_id is None:
        member_ids = select(UserGuild.user_id).where(col(UserGuild.guild_id) == guild_id)
        await session.execute(statement.where(col(User.id).in_(member_ids)))
    else:
        await session.execute(statement.where(col(User.id) == user_id))


async def invalidate_many(session: AsyncSession, invalidations: Collection[Invalidation]) -> None:
    """Apply many invalidations. One query filters out users who never logged in."""
    user_ids = [user_id for _, user_id in invalidations if user_id is not None]
    known_query = select(User.id).where(matches_any(User.id, user_ids))
    known_ids = set((await session.execute(known_query)).scalars()) if user_ids else set()
    for guild_id, user_id in invalidations:
        if user_id is None or user_id in known_ids:
            await invalidate_guild_access(session, guild_id=guild_id, user_id=user_id)


def _to_row(user_id: int, guild: UserGuildPayload) -> dict[str, Any]:
    values = asdict(guild)
    return {"user_id": user_id, "guild_id": values.pop("id"), **values}


def _to_user_guild_info(user_guild: UserGuild, guild: Guild | None) -> UserGuildInfo:
    source = guild or user_guild
    return UserGuildInfo(
        id=user_guild.guild_id,
        name=source.name,
        icon=source.icon,
        owner=user_guild.owner,
        permissions=user_guild.permissions,
        has_bot=guild is not None,
        member_count=source.member_count,
    )
