"""One change of what a guild has chosen: held, written, announced, audited, and so that it can be undone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import NotFound
from herwa_shared.models import Guild
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services.audit import Actor

SettingValue = Mapping[str, Any]
"""What one choice is, as plain JSON; None stands for a choice that is not there, as a rule that was removed."""


class SettingWriter(Protocol):
    """Make the choice be this, as if it had been chosen; None takes it away."""

    def __call__(
        self, session: AsyncSession, guild_id: int, target: str, value: SettingValue | None, actor: Actor, /
    ) -> Awaitable[None]: ...


def _keep_unchanged(value: SettingValue) -> SettingValue:
    return value


@dataclass(frozen=True, slots=True)
class SettingKind:
    """One kind of choice: how it is read and written by its target, and the name of what a change of it is.

    `told` marks what the audit log must be able to forget. `title` is its name within a sentence.
    """

    read: Callable[[AsyncSession, int, str], Awaitable[SettingValue | None]]
    write: SettingWriter
    get_action: Callable[[SettingValue | None, SettingValue | None], str]
    format_title: Callable[[str, SettingValue | None], str]
    redact: Callable[[SettingValue], SettingValue] = _keep_unchanged


async def lock_guild(session: AsyncSession, guild_id: int) -> None:
    """Until the commit nobody else changes what this guild has chosen. Raises NotFound for one that nobody knows."""
    query = select(Guild.id).where(col(Guild.id) == guild_id).with_for_update(key_share=True)
    if await session.scalar(query) is None:
        raise NotFound("Herwa knows no such server. If it has only just joined, try again in a moment.")


async def apply_change(
    session: AsyncSession,
    kind: SettingKind,
    *,
    guild_id: int,
    target: str,
    value: SettingValue | None,
    actor: Actor,
    reason: str = "",
    undoes: int | None = None,
) -> int | None:
    """The id of the audit entry; None when it was so already. The guild must be held."""
    before = await kind.read(session, guild_id, target)
    if before == value:
        return None
    await kind.write(session, guild_id, target, value, actor)
    await publish_policy_change(session, guild_id=guild_id)
    return await audit.record(
        session,
        actor,
        kind.get_action(before, value),
        guild_id=guild_id,
        target=target,
        before=None if before is None else kind.redact(before),
        after=None if value is None else kind.redact(value),
        reason=reason,
        undoes=undoes,
    )
