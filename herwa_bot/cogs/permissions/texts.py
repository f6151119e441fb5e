"""Rules and what they do, in words for the person who makes them."""

from collections.abc import Sequence
from dataclasses import replace

from herwa_bot.access.targets import HANDS_OVER, hands_over, named
from herwa_bot.cogs.permissions.impact import Effect
from herwa_bot.cogs.permissions.rule_draft import Whom
from herwa_bot.ui.mentions import MENTIONS
from herwa_bot.ui.replies import plain
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind
from herwa_shared.guardrail.texts import Names, rule_sentence

ABOVE_RULES = "The owner and administrators may always: no rule binds them."
PRECEDENCE = (
    "-# The most specific rule decides: member over role over permission over everyone; then command over feature"
    " over module over everything; then channel over category over everywhere. On a tie, “may not”."
)
NAMED = 3


def sentence(rule: AccessRule, names: Names = MENTIONS, *, beside: Sequence[AccessRule] = ()) -> str:
    """The rule as one sentence; its note is what somebody typed. `beside` are rules that are read together with it."""
    words = rule_sentence(replace(rule, note=plain(rule.note)), names)
    if any(_is_exception(one, rule) for one in beside):
        words = words.replace("nobody may", "nobody else may", 1)
    return words[0].upper() + words[1:]


def question(asked: str, rule: AccessRule, effects: Sequence[str]) -> str:
    """What a change would do, before it is done."""
    return "\n".join([f"**{asked}**", f"> {sentence(rule)}", *effects, f"-# {ABOVE_RULES}"])


def effect_lines(whom: Whom, effect: Effect, *, wanted: bool | None, members: int | None) -> list[str]:
    """Before and after, for those whom the rule is about and who have nothing else.

    `wanted` is what a new rule says, None where one is taken away; `members` how many the server has.
    """
    who = plain(whom.label)
    if whom.is_administrator:
        return [f"⚠️ This changes nothing: {who} has Administrator in Discord, and no rule binds administrators."]
    if whom.kind == SubjectKind.EVERYONE and members:
        who = f"everyone ({members:,} members)"
    lines = []
    if effect.gained:
        lines.append(f"Before: {who} could not use {named(effect.gained)}. Afterwards: allowed.")
        lines += [HANDS_OVER] if hands_over(effect.gained) else []
    if effect.lost:
        lines.append(f"Before: {who} could use {named(effect.lost)}. Afterwards: not any more.")
    if effect.overruling:
        reach = f"⚠️ It does not reach {named(effect.untouched)}, where a more specific rule decides:"
        lines += [reach, *listed(effect.overruling)]
    elif effect.is_nothing:
        why = {True: " may use this already", False: " may not use this anyway", None: " may use the same as before"}
        lines.append(f"By itself it changes nothing: {who}{why[wanted]}.")
    return [*lines, *_outside(effect.outside, also=bool(lines))]


def exception_lines(rules: Sequence[AccessRule]) -> list[str]:
    """What goes on to hold beside a rule."""
    return ["These more specific rules go on to hold:", *listed(rules)] if rules else []


def listed(rules: Sequence[AccessRule]) -> list[str]:
    """The first few, without their notes."""
    lines = [f"- `#{rule.id}` {sentence(replace(rule, note=''))}" for rule in rules[:NAMED]]
    return [*lines, f"- and {len(rules) - NAMED} more"] if len(rules) > NAMED else lines


def loss_lines(whom: str, effect: Effect) -> list[str]:
    """Who else loses something."""
    return [f"⚠️ {whom} could no longer use {named(effect.lost)}."] if effect.lost else []


def _outside(titles: Sequence[str], *, also: bool) -> list[str]:
    """What the bot cannot tell more about."""
    are = "are" if len(titles) > 1 else "is"
    about = "It is also about" if also else "It is about"
    return [f"{about} {', '.join(titles)}, which {are} used outside Discord."] if titles else []


def _is_exception(one: AccessRule, rule: AccessRule) -> bool:
    """Whether it lets somebody pass where a rule shuts everybody out."""
    shuts = rule.subject_kind == SubjectKind.EVERYONE and not rule.allow
    places = (PlaceKind.EVERYWHERE, rule.place_kind)
    return (
        shuts
        and one.allow
        and one.subject_kind != SubjectKind.EVERYONE
        and (one.target_kind, one.target_key) == (rule.target_kind, rule.target_key)
        and one.place_kind in places
        and one.place_id in (0, rule.place_id)
    )
