"""Saving rules, removing one: the changes, and the words for what became of them.

What a change of rules would do, and whether it is made at once or asked about first, with which ways out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.channel_option import Place
from herwa_bot.access.targets import HANDS_OVER, HIT_BY_MANY, Target, cut, named
from herwa_bot.cogs.permissions.impact import (
    Comparison,
    Effect,
    Somebody,
    exceptions,
    is_same,
    with_rules,
    without_rule,
)
from herwa_bot.cogs.permissions.rule_draft import Draft, as_saved, member_whom, ruled_whom
from herwa_bot.cogs.permissions.texts import effect_lines, exception_lines, loss_lines, question, sentence
from herwa_bot.ui.confirmation import ALREADY, Change, Done, Way
from herwa_bot.ui.replies import plain
from herwa_shared.catalog import Surfaces
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, PlaceKind, SubjectKind
from herwa_shared.services.access_rules import NewRule, SavedRule, list_rules, remove_rule, save_rule
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import hold_guild


def saving(guild_id: int, rules: Sequence[NewRule], effects: Sequence[str]) -> Change:
    """Save them together. The opposite of one, if there is such a rule, gives way: both would never be meant."""

    async def work(session: AsyncSession, actor: Actor) -> Done:
        await hold_guild(session, guild_id)
        known = await list_rules(session, guild_id=guild_id, now=utc_now())
        lines, entries = [], []
        for rule in rules:
            replaced = [one for one in known if is_same(one, as_saved(rule)) and one.allow != rule.allow]
            entries += [await remove_rule(session, guild_id=guild_id, rule_id=one.id, actor=actor) for one in replaced]
            saved = await save_rule(session, guild_id=guild_id, rule=rule, actor=actor)
            lines += _saved(rule, saved, known, replaced, beside=[as_saved(one) for one in rules])
            entries += [] if saved.entry_id is None else [saved.entry_id]
        return Done("\n".join([*lines, *(effects if entries else ())]), tuple(entries))

    return work


def removing(guild_id: int, rule: AccessRule, effects: Sequence[str]) -> Change:
    """Remove one."""

    async def work(session: AsyncSession, actor: Actor) -> Done:
        entry = await remove_rule(session, guild_id=guild_id, rule_id=rule.id, actor=actor)
        words = [f"Removed rule `#{rule.id}`: {sentence(rule)}", *effects]
        return Done("\n".join(words), (entry,))

    return work


def _saved(
    rule: NewRule,
    saved: SavedRule,
    known: Sequence[AccessRule],
    replaced: Sequence[AccessRule],
    *,
    beside: Sequence[AccessRule],
) -> list[str]:
    words = sentence(as_saved(rule, id_=saved.id), beside=beside)
    if saved.entry_id is None:
        return [f"That is rule `#{saved.id}` already: {words}", ALREADY]
    lines = [f"{'Saved as' if saved.is_new else 'Changed'} rule `#{saved.id}`: {words}"]
    lines += [f"Before, it said: {sentence(one)}" for one in known if one.id == saved.id]
    lines += [f"It takes the place of `#{one.id}`: {sentence(one)}" for one in replaced]
    return lines


LONGEST_LABEL = 80  # Discord's, of a button
MANY = (SubjectKind.EVERYONE, SubjectKind.PERMISSION)


@dataclass(frozen=True, slots=True)
class Scene:
    """The server as it is at this moment, and who wants to change it."""

    guild: discord.Guild
    members: int
    actor: discord.Member
    policy: GuildPolicy
    surfaces: Surfaces
    at: float

    def compare(self, after: GuildPolicy, target: Target, place: Place) -> Comparison:
        return Comparison(self.policy, after, target, place, self.surfaces, self.at)


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that can be made at once; where there is a question, by one of the ways instead."""

    change: Change
    question: str = ""
    ways: tuple[Way, ...] = ()


def plan_saving(scene: Scene, draft: Draft) -> Plan:
    """Ask where it hits many, where everybody may already, and where whoever asks would lose or hand over something."""
    comparison = _comparison(scene, [draft])
    effects = _effects(scene, draft, comparison)
    warnings = loss_lines("You yourself", _on_actor(scene, comparison))
    save = saving(scene.guild.id, [draft.rule], effects)
    everybody = _open_to_everybody(draft, comparison)
    if not (draft.hits_many or everybody or warnings or HANDS_OVER in effects):
        return Plan(save)
    style = discord.ButtonStyle.primary if draft.rule.allow else discord.ButtonStyle.danger
    ways = [Way("Save this rule", save, discord.ButtonStyle.secondary if everybody else style)]
    if everybody:
        ways.insert(0, _only(scene, draft))
        warnings.append(
            f"Everyone may use {everybody}, so this rule keeps nobody out. **Only {plain(draft.whom.label)}** saves a"
            " second one with it, by which everyone else may not."
        )
    return Plan(save, question("Save this rule?", as_saved(draft.rule), [*effects, *warnings]), tuple(ways))


def plan_removing(scene: Scene, rule: AccessRule) -> Plan:
    """Ask where it concerns many, and where whoever asks would lose or hand over something."""
    comparison = scene.compare(
        without_rule(scene.policy, rule), Target(rule.target_kind, rule.target_key), _place_of(scene.guild, rule)
    )
    effects: list[str] = []
    if (whom := ruled_whom(scene.guild, rule)) is not None:
        effects = effect_lines(whom, comparison.on(whom.like), wanted=None, members=scene.members)
    warnings = loss_lines("You yourself", _on_actor(scene, comparison))
    change = removing(scene.guild.id, rule, effects)
    hits_many = rule.subject_kind in MANY or rule.target_kind in HIT_BY_MANY
    if not (hits_many or warnings or HANDS_OVER in effects):
        return Plan(change)
    way = Way("Remove this rule", change, discord.ButtonStyle.danger)
    return Plan(change, question("Remove this rule?", rule, [*effects, *warnings]), (way,))


def _only(scene: Scene, draft: Draft) -> Way:
    """The rule together with one that shuts everybody else out."""
    shut = draft.only()
    effects = _effects(scene, shut, _comparison(scene, [draft, shut]))
    return Way(cut(f"Only {draft.whom.label}", LONGEST_LABEL), saving(scene.guild.id, [draft.rule, shut.rule], effects))


def _comparison(scene: Scene, drafts: Sequence[Draft]) -> Comparison:
    """With rules about the same target and place, saved together."""
    after = with_rules(scene.policy, [as_saved(draft.rule) for draft in drafts])
    return scene.compare(after, drafts[0].target, drafts[0].place)


def _effects(scene: Scene, draft: Draft, comparison: Comparison) -> list[str]:
    """What it does to those it is about, and to managers where it shuts everybody out."""
    whom, rule = draft.whom, as_saved(draft.rule)
    effect = comparison.on(whom.like, wanted=rule.allow)
    lines = effect_lines(whom, effect, wanted=rule.allow, members=scene.members)
    if whom.kind == SubjectKind.EVERYONE and not rule.allow:
        managers = comparison.on(Somebody(permissions=whom.like.permissions | MANAGE_GUILD))
        lines += loss_lines("Members with Manage Server", managers.beyond(effect))
    overruling = {one.id for one in effect.overruling}
    others = [one for one in exceptions(rule, comparison) if one.id not in overruling]
    return [*lines, *exception_lines(others)]


def _on_actor(scene: Scene, comparison: Comparison) -> Effect:
    actor = member_whom(scene.guild, scene.actor)
    return Effect() if actor.is_administrator else comparison.on(actor.like)


def _open_to_everybody(draft: Draft, comparison: Comparison) -> str:
    """The commands, where allowing them to somebody makes sense only if others may not."""
    if not draft.rule.allow or draft.whom.kind == SubjectKind.EVERYONE or draft.whom.is_administrator:
        return ""
    return named(comparison.open_to(Somebody()))


def _place_of(guild: discord.Guild, rule: AccessRule) -> Place:
    channel = guild.get_channel(rule.place_id) if rule.place_kind == PlaceKind.CHANNEL else None
    return Place(rule.place_kind, rule.place_id, (channel.category_id if channel else None) or 0)
