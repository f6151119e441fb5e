"""The guilds of a user as Discord last told them: kept, read, doubted.

Changes of rights that the gateway reports, many at a time: what Discord said before them is no longer good.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, delete, insert, literal, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, exists, select

from herwa_shared.auth.discord_oauth import GuildTold
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD, VIEW_GUILD_INSIGHTS
from herwa_shared.models import Guild, User, UserGuild


@dataclass(frozen=True, slots=True)
class OwnGuild:
    """A guild of a user, with or without the bot, and what the user is there; `permissions` are Discord's bits."""

    id: int
    name: str
    icon: str | None
    owner: bool
    permissions: int
    bot_is_in: bool
    member_count: int

    @property
    def is_administrator(self) -> bool:
        """They own it, or are an administrator of it: no access rule reaches them."""
        return self.owner or bool(self.permissions & ADMINISTRATOR)

    @property
    def manages(self) -> bool:
        """They are an administrator of it, or have Manage Server."""
        return self.is_administrator or bool(self.permissions & MANAGE_GUILD)

    @property
    def sees_members(self) -> bool:
        """Discord itself shows them statistics of members."""
        return self.manages or bool(self.permissions & VIEW_GUILD_INSIGHTS)


@dataclass(frozen=True, slots=True)
class Told:
    """What Discord told at `at`; None: it was never asked, or what it said is in doubt since."""

    at: datetime | None
    doubted: int
    guilds: tuple[OwnGuild, ...]


@dataclass(frozen=True, slots=True)
class ToldRoles:
    """The user's roles in one guild, None when not asked yet; as good as the guilds that Discord told at `at`."""

    at: datetime | None
    doubted: int
    role_ids: frozenset[int] | None


async def told_guilds(session: AsyncSession, *, user_id: int) -> Told:
    """What we know of this user's guilds, by name; where the bot is, names and numbers are its newer ones."""
    user = (
        await session.execute(select(User.guilds_asked_at, User.guilds_doubted).where(col(User.id) == user_id))
    ).one_or_none()
    if user is None:
        return Told(None, 0, ())
    rows = await session.execute(
        select(UserGuild, Guild)
        .outerjoin(Guild, (col(Guild.id) == col(UserGuild.guild_id)) & col(Guild.left_at).is_(None))
        .where(col(UserGuild.user_id) == user_id)
    )
    guilds = [_own_guild(mine, known) for mine, known in rows]
    return Told(user[0], user[1], tuple(sorted(guilds, key=lambda guild: (guild.name.casefold(), guild.id))))


async def guild_of(session: AsyncSession, *, guild_id: int) -> OwnGuild:
    """A guild that the bot is or was in, as one sees it who is nobody there."""
    known = await session.get_one(Guild, guild_id)
    return OwnGuild(
        id=known.id,
        name=known.name,
        icon=known.icon,
        owner=False,
        permissions=0,
        bot_is_in=known.left_at is None,
        member_count=known.member_count,
    )


async def keep_guilds(
    session: AsyncSession, *, user_id: int, guilds: Sequence[GuildTold], doubted: int, at: datetime
) -> bool:
    """Keep what Discord answered to a question of `at`; False when a change was reported since it was asked."""
    believed = (
        update(User).where(col(User.id) == user_id, col(User.guilds_doubted) == doubted).values(guilds_asked_at=at)
    )
    if (await session.execute(believed.returning(col(User.id)))).first() is None:
        return False
    await session.execute(delete(UserGuild).where(col(UserGuild.user_id) == user_id))
    if guilds:
        await session.execute(insert(UserGuild), [_row(user_id, guild) for guild in guilds])
    return True


async def told_roles(session: AsyncSession, *, user_id: int, guild_id: int) -> ToldRoles | None:
    """What we know of this user's roles in one guild; None for a guild that Discord did not tell."""
    found = (
        await session.execute(
            select(User.guilds_asked_at, User.guilds_doubted, UserGuild.role_ids)
            .join(UserGuild, col(UserGuild.user_id) == col(User.id))
            .where(col(User.id) == user_id, col(UserGuild.guild_id) == guild_id)
        )
    ).one_or_none()
    if found is None:
        return None
    at, doubted, role_ids = found
    return ToldRoles(at, doubted, None if role_ids is None else frozenset(role_ids))


async def keep_roles(
    session: AsyncSession, *, user_id: int, guild_id: int, role_ids: Collection[int], asked: ToldRoles
) -> bool:
    """Keep what Discord answered; False when a change was reported, or the guilds were asked anew, since `asked`."""
    believed = exists().where(
        col(User.id) == user_id,
        col(User.guilds_doubted) == asked.doubted,
        col(User.guilds_asked_at) == asked.at,
    )
    keeping = update(UserGuild).where(col(UserGuild.user_id) == user_id, col(UserGuild.guild_id) == guild_id, believed)
    kept = await session.execute(keeping.values(role_ids=sorted(role_ids)).returning(col(UserGuild.guild_id)))
    return kept.first() is not None


async def forget_rights(session: AsyncSession, *, guild_id: int, user_id: int | None = None) -> None:
    """Something changed in this guild, for one user or for all: what Discord said about them is no longer good."""
    doubting = update(User).values(guilds_asked_at=None, guilds_doubted=User.guilds_doubted + 1)
    if user_id is None:
        concerned = select(UserGuild.user_id).where(col(UserGuild.guild_id) == guild_id)
        await session.execute(doubting.where(col(User.id).in_(concerned)))
    else:
        await session.execute(doubting.where(col(User.id) == user_id))


def _row(user_id: int, guild: GuildTold) -> dict[str, Any]:
    told = asdict(guild)
    return {"user_id": user_id, "guild_id": told.pop("id"), **told}


def _own_guild(mine: UserGuild, known: Guild | None) -> OwnGuild:
    newest = known or mine
    return OwnGuild(
        id=mine.guild_id,
        name=newest.name,
        icon=newest.icon,
        owner=mine.owner,
        permissions=mine.permissions,
        bot_is_in=known is not None,
        member_count=newest.member_count,
    )


Doubt = tuple[int, int | None]


async def forget_reported(session: AsyncSession, doubts: Collection[Doubt]) -> None:
    """Each is a guild and the user whom the change concerns, None for all. Users who never logged in cost nothing."""
    users = [user_id for _, user_id in doubts if user_id is not None]
    among = col(User.id) == any_(literal(users, ARRAY(BigInteger)))
    known = set((await session.execute(select(User.id).where(among))).scalars()) if users else set()
    for guild_id, user_id in doubts:
        if user_id is None or user_id in known:
            await forget_rights(session, guild_id=guild_id, user_id=user_id)
