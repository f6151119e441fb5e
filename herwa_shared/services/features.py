"""Switch features and modules on and off for one guild, within what its tier includes, and say how they stand.

The rows of what a guild has switched: kept only where it chose, read together with what holds by default.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from herwa_shared.catalog import Essential
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.guardrail.entitlement import entitlement_of
from herwa_shared.guardrail.policy import GuildPolicy, Offer, TargetKind
from herwa_shared.guardrail.texts import title_of
from herwa_shared.models import Feature, FeatureToggle, Module, ModuleToggle
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import Choice, State, change, hold_guild
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.services.rule_targets import require_feature, require_module


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


async def _read_feature(session: AsyncSession, guild_id: int, key: str) -> State | None:
    default = await session.scalar(select(Feature.on_by_default).where(col(Feature.key) == key))
    chosen = await session.get(FeatureToggle, (guild_id, key), populate_existing=True)
    return {"enabled": default if chosen is None else chosen.enabled, "by_default": chosen is None}


async def _read_module(session: AsyncSession, guild_id: int, key: str) -> State | None:
    chosen = await session.get(ModuleToggle, (guild_id, key), populate_existing=True)
    return {"enabled": chosen is None or chosen.enabled, "by_default": chosen is None}


async def _write_feature(session: AsyncSession, guild_id: int, key: str, state: State | None, _actor: Actor) -> None:
    await _write(session, FeatureToggle, {"guild_id": guild_id, "feature_key": key}, state)


async def _write_module(session: AsyncSession, guild_id: int, key: str, state: State | None, _actor: Actor) -> None:
    await _write(session, ModuleToggle, {"guild_id": guild_id, "module_key": key}, state)


async def _write(
    session: AsyncSession, table: type[SQLModel], which: dict[str, int | str], state: State | None
) -> None:
    if state is None or state["by_default"]:
        await session.execute(delete(table).filter_by(**which))
        return
    said = {"enabled": state["enabled"], "changed_at": utc_now()}
    upsert = insert(table).values(**which, **said)
    await session.execute(upsert.on_conflict_do_update(index_elements=list(which), set_=said))


FEATURE = Choice(
    read=_read_feature,
    write=_write_feature,
    action=lambda _before, _after: "feature.set",
    title=lambda key, _state: title_of(TargetKind.FEATURE, key),
)
MODULE = Choice(
    read=_read_module,
    write=_write_module,
    action=lambda _before, _after: "module.set",
    title=lambda key, _state: title_of(TargetKind.MODULE, key),
)
