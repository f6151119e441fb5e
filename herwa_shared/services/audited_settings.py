"""Change a guild's settings: write, publish the policy change, record an undoable entry.

Each kind of setting (feature, module, access rule, channel list) is described by a `SettingKind`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg
from sqlalchemy import func
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import HerwaError, NotFound
from herwa_shared.models import Guild
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit, texts
from herwa_shared.services.audit import Actor

LOCK_TIMEOUT_MS = 5_000

SettingValue = Mapping[str, Any]
"""The value of a setting as plain JSON. Where None is allowed, it means that the setting does not exist."""


class SettingsBusy(HerwaError):
    """Another change holds the lock of the guild's settings. Nothing was changed."""

    code = "settings_busy"
    status = 409
    message = texts.SETTINGS_BUSY


class SettingWriter(Protocol):
    """Stores the value of a setting; None deletes the setting."""

    def __call__(
        self, session: AsyncSession, guild_id: int, target: str, value: SettingValue | None, actor: Actor, /
    ) -> Awaitable[None]: ...


def _keep_unchanged(value: SettingValue) -> SettingValue:
    return value


@dataclass(frozen=True, slots=True)
class SettingKind:
    """How a kind of setting is read, written and described.

    Settings are identified by a `target` text. `get_action` returns the audit action of a change from its value
    before and after. `format_title` returns the name of a setting for use within a sentence. `redact` wraps in
    `PersonalValue` what the audit log must be able to erase.
    """

    read: Callable[[AsyncSession, int, str], Awaitable[SettingValue | None]]
    write: SettingWriter
    get_action: Callable[[SettingValue | None, SettingValue | None], str]
    format_title: Callable[[str, SettingValue | None], str]
    redact: Callable[[SettingValue], SettingValue] = _keep_unchanged


async def lock_guild(session: AsyncSession, guild_id: int) -> None:
    """Lock the guild's settings against concurrent changes until the commit.

    Raises NotFound for an unknown guild, SettingsBusy if another change holds the lock for LOCK_TIMEOUT_MS.
    """
    query = select(Guild.id).where(col(Guild.id) == guild_id).with_for_update(key_share=True)
    try:
        await session.execute(select(func.set_config("lock_timeout", f"{LOCK_TIMEOUT_MS}ms", True)))
        is_known = await session.scalar(query) is not None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != asyncpg.LockNotAvailableError.sqlstate:
            raise
        raise SettingsBusy from error
    if not is_known:
        raise NotFound(texts.UNKNOWN_SERVER)


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
    """Set a setting to `value` and return the id of the audit entry; None if nothing changed.

    The caller holds the guild's lock (`lock_guild`). `undoes` is the id of the audit entry that this change undoes.
    """
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
