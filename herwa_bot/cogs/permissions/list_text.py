"""Text of `/permissions list`: open access requests, then the rules by target."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from herwa_bot.access.access_requests import RequestDecisionButton
from herwa_bot.cogs.permissions.effect_text import format_sentence
from herwa_bot.cogs.permissions.rule_draft import RuleSubject
from herwa_bot.texts import permissions as texts
from herwa_bot.texts import requests as request_texts
from herwa_bot.texts.buttons import format_numbered
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.pagination import split_pages
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.guardrail.policy import AccessRule, SubjectKind, TargetKind
from herwa_shared.guardrail.precedence import get_precedence
from herwa_shared.guardrail.targets import Target
from herwa_shared.guardrail.texts import format_target
from herwa_shared.services.access_requests import AccessRequestInfo

MAX_LISTED_REQUESTS = 3  # each takes one of Discord's five button rows; one is for the pages, one is spare

_TARGET_KIND_ORDER = list(TargetKind)


def format_rule_pages(
    guild_name: str, rules: Sequence[AccessRule], requests: Sequence[AccessRequestInfo], *, is_filtered: bool
) -> tuple[str, ...]:
    """Format the list as pages. `is_filtered`: the rules are the result of a filter."""
    entries = [*_format_requests(requests), *_format_rules(rules)]
    if not rules:
        entries.append(texts.NO_MATCHING_RULES if is_filtered else texts.NO_RULES)
    return split_pages(texts.format_list_heading(escape(guild_name)), entries)


def build_decision_buttons(guild_id: int, requests: Sequence[AccessRequestInfo]) -> list[RequestDecisionButton]:
    """Build the allow and dismiss buttons of the first requests, numbered as in the list."""
    buttons = []
    for number, request in enumerate(requests[:MAX_LISTED_REQUESTS], start=1):
        for allow in (True, False):
            button = RequestDecisionButton.build(guild_id, request.id, allow=allow)
            button.item.label = format_numbered(number, str(button.item.label))
            button.item.row = number
            buttons.append(button)
    return buttons


def filter_active(rules: Iterable[AccessRule], *, at: float) -> list[AccessRule]:
    """Filter rules that have not expired at `at`, in seconds since 1970."""
    return [rule for rule in rules if rule.until is None or at < rule.until]


def filter_rules(
    rules: Iterable[AccessRule], surfaces: SurfaceRegistry, *, target: Target | None, subject: RuleSubject | None
) -> list[AccessRule]:
    """Filter rules that affect a target and a subject.

    Rules about wider and narrower targets match too, and so do rules that apply to the subject through a role or to
    everyone.
    """
    return [
        rule
        for rule in rules
        if (target is None or _has_overlap(target, rule, surfaces)) and (subject is None or _is_affected(subject, rule))
    ]


def _format_requests(requests: Sequence[AccessRequestInfo]) -> Iterator[str]:
    if requests:
        yield request_texts.format_requests_heading(len(requests))
    for number, request in enumerate(requests[:MAX_LISTED_REQUESTS], start=1):
        member = MESSAGE_NAMES.format_member(request.user_id)
        channel = MESSAGE_NAMES.format_channel(request.channel_id)
        requested_at = MESSAGE_NAMES.format_time(request.requested_at.timestamp())
        yield request_texts.format_request_entry(number, member, request.command, channel, requested_at)
    if len(requests) > MAX_LISTED_REQUESTS:
        yield request_texts.format_more_requests(len(requests) - MAX_LISTED_REQUESTS)


def _format_rules(rules: Sequence[AccessRule]) -> Iterator[str]:
    """Format rules by target, the widest first; within a target in order of precedence."""
    for (_, kind, key), group in groupby(sorted(rules, key=_get_sort_key), key=lambda rule: _get_sort_key(rule)[:3]):
        first_line, *other_lines = (
            texts.format_entry(rule.id, format_sentence(rule, related_rules=rules), allow=rule.allow) for rule in group
        )
        yield f"{texts.format_target_heading(format_target(kind, key))}\n{first_line}"
        yield from other_lines


def _get_sort_key(rule: AccessRule) -> tuple[int, TargetKind, str, tuple[int, ...]]:
    return (_TARGET_KIND_ORDER.index(rule.target_kind), rule.target_kind, rule.target_key, get_precedence(rule))


def _has_overlap(target: Target, rule: AccessRule, surfaces: SurfaceRegistry) -> bool:
    rule_target = Target(rule.target_kind, rule.target_key)
    return any(rule_target.covers_surface(surface) and target.covers_surface(surface) for surface in surfaces.all)


def _is_affected(subject: RuleSubject, rule: AccessRule) -> bool:
    if rule.subject_kind == SubjectKind.EVERYONE:
        return True
    if rule.subject_kind == SubjectKind.PERMISSION:
        return subject.representative.permissions & rule.subject_id == rule.subject_id
    return rule.subject_id in (subject.id, subject.representative.member_id, *subject.representative.role_ids)
