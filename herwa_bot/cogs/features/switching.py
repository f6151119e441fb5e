"""Switching a feature or a module, and the words for what comes of it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.choices import Target, named, served
from herwa_bot.confirm import ALREADY, Change, Done
from herwa_bot.replies import plain
from herwa_shared.catalog import FEATURES, Essential, FeatureKey, Surfaces
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.services.audit import Actor
from herwa_shared.services.features import FeatureStatus, feature_list, set_feature, set_module

ESSENTIAL = (Essential.KEPT, Essential.ALWAYS)


def can_be_switched(target: Target, policy: GuildPolicy, *, on: bool) -> bool:
    """Whether it is the other way at the moment: only then is it offered."""
    if target.kind == TargetKind.MODULE:
        some = any(spec.module == target.key and spec.essential == Essential.NO for spec in FEATURES.values())
        return some and policy.module_toggles.get(target.key, True) is not on
    spec = FEATURES[FeatureKey(target.key)]
    is_on = policy.feature_toggles.get(spec.key, spec.on_by_default)
    return spec.essential == Essential.NO and is_on is not on


def stopping(target: Target, policy: GuildPolicy, surfaces: Surfaces) -> str:
    """The commands that answer now and no longer would, were the target off."""
    return named(
        one
        for one in served(target, surfaces, but=ESSENTIAL)
        if policy.module_toggles.get(FEATURES[one.feature].module, True)
        and policy.feature_toggles.get(one.feature, FEATURES[one.feature].on_by_default)
    )


def question(target: Target, policy: GuildPolicy, surfaces: Surfaces) -> str:
    """What switching a whole module off would do."""
    commands = stopping(target, policy, surfaces)
    lines = [
        f"**Switch off the whole module {target.name}?**",
        "Now: on. Afterwards: off, for everybody, administrators included.",
        f"These commands stop: {commands}." if commands else "No command stops.",
    ]
    if any(spec.module == target.key and spec.essential != Essential.NO for spec in FEATURES.values()):
        lines.append("What is essential in it stays on.")
    return "\n".join([*lines, "-# What each feature in it is set to is kept for the day you switch it on again."])


def switching(guild_id: int, target: Target, surfaces: Surfaces, *, on: bool) -> Change:
    """The change, to be made once the member has had their say."""

    async def work(session: AsyncSession, actor: Actor) -> Done:
        if target.kind == TargetKind.MODULE:
            entry = await set_module(session, guild_id=guild_id, module=target.key, enabled=on, actor=actor)
        else:
            entry = await set_feature(session, guild_id=guild_id, feature=target.key, enabled=on, actor=actor)
        found = await feature_list(session, guild_id=guild_id, now=utc_now())
        of_it = [feature for feature in found if target.key in (feature.key, feature.module)]
        words = _switched(target, of_it, surfaces, on=on, anew=entry is not None)
        return Done(words, () if entry is None else (entry,))

    return work


def _switched(target: Target, of_it: Sequence[FeatureStatus], surfaces: Surfaces, *, on: bool, anew: bool) -> str:
    is_now = "on" if on else "off"
    what = f"The module **{target.name}**" if target.kind == TargetKind.MODULE else f"**{target.name}**"
    if not anew:
        return "\n".join([f"{what} is {is_now} already. {ALREADY}", *_still_off(target, of_it, on=on)])
    lines = [f"{what} is {is_now} now; before, it was {'off' if on else 'on'}."]
    running = {feature.key for feature in of_it if feature.enabled and feature.in_tier and not feature.kill_switch}
    commands = served(target, surfaces, but=ESSENTIAL)
    if on and (starting := named(one for one in commands if one.feature in running)):
        lines.append(f"Back to work: {starting}.")
    elif not on and commands:
        lines.append(f"Stopped: {named(commands)}.")
    return "\n".join([*lines, *_still_off(target, of_it, on=on)])


def _still_off(target: Target, of_it: Sequence[FeatureStatus], *, on: bool) -> list[str]:
    """Why something does not run although it was switched on."""
    lines: list[str] = []
    for feature in of_it if on else ():
        if feature.kill_switch is not None:
            lines.append(
                f"⛔ **{feature.title}** is switched off everywhere by Herwa for now: {plain(feature.kill_switch)}"
            )
        elif not feature.in_tier:
            lines.append(f"💎 **{feature.title}** is part of {plain(feature.lowest_tier)}. `/premium` tells more.")
        elif not feature.module_enabled:
            lines.append(f"⚪ Its module **{feature.module_title}** is off: switch that on, too.")
        elif not feature.enabled and target.kind == TargetKind.MODULE:
            lines.append(f"⚪ **{feature.title}** was off by itself and stays so.")
    return lines
