"""Widgets of guilds: create, change, switch on and off, revoke. Every change is in the guild's audit log.

Every change publishes a policy change of the guild, so that all processes forget at once what they know of its widgets.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.models import Guild, Widget, WidgetValue
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services import widget_texts as texts
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import SettingKind, SettingValue, apply_change, lock_guild
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.rule_targets import require_places
from herwa_shared.services.widget_settings import WidgetSettings, parse_widget_settings, read_widget_settings

PUBLIC_ID_BYTES = 16
PUBLIC_ID_LENGTH = 22
MAX_REVOKED_LISTED = 50


class WidgetLimitReached(Forbidden):
    """The guild has as many widgets as its tier allows."""

    code = "widget_limit_reached"


@dataclass(frozen=True, slots=True)
class WidgetStatus:
    """A widget of a guild, or its public page.

    `position` is its number among the guild's widgets that are not revoked, from 1 on; 0 for a page and for a revoked
    widget. Widgets whose position is beyond the tier's number are hidden.
    """

    id: int
    guild_id: int
    public_id: str
    is_page: bool
    settings: WidgetSettings
    position: int
    created_at: datetime
    revoked_at: datetime | None

    def is_within(self, limit: int | None) -> bool:
        """Return whether the tier's number of widgets includes this one. A page does not count."""
        return self.is_page or limit is None or 0 < self.position <= limit

    def is_shown(self, limit: int | None) -> bool:
        """Return whether visitors see it, as far as its guild decides: on, not revoked, within the number."""
        return self.settings.is_on and self.revoked_at is None and self.is_within(limit)


@dataclass(frozen=True, slots=True)
class PublicWidget:
    """A widget with what its card names: the guild, and the zone in which its days are counted."""

    status: WidgetStatus
    guild_name: str
    timezone: str | None
    week_start: int


@dataclass(frozen=True, slots=True)
class WidgetAllowance:
    """The number of widgets that are not revoked, and the tier's number; None is unlimited."""

    used: int
    limit: int | None

    @property
    def is_used_up(self) -> bool:
        """Whether no widget can be created."""
        return self.limit is not None and self.used >= self.limit


async def create_widget(
    session: AsyncSession, *, guild_id: int, value: Mapping[str, Any], actor: Actor, is_page: bool = False
) -> WidgetStatus:
    """Create a widget, or the guild's public page. It is off unless its settings switch it on.

    Raises BadRequest for invalid settings, WidgetLimitReached, and NotFound for an unknown guild.
    """
    settings = parse_widget_settings(value)
    await lock_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    await require_places(session, guild_id, settings.channel_ids)
    if is_page:
        existing = await find_page(session, guild_id=guild_id)
        if existing is not None:
            return existing
    else:
        allowance = await load_widget_allowance(session, guild_id=guild_id)
        if allowance.is_used_up:
            raise WidgetLimitReached(texts.format_widget_limit(allowance.limit or 0))
    row = Widget(
        guild_id=guild_id,
        public_id=secrets.token_urlsafe(PUBLIC_ID_BYTES),
        is_page=is_page,
        settings=settings.to_value(),
    )
    session.add(row)
    await session.flush()
    await publish_policy_change(session, guild_id=guild_id)
    await audit.record(
        session, actor, "widget.create", guild_id=guild_id, target=f"{row.id}", after=settings.to_value()
    )
    assert row.id is not None
    return await get_widget(session, guild_id=guild_id, widget_id=row.id)


async def get_or_create_page(session: AsyncSession, *, guild_id: int, actor: Actor) -> WidgetStatus:
    """Return the public page of a guild; create it, switched off, if there is none."""
    value = {"name": texts.PUBLIC_PAGE}
    return await create_widget(session, guild_id=guild_id, value=value, actor=actor, is_page=True)


async def change_widget(
    session: AsyncSession, *, guild_id: int, widget_id: int, value: Mapping[str, Any], actor: Actor
) -> int | None:
    """Change settings of a widget; those that `value` does not name stay. Returns the id of the audit entry, or None.

    Raises BadRequest for invalid settings and for a revoked widget, and NotFound.
    """
    await lock_guild(session, guild_id)
    current = await get_widget(session, guild_id=guild_id, widget_id=widget_id)
    if current.revoked_at is not None:
        raise BadRequest(texts.WIDGET_REVOKED)
    settings = parse_widget_settings({**current.settings.to_value(), **value})
    await require_places(session, guild_id, settings.channel_ids)
    return await apply_change(
        session, WIDGET_SETTING, guild_id=guild_id, target=f"{widget_id}", value=settings.to_value(), actor=actor
    )


async def revoke_widget(session: AsyncSession, *, guild_id: int, widget_id: int, actor: Actor) -> WidgetStatus:
    """Revoke a widget at once and for ever; idempotent. Raises NotFound."""
    await lock_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    row = await _require_row(session, guild_id, widget_id)
    if row.revoked_at is None:
        row.revoked_at = utc_now()
        await session.flush()
        await session.execute(delete(WidgetValue).where(col(WidgetValue.widget_id) == widget_id))
        await publish_policy_change(session, guild_id=guild_id)
        await audit.record(
            session, actor, "widget.revoke", guild_id=guild_id, target=f"{widget_id}", before=dict(row.settings)
        )
    return await get_widget(session, guild_id=guild_id, widget_id=widget_id)


async def list_widgets(session: AsyncSession, *, guild_id: int) -> tuple[WidgetStatus, ...]:
    """List the widgets of a guild, without its page: oldest first, then those that were revoked last."""
    query = select(Widget).where(col(Widget.guild_id) == guild_id, ~col(Widget.is_page))
    current = await session.scalars(query.where(col(Widget.revoked_at).is_(None)).order_by(col(Widget.id)))
    revoked = await session.scalars(
        query.where(col(Widget.revoked_at).is_not(None))
        .order_by(col(Widget.revoked_at).desc())
        .limit(MAX_REVOKED_LISTED)
    )
    return (
        *(_to_status(row, position) for position, row in enumerate(current.all(), 1)),
        *(_to_status(row, 0) for row in revoked.all()),
    )


async def find_page(session: AsyncSession, *, guild_id: int) -> WidgetStatus | None:
    """Find the public page of a guild; None if it was never switched on, or is revoked."""
    query = select(Widget).where(col(Widget.guild_id) == guild_id, col(Widget.is_page))
    row = await session.scalar(query.where(col(Widget.revoked_at).is_(None)))
    return None if row is None else _to_status(row, 0)


async def get_widget(session: AsyncSession, *, guild_id: int, widget_id: int) -> WidgetStatus:
    """Get a widget or the page of a guild. Raises NotFound."""
    row = await _require_row(session, guild_id, widget_id)
    return _to_status(row, await _count_position(session, row))


async def find_public_widget(session: AsyncSession, *, public_id: str) -> PublicWidget | None:
    """Find a widget by its public id, also one that visitors do not see; None if the bot has left its guild."""
    query = select(Widget, Guild.name, Guild.timezone, Guild.week_start).join(
        Guild, col(Guild.id) == col(Widget.guild_id)
    )
    query = query.where(col(Widget.public_id) == public_id, col(Guild.left_at).is_(None))
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    row, name, timezone, week_start = found
    return PublicWidget(_to_status(row, await _count_position(session, row)), name, timezone, week_start)


async def load_widget_allowance(session: AsyncSession, *, guild_id: int) -> WidgetAllowance:
    """Load how many widgets a guild has and may have."""
    policy = await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))
    query = select(func.count()).where(
        col(Widget.guild_id) == guild_id, ~col(Widget.is_page), col(Widget.revoked_at).is_(None)
    )
    limit = resolve_entitlement(policy, utc_now().timestamp()).limits.get(Limit.WIDGETS, 0)
    return WidgetAllowance(await session.scalar(query) or 0, limit)


async def _require_row(session: AsyncSession, guild_id: int, widget_id: int) -> Widget:
    row = await session.get(Widget, widget_id, populate_existing=True)
    if row is None or row.guild_id != guild_id:
        raise NotFound(texts.UNKNOWN_WIDGET)
    return row


async def _count_position(session: AsyncSession, row: Widget) -> int:
    if row.is_page or row.revoked_at is not None:
        return 0
    query = select(func.count()).where(
        col(Widget.guild_id) == row.guild_id,
        ~col(Widget.is_page),
        col(Widget.revoked_at).is_(None),
        col(Widget.id) <= row.id,
    )
    return await session.scalar(query) or 0


def _to_status(row: Widget, position: int) -> WidgetStatus:
    assert row.id is not None
    return WidgetStatus(
        row.id,
        row.guild_id,
        row.public_id,
        row.is_page,
        read_widget_settings(row.settings),
        position,
        row.created_at,
        row.revoked_at,
    )


async def _read(session: AsyncSession, guild_id: int, target: str) -> SettingValue | None:
    """Read the settings of a widget; a revoked one has none."""
    row = await session.get(Widget, int(target), populate_existing=True)
    if row is None or row.guild_id != guild_id or row.revoked_at is not None:
        return None
    return read_widget_settings(row.settings).to_value()


async def _write(session: AsyncSession, guild_id: int, target: str, value: SettingValue | None, _actor: Actor) -> None:
    assert value is not None, "a widget is revoked by revoke_widget"
    row = await _require_row(session, guild_id, int(target))
    row.settings = parse_widget_settings(value).to_value()
    await session.flush()


WIDGET_SETTING = SettingKind(
    read=_read,
    write=_write,
    get_action=lambda _before, _after: "widget.set",
    format_title=lambda _target, value: texts.format_widget_title(str((value or {}).get("name", ""))),
)
