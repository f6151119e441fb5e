"""View as: an operator opens the pages of a server as its owner sees them, read-only, for an hour at most.

The server's own audit log has an entry with the reason. Only pages load a view; every change asks Discord for the
rights of the user again, which knows nothing of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.auth.operators import Operator
from herwa_shared.auth.user_guilds import UserGuildInfo
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import ADMINISTRATOR
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import Guild, OperatorView
from herwa_shared.operators.audit import record_server_act
from herwa_shared.operators.server_changes import clean_reason
from herwa_shared.operators.texts import ALREADY_MANAGED, UNKNOWN_SERVER
from herwa_shared.services import audit
from herwa_shared.services.audit import Actor

MAX_VIEW_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ActiveView:
    """A server that an operator views as its owner sees it, until `ends_at`."""

    guild: UserGuildInfo
    ends_at: datetime


async def start_view(
    session: AsyncSession, operator: Operator, *, guild_id: int, managed_ids: frozenset[int], reason: str, actor: Actor
) -> ActiveView:
    """Start to view a server, and end another view of the operator. `managed_ids` are servers that they manage.

    Raises NotFound for a server without the bot, BadRequest without a reason, or for a server that they manage.
    """
    cleaned_reason = clean_reason(reason)
    guild = await session.get(Guild, guild_id)
    if guild is None or guild.left_at is not None:
        raise NotFound(UNKNOWN_SERVER)
    if guild_id in managed_ids:
        raise BadRequest(ALREADY_MANAGED)
    now = utc_now()
    await audit.lock_chain(session, guild_id=guild_id)
    await _end_views(session, operator.user_id, now)
    session.add(
        OperatorView(
            user_id=operator.user_id,
            guild_id=guild_id,
            reason=cleaned_reason,
            began_at=now,
            ends_at=now + MAX_VIEW_TIME,
        )
    )
    values: dict[str, Any] = {"ends": now + MAX_VIEW_TIME}
    await audit.record(
        session, actor, "operator.view", guild_id=guild_id, target="pages", after=values, reason=cleaned_reason
    )
    await record_server_act(session, actor, "server.view", guild_id=guild_id, values=values, reason=cleaned_reason)
    return ActiveView(_build_guild(guild), now + MAX_VIEW_TIME)


async def stop_view(session: AsyncSession, *, user_id: int) -> None:
    """End the view of an operator, if there is one."""
    await _end_views(session, user_id, utc_now())


async def find_view(session: AsyncSession, *, user_id: int, now: datetime) -> ActiveView | None:
    """Find what an operator views; None without a view, and after its end."""
    row = (
        await session.execute(
            select(Guild, OperatorView.ends_at)
            .join(OperatorView, col(OperatorView.guild_id) == col(Guild.id))
            .where(col(OperatorView.user_id) == user_id, col(OperatorView.ended_at).is_(None))
            .where(col(OperatorView.ends_at) > now, col(Guild.left_at).is_(None))
            .order_by(col(OperatorView.id).desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else ActiveView(_build_guild(row[0]), row[1])


async def _end_views(session: AsyncSession, user_id: int, now: datetime) -> None:
    is_open = (col(OperatorView.user_id) == user_id) & col(OperatorView.ended_at).is_(None)
    await session.execute(update(OperatorView).where(is_open, col(OperatorView.ends_at) > now).values(ended_at=now))


def _build_guild(guild: Guild) -> UserGuildInfo:
    """Build the guild as its owner has it, who passes every access rule."""
    return UserGuildInfo(
        id=guild.id,
        name=guild.name,
        icon=guild.icon,
        owner=True,
        permissions=ADMINISTRATOR,
        member_count=guild.member_count,
        has_bot=True,
    )
