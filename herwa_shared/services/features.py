"""Switch features and modules on and off for one guild, within what its tier includes, and say how they stand."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Essential
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.guardrail.entitlement import entitlement_of
from herwa_shared.guardrail.policy import GuildPolicy, Offer
from herwa_shared.models import Feature, Module
from herwa_shared.services.audit import Actor
from herwa_shared.services.choices import change, hold_guild
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.services.targets import require_feature, require_module
from herwa_shared.services.toggles import FEATURE, MODULE


class FeatureNotInTier(Forbidden):
    """The guild's tier lacks the feature that is to be switched on."""

    code = "feature_not_in_tier"
    message = "This feature is not part of this server's tier."


class CannotBeSwitchedOff(BadRequest):
    """The feature is essential."""

    code = "cannot_be_switched_off"
    message = "This cannot be switched off."


@dataclass(frozen=True, slots=True)
class FeatureStatus:
    """How a feature stands in one guild. `enabled` is what the guild's toggles come to, the module's among them.

    `lowest_tier` is the title of the lowest tier that includes it. `kill_switch` is the operator's reason while they
    have turned it off everywhere.
    """

    key: str
    module: str
    module_title: str
    title: str
    sentence: str
    enabled: bool
    module_enabled: bool
    in_tier: bool
    lowest_tier: str
    kill_switch: str | None
    essential: Essential


async def set_feature(session: AsyncSession, *, guild_id: int, feature: str, enabled: bool, actor: Actor) -> int | None:
    """Switch a feature on or off; the audit entry's id, None when it was so already.

    Raises NotFound naming near features, FeatureNotInTier, CannotBeSwitchedOff.
    """
    row = await require_feature(session, feature)
    await hold_guild(session, guild_id)
    if not enabled and row.essential != Essential.NO:
        raise CannotBeSwitchedOff(f"{row.title} is essential and cannot be switched off.")
    if enabled and row.essential == Essential.NO:
        await _require_entitlement(session, guild_id, row)
    before = await FEATURE.read(session, guild_id, feature)
    if before is None or before["enabled"] == enabled:
        return None
    state = {"enabled": enabled, "by_default": False}
    return await change(session, FEATURE, guild_id=guild_id, target=feature, state=state, actor=actor)


async def set_module(session: AsyncSession, *, guild_id: int, module: str, enabled: bool, actor: Actor) -> int | None:
    """Switch a whole module off, or on again, where each feature is as it was chosen. As `set_feature` otherwise."""
    row = await require_module(session, module)
    await hold_guild(session, guild_id)
    if not enabled:
        ours = select(Feature.essential).where(col(Feature.module_key) == module, col(Feature.retired_at).is_(None))
        if all(essential != Essential.NO for essential in await session.scalars(ours)):
            raise CannotBeSwitchedOff(f"All of {row.title} is essential and cannot be switched off.")
    before = await MODULE.read(session, guild_id, module)
    if before is None or before["enabled"] == enabled:
        return None
    state = {"enabled": enabled, "by_default": False}
    return await change(session, MODULE, guild_id=guild_id, target=module, state=state, actor=actor)


async def feature_list(session: AsyncSession, *, guild_id: int, now: datetime) -> tuple[FeatureStatus, ...]:
    """Every feature there is, module by module, and how it stands in this guild."""
    offer = await load_offer(session)
    policy = await load_policy(session, guild_id=guild_id, offer=offer)
    included = entitlement_of(policy, now.timestamp()).features
    rows = await session.execute(
        select(Feature, Module)
        .join(Module, col(Module.key) == col(Feature.module_key))
        .where(col(Feature.retired_at).is_(None))
        .order_by(col(Module.position), col(Feature.title))
    )
    return tuple(_status(feature, module, policy, included) for feature, module in rows)


def _status(feature: Feature, module: Module, policy: GuildPolicy, included: frozenset[str]) -> FeatureStatus:
    essential = Essential(feature.essential)
    module_enabled = policy.module_toggles.get(module.key, True)
    chosen = policy.feature_toggles.get(feature.key, feature.on_by_default)
    return FeatureStatus(
        key=feature.key,
        module=module.key,
        module_title=module.title,
        title=feature.title,
        sentence=feature.sentence,
        enabled=essential != Essential.NO or (module_enabled and chosen),
        module_enabled=module_enabled,
        in_tier=essential != Essential.NO or feature.key in included,
        lowest_tier=_lowest_tier(feature, policy.offer),
        kill_switch=None if essential != Essential.NO else policy.offer.kill_switches.get(feature.key),
        essential=essential,
    )


def _lowest_tier(feature: Feature, offer: Offer) -> str:
    """Its title; where no tier includes the feature, that of the one it was made for."""
    having = [tier for tier in offer.tiers.values() if feature.key in tier.features]
    if having:
        return min(having, key=lambda tier: tier.rank).title
    made_for = offer.tiers.get(feature.lowest_tier)
    return made_for.title if made_for else feature.lowest_tier


async def _require_entitlement(session: AsyncSession, guild_id: int, feature: Feature) -> None:
    offer = await load_offer(session)
    entitlement = entitlement_of(await load_policy(session, guild_id=guild_id, offer=offer), utc_now().timestamp())
    if feature.key not in entitlement.features:
        tier = offer.tiers.get(entitlement.tier)
        raise FeatureNotInTier(
            f"{feature.title} is part of {_lowest_tier(feature, offer)}; this server is on"
            f" {tier.title if tier else entitlement.tier}."
        )
