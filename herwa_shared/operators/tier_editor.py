"""Change tiers: their features, limits and inheritance, after a preview of how many servers gain or lose what.

A preview makes the change in a savepoint, compares the tiers and rolls back: it validates what a save validates.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, lateral, or_, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Limit, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.models import EntitlementGrant, Guild
from herwa_shared.operators.server_changes import clean_reason
from herwa_shared.services.audit import Actor
from herwa_shared.services.subscriptions import build_current_tier_query
from herwa_shared.services.tiers import (
    TierStatus,
    create_tier,
    delete_tier,
    inherit_tier_limit,
    list_tiers,
    load_feature_titles,
    set_lowest_tier,
    set_tier_feature,
    set_tier_limit,
    set_tier_parent,
    set_tier_sku,
)


class Inherited(StrEnum):
    """Marks a limit that a tier does not set itself."""

    INHERITED = "inherited"


INHERITED: Final = Inherited.INHERITED
LimitChoice = int | None | Inherited
"""The value of a limit in a tier; None is unlimited."""
TierChange = Callable[[AsyncSession], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class TierDraft:
    """What a tier should be.

    `features` are those that it lists itself, `inherits` is the tier that it inherits from, and `sku_id` the id of the
    SKU that sells it in Discord.
    """

    tier: str
    features: frozenset[str]
    limits: Mapping[Limit, LimitChoice]
    inherits: str | None
    sku_id: int | None


@dataclass(frozen=True, slots=True)
class TierEffect:
    """How many servers gain or lose a feature, or get a higher or lower limit (`is_limit`)."""

    key: str
    title: str
    is_limit: bool
    gaining: int
    losing: int

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _ActiveGrant:
    guild_id: int
    tier: str
    feature: str | None
    limit: str | None
    value: int | None


async def count_servers_by_tier(session: AsyncSession, *, now: datetime) -> Mapping[str, int]:
    """Count the servers that the bot is in by their current tier."""
    tier = lateral(build_current_tier_query(col(Guild.id), now)).alias("current_tier")
    tier_key = func.coalesce(tier.c.tier_key, TierKey.FREE.value)
    query = select(tier_key, func.count()).select_from(Guild).outerjoin(tier, true())
    rows = await session.execute(query.where(col(Guild.left_at).is_(None)).group_by(tier_key))
    return {row[0]: row[1] for row in rows}


async def save_tier(session: AsyncSession, draft: TierDraft, *, reason: str, actor: Actor) -> int:
    """Save a tier, each difference as one entry of the operators' log; returns their number.

    Raises NotFound, BadRequest.
    """
    cleaned_reason = clean_reason(reason)
    author: dict[str, Any] = {"actor": actor, "reason": cleaned_reason}
    changes = [await set_tier_parent(session, tier=draft.tier, inherits=draft.inherits, **author)]
    status = next(tier for tier in await list_tiers(session) if tier.key == draft.tier)
    changed_features = (status.own_features - draft.features) | (draft.features - status.features)
    changes += [
        await set_tier_feature(session, tier=draft.tier, feature=feature, included=feature in draft.features, **author)
        for feature in sorted(changed_features)
    ]
    for limit, value in draft.limits.items():
        if isinstance(value, Inherited):
            changes.append(await inherit_tier_limit(session, tier=draft.tier, limit=limit, **author))
        else:
            changes.append(await set_tier_limit(session, tier=draft.tier, limit=limit, value=value, **author))
    changes.append(await set_tier_sku(session, tier=draft.tier, sku_id=draft.sku_id, **author))
    return sum(change is not None for change in changes)


async def add_tier(session: AsyncSession, *, key: str, title: str, above: str, reason: str, actor: Actor) -> None:
    """Create a tier above another one, from which it inherits. Raises NotFound, BadRequest."""
    await create_tier(session, key=key, title=title, above=above, reason=clean_reason(reason), actor=actor)


async def remove_tier(session: AsyncSession, *, tier: str, reason: str, actor: Actor) -> None:
    """Delete a tier that nothing uses. Raises NotFound, BadRequest."""
    await delete_tier(session, tier=tier, reason=clean_reason(reason), actor=actor)


async def save_lowest_tier(session: AsyncSession, *, feature: str, tier: str, reason: str, actor: Actor) -> int | None:
    """Make a tier the lowest one with a feature; None if it is. Raises NotFound, BadRequest."""
    return await set_lowest_tier(session, feature=feature, tier=tier, reason=clean_reason(reason), actor=actor)


async def preview_tier_change(session: AsyncSession, change: TierChange) -> tuple[TierEffect, ...]:
    """Return what a change of tiers does to servers, the largest effect first, and change nothing.

    Raises what `change` raises.
    """
    now = utc_now()
    before = await list_tiers(session)
    savepoint = await session.begin_nested()
    try:
        await change(session)
        await session.flush()
        after = await list_tiers(session)
    finally:
        await savepoint.rollback()
    servers = await count_servers_by_tier(session, now=now)
    grants = await _list_active_grants(session, now)
    titles = await load_feature_titles(session)
    effects = [
        *_compare_features(before, after, servers, grants, titles),
        *_compare_limits(before, after, servers, grants),
    ]
    return tuple(sorted(effects, key=lambda effect: (-effect.losing - effect.gaining, effect.is_limit, effect.key)))


async def _list_active_grants(session: AsyncSession, now: datetime) -> list[_ActiveGrant]:
    """List the features and limits beyond the tier that are in force, with the current tier of the server."""
    tier = lateral(build_current_tier_query(col(Guild.id), now)).alias("current_tier")
    ends_at = col(EntitlementGrant.ends_at)
    rows = await session.execute(
        select(  # type: ignore[call-overload]
            Guild.id,
            func.coalesce(tier.c.tier_key, TierKey.FREE.value),
            EntitlementGrant.feature_key,
            EntitlementGrant.limit_key,
            EntitlementGrant.value,
        )
        .join(EntitlementGrant, col(EntitlementGrant.guild_id) == col(Guild.id))
        .outerjoin(tier, true())
        .where(col(Guild.left_at).is_(None), col(EntitlementGrant.revoked_at).is_(None))
        .where(col(EntitlementGrant.starts_at) <= now, or_(ends_at.is_(None), ends_at > now))
    )
    return [_ActiveGrant(*row) for row in rows]


def _compare_features(
    before: Sequence[TierStatus],
    after: Sequence[TierStatus],
    servers: Mapping[str, int],
    grants: Iterable[_ActiveGrant],
    titles: Mapping[str, str],
) -> list[TierEffect]:
    """Compare the features of each tier. A server that was granted a feature neither gains nor loses it."""
    granted = Counter({(grant.tier, grant.feature): 0 for grant in grants})
    for tier_key, feature_key, _guild_id in {(grant.tier, grant.feature, grant.guild_id) for grant in grants}:
        granted[(tier_key, feature_key)] += 1
    earlier = {tier.key: tier.features for tier in before}
    gaining, losing = Counter[str](), Counter[str]()
    for tier in after:
        for feature in tier.features ^ earlier[tier.key]:
            count = servers.get(tier.key, 0) - granted[(tier.key, feature)]
            (gaining if feature in tier.features else losing)[feature] += count
    return [
        TierEffect(feature, titles.get(feature, feature), False, gaining[feature], losing[feature])
        for feature in sorted({*gaining, *losing})
    ]


def _compare_limits(
    before: Sequence[TierStatus],
    after: Sequence[TierStatus],
    servers: Mapping[str, int],
    grants: Sequence[_ActiveGrant],
) -> list[TierEffect]:
    earlier = {tier.key: tier.limits for tier in before}
    effects = []
    for limit in Limit:
        gaining = losing = 0
        for tier in after:
            old, new = earlier[tier.key].get(limit, 0), tier.limits.get(limit, 0)
            if old == new:
                continue
            granted = _collect_granted_limits(grants, tier.key, limit)
            pairs = [(_pick_higher(old, value), _pick_higher(new, value)) for value in granted.values()]
            pairs += [(old, new)] * (servers.get(tier.key, 0) - len(granted))
            gaining += sum(_is_higher(second, first) for first, second in pairs)
            losing += sum(_is_higher(first, second) for first, second in pairs)
        if gaining or losing:
            effects.append(TierEffect(limit.value, limit.value, True, gaining, losing))
    return effects


def _collect_granted_limits(grants: Iterable[_ActiveGrant], tier: str, limit: Limit) -> dict[int, int | None]:
    granted: dict[int, int | None] = {}
    for grant in grants:
        if grant.tier == tier and grant.limit == limit:
            granted[grant.guild_id] = _pick_higher(granted.get(grant.guild_id, 0), grant.value)
    return granted


def _pick_higher(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else max(first, second)


def _is_higher(first: int | None, second: int | None) -> bool:
    return first != second and (first is None or (second is not None and first > second))
