"""Tiers that servers bought in Discord: apply what Discord lists.

A bought subscription ends only when Discord says so of its entitlement: deleted, or with an end that has passed. An
entitlement that a list lacks changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.discord.entitlements import DiscordEntitlement
from herwa_shared.models import Guild, Subscription, TierRow
from herwa_shared.models.subscriptions import SubscriptionSource
from herwa_shared.services import audit
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.subscriptions import get_current_tier, record_change

SELLER = "Discord"


async def is_selling(session: AsyncSession) -> bool:
    """Return whether a tier is for sale or was ever bought. Otherwise there is nothing to ask Discord."""
    for_sale = select(TierRow.key).where(col(TierRow.sku_id).is_not(None)).limit(1)
    bought = select(Subscription.id).where(col(Subscription.source) == SubscriptionSource.DISCORD).limit(1)
    return await session.scalar(for_sale) is not None or await session.scalar(bought) is not None


async def find_changed_guilds(
    session: AsyncSession, entitlements: Iterable[DiscordEntitlement], *, now: datetime
) -> Mapping[int, Sequence[DiscordEntitlement]]:
    """Return the entitlements that change a subscription, by guild, in the order of the guilds' ids."""
    listed = sorted(entitlements, key=lambda entitlement: (entitlement.guild_id, entitlement.id))
    tiers = await _load_tiers_by_sku(session)
    rows = await session.scalars(select(Subscription).where(col(Subscription.source) == SubscriptionSource.DISCORD))
    bought = {row.external_id: row for row in rows}
    known_guilds = set(await session.scalars(select(Guild.id).where(col(Guild.id).in_({e.guild_id for e in listed}))))
    changed: dict[int, list[DiscordEntitlement]] = {}
    for entitlement in listed:
        if entitlement.guild_id not in known_guilds:
            continue
        row = bought.get(str(entitlement.id))
        if row is None:
            is_change = _is_new(entitlement, tiers, now)
        else:
            is_change = _find_change(row, entitlement, tiers, now) is not None
        if is_change:
            changed.setdefault(entitlement.guild_id, []).append(entitlement)
    return changed


async def save_entitlements(
    session: AsyncSession, *, guild_id: int, entitlements: Iterable[DiscordEntitlement], now: datetime
) -> int:
    """Apply what Discord says of entitlements of one guild; returns how many subscriptions changed.

    Idempotent: repeated, it changes nothing.
    """
    await audit.lock_chain(session, guild_id=guild_id)
    tiers = await _load_tiers_by_sku(session)
    count = 0
    for entitlement in entitlements:
        before = await get_current_tier(session, guild_id=guild_id, now=now)
        row = await session.scalar(
            select(Subscription)
            .where(col(Subscription.external_id) == str(entitlement.id), col(Subscription.guild_id) == guild_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if row is not None:
            action = _find_change(row, entitlement, tiers, now)
            if action is not None:
                _apply(row, entitlement, tiers, now)
        elif _is_new(entitlement, tiers, now):
            action, row = "subscription.buy", _create_row(entitlement, tiers, now)
            session.add(row)
        else:
            action = None
        if action is None or row is None:
            continue
        await session.flush()
        await record_change(session, SYSTEM, action, guild_id, row.tier_key, before=before, now=now)
        count += 1
    return count


async def _load_tiers_by_sku(session: AsyncSession) -> Mapping[int, str]:
    rows = await session.execute(select(TierRow.sku_id, TierRow.key).where(col(TierRow.sku_id).is_not(None)))
    return {row[0]: row[1] for row in rows}


def _is_new(entitlement: DiscordEntitlement, tiers: Mapping[int, str], now: datetime) -> bool:
    """Return whether an unknown entitlement grants a tier; one that has ended needs no row."""
    is_over = entitlement.ends_at is not None and entitlement.ends_at <= max(now, entitlement.starts_at or now)
    return entitlement.sku_id in tiers and not entitlement.is_deleted and not is_over


def _find_change(
    row: Subscription, entitlement: DiscordEntitlement, tiers: Mapping[int, str], now: datetime
) -> str | None:
    """Return the action, for the audit log, by which the row becomes what Discord says; None if it is."""
    if _is_void(row, entitlement):
        has_ended = row.revoked_at is not None or (row.ends_at is not None and row.ends_at <= now)
        return None if has_ended else "subscription.refund"
    if row.revoked_at is not None:
        return "subscription.buy"
    is_same = (row.starts_at, row.ends_at, row.tier_key) == (
        entitlement.starts_at or row.starts_at,
        entitlement.ends_at,
        tiers.get(entitlement.sku_id, row.tier_key),
    )
    return None if is_same else "subscription.change"


def _is_void(row: Subscription, entitlement: DiscordEntitlement) -> bool:
    """Return whether the subscription does not apply any more, whatever the time."""
    starts_at = entitlement.starts_at or row.starts_at
    return entitlement.is_deleted or (entitlement.ends_at is not None and entitlement.ends_at <= starts_at)


def _apply(row: Subscription, entitlement: DiscordEntitlement, tiers: Mapping[int, str], now: datetime) -> None:
    if _is_void(row, entitlement):
        row.revoked_at = now
        return
    row.revoked_at = None
    row.starts_at = entitlement.starts_at or row.starts_at
    row.ends_at = entitlement.ends_at
    row.tier_key = tiers.get(entitlement.sku_id, row.tier_key)
    has_ended = row.ends_at is not None and row.ends_at <= now
    row.expired_at = now if has_ended else None  # the entry of this change records the end


def _create_row(entitlement: DiscordEntitlement, tiers: Mapping[int, str], now: datetime) -> Subscription:
    return Subscription(
        guild_id=entitlement.guild_id,
        tier_key=tiers[entitlement.sku_id],
        source=SubscriptionSource.DISCORD,
        starts_at=entitlement.starts_at or now,
        ends_at=entitlement.ends_at,
        granted_by=SELLER,
        external_id=str(entitlement.id),
        created_at=now,
    )
