"""Texts of `/permissions`: rules, and the impact of a change of rules."""

from collections.abc import Sequence
from dataclasses import replace

from herwa_bot.access.targets import RULE_CONTROL_WARNING, can_change_rules, format_commands
from herwa_bot.cogs.permissions.impact import Impact
from herwa_bot.cogs.permissions.rule_draft import RuleSubject
from herwa_bot.ui.mentions import MENTIONS
from herwa_bot.ui.replies import escape
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind
from herwa_shared.guardrail.texts import NameFormatter, format_rule

ADMINISTRATOR_NOTE = "The owner and administrators may always: no rule binds them."
PRECEDENCE_NOTE = (
    "-# The most specific rule decides: member over role over permission over everyone; then command over feature"
    " over module over everything; then channel over category over everywhere. On a tie, “may not”."
)
MAX_LISTED_RULES = 3


def format_rule_with_exceptions(
    rule: AccessRule, names: NameFormatter = MENTIONS, *, related_rules: Sequence[AccessRule] = ()
) -> str:
    """Format a rule as one sentence, with its note escaped: it is user input.

    `related_rules` are rules saved together with it; if one is an exception to it, "nobody" becomes "nobody else".
    """
    text = format_rule(replace(rule, note=escape(rule.note)), names)
    if any(_is_exception(related_rule, rule) for related_rule in related_rules):
        text = text.replace("nobody may", "nobody else may", 1)
    return text[0].upper() + text[1:]


def format_question(title: str, rule: AccessRule, impact_lines: Sequence[str]) -> str:
    """Format the confirmation of a change."""
    return "\n".join(
        [f"**{title}**", f"> {format_rule_with_exceptions(rule)}", *impact_lines, f"-# {ADMINISTRATOR_NOTE}"]
    )


def format_impact(
    subject: RuleSubject, impact: Impact, *, expected: bool | None, member_count: int | None
) -> list[str]:
    """Format the impact on the rule's subject, before and after the change.

    `expected` is the effect of a new rule (True allows), None if a rule is removed. `member_count` is the number of
    members in the guild.
    """
    label = escape(subject.label)
    if subject.is_administrator:
        return [f"⚠️ This changes nothing: {label} has Administrator in Discord, and no rule binds administrators."]
    if subject.kind == SubjectKind.EVERYONE and member_count:
        label = f"everyone ({member_count:,} members)"
    lines = []
    if impact.gained:
        lines.append(f"Before: {label} could not use {format_commands(impact.gained)}. Afterwards: allowed.")
        lines += [RULE_CONTROL_WARNING] if can_change_rules(impact.gained) else []
    if impact.lost:
        lines.append(f"Before: {label} could use {format_commands(impact.lost)}. Afterwards: not any more.")
    if impact.overriding_rules:
        warning = (
            f"⚠️ It does not reach {format_commands(impact.overridden_commands)}, where a more specific rule decides:"
        )
        lines += [warning, *format_rule_list(impact.overriding_rules)]
    elif impact.is_empty:
        reasons = {
            True: " may use this already",
            False: " may not use this anyway",
            None: " may use the same as before",
        }
        lines.append(f"By itself it changes nothing: {label}{reasons[expected]}.")
    return [*lines, *_format_outside(impact.outside_titles, is_additional=bool(lines))]


def format_exceptions(rules: Sequence[AccessRule]) -> list[str]:
    """Format the more specific rules that still apply besides a rule; empty without any."""
    return ["These more specific rules go on to hold:", *format_rule_list(rules)] if rules else []


def format_rule_list(rules: Sequence[AccessRule]) -> list[str]:
    """Format the first MAX_LISTED_RULES rules without their notes, and the number of the others."""
    lines = [
        f"- `#{rule.id}` {format_rule_with_exceptions(replace(rule, note=''))}" for rule in rules[:MAX_LISTED_RULES]
    ]
    return [*lines, f"- and {len(rules) - MAX_LISTED_RULES} more"] if len(rules) > MAX_LISTED_RULES else lines


def format_losses(label: str, impact: Impact) -> list[str]:
    """Format the commands that someone besides the subject loses; empty without any."""
    return [f"⚠️ {label} could no longer use {format_commands(impact.lost)}."] if impact.lost else []


def _format_outside(titles: Sequence[str], *, is_additional: bool) -> list[str]:
    """Format the affected features outside Discord, whose impact is not computed."""
    verb = "are" if len(titles) > 1 else "is"
    prefix = "It is also about" if is_additional else "It is about"
    return [f"{prefix} {', '.join(titles)}, which {verb} used outside Discord."] if titles else []


def _is_exception(candidate: AccessRule, rule: AccessRule) -> bool:
    """Whether `candidate` allows someone what `rule` denies everyone."""
    denies_everyone = rule.subject_kind == SubjectKind.EVERYONE and not rule.allow
    place_kinds = (PlaceKind.EVERYWHERE, rule.place_kind)
    return (
        denies_everyone
        and candidate.allow
        and candidate.subject_kind != SubjectKind.EVERYONE
        and (candidate.target_kind, candidate.target_key) == (rule.target_kind, rule.target_key)
        and candidate.place_kind in place_kinds
        and candidate.place_id in (0, rule.place_id)
    )
