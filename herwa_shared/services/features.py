"""Toggles: turn features and modules on or off for a guild, and list their status.

Only features that the guild's tier includes can be turned on. Toggle rows exist only for what the guild has set;
otherwise the default applies.
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
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.guardrail.policy import GlobalPolicy, GuildPolicy, TargetKind
from herwa_shared.guardrail.texts import format_target
from herwa_shared.models import Feature, FeatureToggle, Module, ModuleToggle
from herwa_shared.services import texts
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import SettingKind, SettingValue, apply_change, lock_guild
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.rule_targets import require_feature, require_module


class FeatureNotInTier(Forbidden):
    """The guild's tier does not include the feature that should be turned on."""

    code = "feature_not_in_tier"
    message = texts.NOT_IN_TIER


class FeatureIsEssential(BadRequest):
    """The feature is essential and cannot be turned off."""

    code = "cannot_be_switched_off"
    message = texts.ESSENTIAL


@dataclass(frozen=True, slots=True)
class FeatureStatus:
    """The status of a feature in one guild.

    `enabled` is the result of the toggles of the feature and of its module; it does not consider tier and kill switch.
    `own_toggle` is the feature's toggle alone.
    `lowest_tier` is the title of the lowest tier that includes the feature. `kill_switch` is the operator's reason if
    the feature is turned off everywhere, else None.
    """

    key: str
    module: str
    module_title: str
    title: str
    sentence: str
    enabled: bool
    own_toggle: bool
    module_enabled: bool
    in_tier: bool
    lowest_tier: str
    kill_switch: str | None
    essential: Essential


async def set_feature(session: AsyncSession, *, guild_id: int, feature: str, enabled: bool, actor: Actor) -> int | None:
    """Turn a feature on or off; returns the id of the audit entry, None if nothing changed.

    Raises NotFound (with similar features in its message), FeatureNotInTier, FeatureIsEssential.
    """
    row = await require_feature(session, feature)
    await lock_guild(session, guild_id)
    if not enabled and row.essential != Essential.NO:
        raise FeatureIsEssential(texts.format_essential_feature(row.title))
    if enabled and row.essential == Essential.NO:
        await _require_entitlement(session, guild_id, row)
    before = await FEATURE_SETTING.read(session, guild_id, feature)
    if before is None or before["enabled"] == enabled:
        return None
    value = {"enabled": enabled, "by_default": False}
    return await apply_change(session, FEATURE_SETTING, guild_id=guild_id, target=feature, value=value, actor=actor)


async def set_module(session: AsyncSession, *, guild_id: int, module: str, enabled: bool, actor: Actor) -> int | None:
    """Turn a module on or off; returns the id of the audit entry, None if nothing changed.

    When it is turned on again, each feature has the toggle that it had before. Raises NotFound, and FeatureIsEssential
    for a module whose features are all essential.
    """
    row = await require_module(session, module)
    await lock_guild(session, guild_id)
    if not enabled:
        query = select(Feature.essential).where(col(Feature.module_key) == module, col(Feature.retired_at).is_(None))
        if all(essential != Essential.NO for essential in await session.scalars(query)):
            raise FeatureIsEssential(texts.format_essential_module(row.title))
    before = await MODULE_SETTING.read(session, guild_id, module)
    if before is None or before["enabled"] == enabled:
        return None
    value = {"enabled": enabled, "by_default": False}
    return await apply_change(session, MODULE_SETTING, guild_id=guild_id, target=module, value=value, actor=actor)


async def list_features(session: AsyncSession, *, guild_id: int, now: datetime) -> tuple[FeatureStatus, ...]:
    """List the status of all features in this guild, grouped by module."""
    global_policy = await load_global_policy(session)
    policy = await load_policy(session, guild_id=guild_id, global_policy=global_policy)
    included = resolve_entitlement(policy, now.timestamp()).features
    rows = await session.execute(
        select(Feature, Module)
        .join(Module, col(Module.key) == col(Feature.module_key))
        .where(col(Feature.retired_at).is_(None))
        .order_by(col(Module.position), col(Feature.title))
    )
    return tuple(_to_status(feature, module, policy, included) for feature, module in rows)


def _to_status(feature: Feature, module: Module, policy: GuildPolicy, included: frozenset[str]) -> FeatureStatus:
    essential = Essential(feature.essential)
    module_enabled = policy.module_toggles.get(module.key, True)
    feature_enabled = policy.feature_toggles.get(feature.key, feature.on_by_default)
    return FeatureStatus(
        key=feature.key,
        module=module.key,
        module_title=module.title,
        title=feature.title,
        sentence=feature.sentence,
        enabled=essential != Essential.NO or (module_enabled and feature_enabled),
        own_toggle=feature_enabled,
        module_enabled=module_enabled,
        in_tier=essential != Essential.NO or feature.key in included,
        lowest_tier=_get_lowest_tier_title(feature, policy.global_policy),
        kill_switch=None if essential != Essential.NO else policy.global_policy.kill_switches.get(feature.key),
        essential=essential,
    )


def _get_lowest_tier_title(feature: Feature, global_policy: GlobalPolicy) -> str:
    """Get the title of the lowest tier with the feature, else of its declared lowest tier."""
    tiers = [tier for tier in global_policy.tiers.values() if feature.key in tier.features]
    if tiers:
        return min(tiers, key=lambda tier: tier.rank).title
    default_tier = global_policy.tiers.get(feature.lowest_tier)
    return default_tier.title if default_tier else feature.lowest_tier


async def _require_entitlement(session: AsyncSession, guild_id: int, feature: Feature) -> None:
    global_policy = await load_global_policy(session)
    entitlement = resolve_entitlement(
        await load_policy(session, guild_id=guild_id, global_policy=global_policy), utc_now().timestamp()
    )
    if feature.key not in entitlement.features:
        tier = global_policy.tiers.get(entitlement.tier)
        required_tier = _get_lowest_tier_title(feature, global_policy)
        raise FeatureNotInTier(
            texts.format_feature_not_in_tier(feature.title, required_tier, tier.title if tier else entitlement.tier)
        )


async def _read_feature(session: AsyncSession, guild_id: int, key: str) -> SettingValue | None:
    default = await session.scalar(select(Feature.on_by_default).where(col(Feature.key) == key))
    toggle = await session.get(FeatureToggle, (guild_id, key), populate_existing=True)
    return {"enabled": default if toggle is None else toggle.enabled, "by_default": toggle is None}


async def _read_module(session: AsyncSession, guild_id: int, key: str) -> SettingValue | None:
    toggle = await session.get(ModuleToggle, (guild_id, key), populate_existing=True)
    return {"enabled": toggle is None or toggle.enabled, "by_default": toggle is None}


async def _write_feature(
    session: AsyncSession, guild_id: int, key: str, value: SettingValue | None, _actor: Actor
) -> None:
    await _write_toggle(session, FeatureToggle, {"guild_id": guild_id, "feature_key": key}, value)


async def _write_module(
    session: AsyncSession, guild_id: int, key: str, value: SettingValue | None, _actor: Actor
) -> None:
    await _write_toggle(session, ModuleToggle, {"guild_id": guild_id, "module_key": key}, value)


async def _write_toggle(
    session: AsyncSession, table: type[SQLModel], filters: dict[str, int | str], value: SettingValue | None
) -> None:
    if value is None or value["by_default"]:
        await session.execute(delete(table).filter_by(**filters))
        return
    values = {"enabled": value["enabled"], "changed_at": utc_now()}
    upsert = insert(table).values(**filters, **values)
    await session.execute(upsert.on_conflict_do_update(index_elements=list(filters), set_=values))


FEATURE_SETTING = SettingKind(
    read=_read_feature,
    write=_write_feature,
    get_action=lambda _before, _after: "feature.set",
    format_title=lambda key, _value: format_target(TargetKind.FEATURE, key),
)
MODULE_SETTING = SettingKind(
    read=_read_module,
    write=_write_module,
    get_action=lambda _before, _after: "module.set",
    format_title=lambda key, _value: format_target(TargetKind.MODULE, key),
)
