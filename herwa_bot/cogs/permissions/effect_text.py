"""Texts of rules, and of the effect of a change of rules, composed from the texts of `texts.permissions`."""

from collections.abc import Sequence
from dataclasses import replace

from herwa_bot.access.targets import format_surfaces
from herwa_bot.cogs.permissions.rule_draft import RuleSubject
from herwa_bot.texts import permissions as texts
from herwa_bot.texts.phrases import format_capitalized
from herwa_bot.ui.names import MESSAGE_NAMES, escape_note
from herwa_shared.guardrail.impact import Impact
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind
from herwa_shared.guardrail.targets import can_change_rules
from herwa_shared.guardrail.texts import NameFormatter, format_rule, format_subject

MAX_LISTED_RULES = 3


def format_sentence(
    rule: AccessRule, names: NameFormatter = MESSAGE_NAMES, *, related_rules: Sequence[AccessRule] = ()
) -> str:
    """Format a rule as one sentence, with its note escaped: it is user input.

    `related_rules` are rules shown together with it, which may be exceptions to it.
    """
    has_exceptions = any(_is_exception(related_rule, rule) for related_rule in related_rules)
    return format_capitalized(format_rule(escape_note(rule), names, has_exceptions=has_exceptions))


def describe_effect(
    subject: RuleSubject, impact: Impact, *, expected: bool | None, member_count: int, is_done: bool
) -> list[str]:
    """Describe the effect on the rule's subject, one line per sentence.

    `expected` is the effect of a new rule (True allows), None if a rule is deleted. `member_count` is the number of
    members in the guild. `is_done`: the change has been made.
    """
    subject_text = _format_subject(subject, member_count)
    if subject.is_administrator:
        return [texts.format_admin_unaffected(subject_text)]
    lines = []
    if impact.gained:
        lines.append(texts.format_gain(subject_text, format_surfaces(impact.gained), is_done=is_done))
        lines += [texts.RULE_CONTROL_WARNING] if can_change_rules(impact.gained) else []
    if impact.lost:
        lines.append(texts.format_loss(subject_text, format_surfaces(impact.lost), is_done=is_done))
    if impact.overriding_rules:
        lines.append(texts.format_overridden(format_surfaces(impact.overridden_commands)))
        lines += list_sentences(impact.overriding_rules)
    elif impact.is_empty:
        lines.append(texts.format_no_effect(subject_text, allow=expected))
    if impact.outside_titles:
        lines.append(texts.format_outside_discord(impact.outside_titles, is_additional=bool(lines)))
    return lines


def describe_exceptions(rules: Sequence[AccessRule]) -> list[str]:
    """Describe the more specific rules that still apply besides a rule; empty without any."""
    return [texts.EXCEPTIONS_HEADING, *list_sentences(rules)] if rules else []


def describe_losses(subject_text: str, impact: Impact, *, is_done: bool) -> list[str]:
    """Describe the commands that others than the rule's subject lose; empty without any."""
    if not impact.lost:
        return []
    return [texts.format_loss_warning(subject_text, format_surfaces(impact.lost), is_done=is_done)]


def list_sentences(rules: Sequence[AccessRule]) -> list[str]:
    """List the sentences of the first MAX_LISTED_RULES rules without their notes, and the number of the others."""
    lines = [texts.format_bullet(rule.id, format_sentence(replace(rule, note=""))) for rule in rules[:MAX_LISTED_RULES]]
    more_count = len(rules) - MAX_LISTED_RULES
    return [*lines, texts.format_more_rules(more_count)] if more_count > 0 else lines


def _format_subject(subject: RuleSubject, member_count: int) -> str:
    if subject.kind == SubjectKind.EVERYONE:
        return texts.format_everyone(member_count)
    return format_subject(subject.kind, subject.id, MESSAGE_NAMES)


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
