"""One change of what a guild has chosen: held, written, announced, audited, and so that it can be undone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import NotFound
from herwa_shared.models import Guild
from herwa_shared.policy_cache.notifications import touch
from herwa_shared.services import audit
from herwa_shared.services.audit import Actor

State = Mapping[str, Any]
"""What one choice is, as plain JSON; None stands for a choice that is not there, as a rule that was removed."""


class Write(Protocol):
    """Make the choice be this, as if it had been chosen; None takes it away."""

    def __call__(
        self, session: AsyncSession, guild_id: int, target: str, state: State | None, actor: Actor, /
    ) -> Awaitable[None]: ...


def _as_it_is(state: State) -> State:
    return state


@dataclass(frozen=True, slots=True)
class Choice:
    """One kind of choice: how it is read and written by its target, and the name of what a change of it is.

    `told` marks what the audit log must be able to forget. `title` is its name within a sentence.
    """

    read: Callable[[AsyncSession, int, str], Awaitable[State | None]]
    write: Write
    action: Callable[[State | None, State | None], str]
    title: Callable[[str, State | None], str]
    told: Callable[[State], State] = _as_it_is


async def hold_guild(session: AsyncSession, guild_id: int) -> None:
    """Until the commit nobody else changes what this guild has chosen. Raises NotFound for one that nobody knows."""
    held = select(Guild.id).where(col(Guild.id) == guild_id).with_for_update(key_share=True)
    if await session.scalar(held) is None:
        raise NotFound("Herwa knows no such server. If it has only just joined, try again in a moment.")


async def change(
    session: AsyncSession,
    choice: Choice,
    *,
    guild_id: int,
    target: str,
    state: State | None,
    actor: Actor,
    reason: str = "",
    undoes: int | None = None,
) -> int | None:
    """The id of the audit entry; None when it was so already. The guild must be held."""
    before = await choice.read(session, guild_id, target)
    if before == state:
        return None
    await choice.write(session, guild_id, target, state, actor)
    await touch(session, guild_id=guild_id)
    return await audit.record(
        session,
        actor,
        choice.action(before, state),
        guild_id=guild_id,
        target=target,
        before=None if before is None else choice.told(before),
        after=None if state is None else choice.told(state),
        reason=reason,
        undoes=undoes,
    )
