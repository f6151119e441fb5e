"""Tiers that the operator offers: list them, change their features and limits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Limit, TierKey
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import AnnouncementRow, Feature, Module, Subscription, TierFeature, TierLimit, TierRow
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services.audit import Actor
from herwa_shared.services.entitlement_checks import request_check
from herwa_shared.services.policies import load_global_policy
from herwa_shared.services.rule_targets import require_feature

MAX_LIMIT_VALUE = (1 << 63) - 1
TIER_KEY_PATTERN = re.compile(r"[a-z][a-z0-9-]{1,31}")
MAX_TITLE_LENGTH = 64
RANK_DISTANCE = 10
MIN_SKU_ID = 10**16
"""Discord's ids have had at least 17 digits since 2015, before there were SKUs."""


@dataclass(frozen=True, slots=True)
class TierStatus:
    """A tier with inherited features and limits resolved.

    A limit of None is unlimited. `own_features` and `own_limits` are those that the tier lists itself, without
    inherited ones. A tier with a `sku_id` is for sale in Discord.
    """

    key: str
    title: str
    rank: int
    inherits: str | None
    features: frozenset[str]
    limits: Mapping[Limit, int | None]
    own_features: frozenset[str]
    own_limits: frozenset[Limit]
    sku_id: int | None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        return {
            "key": self.key,
            "title": self.title,
            "rank": self.rank,
            "inherits": self.inherits,
            "features": sorted(self.features),
            "limits": {limit.value: value for limit, value in self.limits.items()},
            "own_features": sorted(self.own_features),
            "own_limits": sorted(limit.value for limit in self.own_limits),
            "sku_id": None if self.sku_id is None else str(self.sku_id),
        }


async def list_tiers(session: AsyncSession) -> tuple[TierStatus, ...]:
    """List all tiers, lowest first."""
    global_policy = await load_global_policy(session)
    own_features: dict[str, set[str]] = {}
    for tier_key, feature_key in await session.execute(select(TierFeature.tier_key, TierFeature.feature_key)):
        own_features.setdefault(tier_key, set()).add(feature_key)
    own_limits: dict[str, set[Limit]] = {}
    for tier_key, limit_key in await session.execute(select(TierLimit.tier_key, TierLimit.limit_key)):
        own_limits.setdefault(tier_key, set()).add(Limit(limit_key))
    parents = {row[0]: row[1] for row in await session.execute(select(TierRow.key, TierRow.inherits))}
    return tuple(
        TierStatus(
            tier.key,
            tier.title,
            tier.rank,
            parents[tier.key],
            tier.features,
            tier.limits,
            frozenset(own_features.get(tier.key, ())),
            frozenset(own_limits.get(tier.key, ())),
            tier.sku_id,
        )
        for tier in sorted(global_policy.tiers.values(), key=lambda tier: tier.rank)
    )


async def load_feature_titles(session: AsyncSession) -> Mapping[str, str]:
    """Load the titles of all features by key, grouped by module."""
    rows = await session.execute(
        select(Feature.key, Feature.title)
        .join(Module, col(Module.key) == col(Feature.module_key))
        .where(col(Feature.retired_at).is_(None))
        .order_by(col(Module.position), col(Feature.title))
    )
    return {row[0]: row[1] for row in rows}


async def require_tier(session: AsyncSession, key: str) -> TierRow:
    """Return the tier's row. Raises NotFound, with the existing tiers in its message."""
    tiers = {tier.key: tier for tier in await session.scalars(select(TierRow).order_by(col(TierRow.rank)))}
    if key not in tiers:
        raise NotFound(f'Unknown tier "{key}". Tiers: {", ".join(tiers)}.')
    return tiers[key]


async def create_tier(
    session: AsyncSession, *, key: str, title: str, above: str, actor: Actor, reason: str = ""
) -> int:
    """Create a tier that is the next better one than `above` and inherits from it.

    Returns the id of the audit entry. Raises NotFound for an unknown tier, and BadRequest for an invalid key or title,
    or a key that exists.
    """
    cleaned_title = " ".join(title.split())
    if not TIER_KEY_PATTERN.fullmatch(key):
        raise BadRequest("A key has 2 to 32 lower-case letters, digits and hyphens.", field="key")
    if not 1 <= len(cleaned_title) <= MAX_TITLE_LENGTH or not cleaned_title.isprintable():
        raise BadRequest("A title has 1 to 64 characters.", field="title")
    await audit.lock_chain(session, guild_id=None)
    lower = await require_tier(session, above)
    if await session.get(TierRow, key) is not None:
        raise BadRequest("A tier with this key exists.", field="key")
    rank = await _find_rank_above(session, lower.rank)
    session.add(TierRow(key=key, title=cleaned_title, rank=rank, inherits=above))
    await session.flush()
    await publish_policy_change(session, guild_id=None)
    return await audit.record(
        session,
        actor,
        "tier.create",
        guild_id=None,
        target=key,
        after={"title": cleaned_title, "rank": rank, "inherits": above},
        reason=reason,
    )


async def _find_rank_above(session: AsyncSession, rank: int) -> int:
    """Find a rank between this one and the next better one. If there is none, all better tiers move up."""
    query = select(TierRow).where(col(TierRow.rank) > rank).order_by(col(TierRow.rank).desc())
    better = (await session.scalars(query)).all()
    if better and better[-1].rank == rank + 1:
        for row in better:  # from the best on: no two tiers ever have the same rank
            row.rank += RANK_DISTANCE
            await session.flush()
    return (rank + better[-1].rank) // 2 if better else rank + RANK_DISTANCE


async def delete_tier(session: AsyncSession, *, tier: str, actor: Actor, reason: str = "") -> int:
    """Delete a tier that nothing uses; returns the id of the audit entry.

    Raises NotFound, and BadRequest for a tier that a server has or had, that another tier inherits from, that is for
    sale, that an announcement is for, or that every server has.
    """
    await audit.lock_chain(session, guild_id=None)
    row = await require_tier(session, tier)
    uses = (
        select(Subscription.id).where(col(Subscription.tier_key) == tier),
        select(TierRow.key).where(col(TierRow.inherits) == tier),
        select(AnnouncementRow.id).where(col(AnnouncementRow.tier_key) == tier),
    )
    is_used = [await session.scalar(query.limit(1)) is not None for query in uses]
    if tier == TierKey.FREE or row.sku_id is not None or any(is_used):
        raise BadRequest(f"{row.title} is in use, so it can't be deleted.")
    for table in (TierFeature, TierLimit):
        await session.execute(delete(table).where(col(table.tier_key) == tier))
    before = {"title": row.title, "rank": row.rank, "inherits": row.inherits}
    await session.delete(row)
    await session.flush()
    await publish_policy_change(session, guild_id=None)
    return await audit.record(session, actor, "tier.delete", guild_id=None, target=tier, before=before, reason=reason)


async def set_tier_feature(
    session: AsyncSession, *, tier: str, feature: str, included: bool, actor: Actor, reason: str = ""
) -> int | None:
    """Add a feature to a tier or remove it.

    Returns the id of the audit entry, None if nothing changed. Raises NotFound, and BadRequest for removing a
    feature that the tier inherits.
    """
    await require_tier(session, tier)
    await require_feature(session, feature)
    await audit.lock_chain(session, guild_id=None)
    status = next(tier_status for tier_status in await list_tiers(session) if tier_status.key == tier)
    if (feature in status.features) == included:
        return None
    if included:
        session.add(TierFeature(tier_key=tier, feature_key=feature))
    elif feature in status.own_features:
        await session.delete(await session.get_one(TierFeature, (tier, feature)))
    else:
        raise BadRequest(f"{status.title} inherits {feature} from another tier. Remove it there.")
    await publish_policy_change(session, guild_id=None)
    return await audit.record(
        session,
        actor,
        "tier.feature",
        guild_id=None,
        target=f"{tier} {feature}",
        before={"included": not included},
        after={"included": included},
        reason=reason,
    )


async def set_lowest_tier(
    session: AsyncSession, *, feature: str, tier: str, actor: Actor, reason: str = ""
) -> int | None:
    """Make `tier` the only tier with its own entry of the feature.

    Tiers that inherit from it follow. It is one transaction, so at no time is the feature in no tier. Returns the
    id of the audit entry, None if nothing changed. Raises NotFound.
    """
    await require_tier(session, tier)
    await require_feature(session, feature)
    await audit.lock_chain(session, guild_id=None)
    matches_feature = col(TierFeature.feature_key) == feature
    before = sorted(await session.scalars(select(TierFeature.tier_key).where(matches_feature)))
    if before == [tier]:
        return None
    await session.execute(delete(TierFeature).where(matches_feature, col(TierFeature.tier_key) != tier))
    if tier not in before:
        session.add(TierFeature(tier_key=tier, feature_key=feature))
    await publish_policy_change(session, guild_id=None)
    return await audit.record(
        session,
        actor,
        "tier.lowest",
        guild_id=None,
        target=feature,
        before={"tiers": before},
        after={"tiers": [tier]},
        reason=reason,
    )


async def set_tier_limit(
    session: AsyncSession, *, tier: str, limit: Limit, value: int | None, actor: Actor, reason: str = ""
) -> int | None:
    """Set a limit of a tier; a `value` of None means unlimited.

    Returns the id of the audit entry, None if nothing changed. Raises NotFound, BadRequest.
    """
    if value is not None and not 0 <= value <= MAX_LIMIT_VALUE:
        raise BadRequest("A limit must be 0 or more, or empty for unlimited.")
    await require_tier(session, tier)
    await audit.lock_chain(session, guild_id=None)
    row = await session.get(TierLimit, (tier, limit), populate_existing=True)
    if row is not None and row.value == value:
        return None
    before = None if row is None else {"value": row.value}
    await session.merge(TierLimit(tier_key=tier, limit_key=limit, value=value))
    return await _record_limit_change(session, actor, f"{tier} {limit}", before, {"value": value}, reason)


async def inherit_tier_limit(
    session: AsyncSession, *, tier: str, limit: Limit, actor: Actor, reason: str = ""
) -> int | None:
    """Remove a tier's own value of a limit, so that the inherited one applies, or 0.

    Returns the id of the audit entry, None if the tier had no value of its own. Raises NotFound.
    """
    await require_tier(session, tier)
    await audit.lock_chain(session, guild_id=None)
    row = await session.get(TierLimit, (tier, limit), populate_existing=True)
    if row is None:
        return None
    await session.delete(row)
    return await _record_limit_change(session, actor, f"{tier} {limit}", {"value": row.value}, None, reason)


async def set_tier_parent(
    session: AsyncSession, *, tier: str, inherits: str | None, actor: Actor, reason: str = ""
) -> int | None:
    """Let a tier inherit from another one, or from none.

    Returns the id of the audit entry, None if nothing changed. Raises NotFound, and BadRequest if the tiers would
    inherit in a circle.
    """
    await audit.lock_chain(session, guild_id=None)
    row = await require_tier(session, tier)
    if row.inherits == inherits:
        return None
    ancestor = inherits
    while ancestor is not None:
        if ancestor == tier:
            raise BadRequest("A tier can't inherit from itself, also not through others.", field="inherits")
        ancestor = (await require_tier(session, ancestor)).inherits
    before, row.inherits = row.inherits, inherits
    await session.flush()
    await publish_policy_change(session, guild_id=None)
    return await audit.record(
        session,
        actor,
        "tier.parent",
        guild_id=None,
        target=tier,
        before={"inherits": before},
        after={"inherits": inherits},
        reason=reason,
    )


async def set_tier_sku(
    session: AsyncSession, *, tier: str, sku_id: int | None, actor: Actor, reason: str = ""
) -> int | None:
    """Put a tier up for sale in Discord with a SKU, or stop selling it; what was bought remains.

    Returns the id of the audit entry, None if nothing changed. Raises NotFound, and BadRequest for an invalid id, for
    one that sells another tier, or for the tier that every server has.
    """
    if sku_id is not None and not MIN_SKU_ID <= sku_id <= MAX_SNOWFLAKE:
        raise BadRequest("The id of a SKU is a number of 17 to 19 digits.", field="sku_id")
    await audit.lock_chain(session, guild_id=None)
    row = await require_tier(session, tier)
    if row.sku_id == sku_id:
        return None
    if tier == TierKey.FREE:
        raise BadRequest("The tier that every server has can't be sold.", field="sku_id")
    if sku_id is not None:
        seller = await session.scalar(select(TierRow.title).where(col(TierRow.sku_id) == sku_id))
        if seller is not None:
            raise BadRequest(f"This SKU already sells {seller}.", field="sku_id")
    before, row.sku_id = row.sku_id, sku_id
    await session.flush()
    await request_check(session, guild_id=None)
    await publish_policy_change(session, guild_id=None)
    return await audit.record(
        session,
        actor,
        "tier.sku",
        guild_id=None,
        target=tier,
        before={"sku_id": None if before is None else str(before)},
        after={"sku_id": None if sku_id is None else str(sku_id)},
        reason=reason,
    )


async def _record_limit_change(
    session: AsyncSession,
    actor: Actor,
    target: str,
    before: Mapping[str, int | None] | None,
    after: Mapping[str, int | None] | None,
    reason: str,
) -> int:
    await publish_policy_change(session, guild_id=None)
    return await audit.record(
        session, actor, "tier.limit", guild_id=None, target=target, before=before, after=after, reason=reason
    )
