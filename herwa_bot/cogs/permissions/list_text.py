"""Text of `/permissions list`: open access requests, then the rules by target."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from herwa_bot.access.access_requests import RequestDecisionButton
from herwa_bot.access.targets import Target
from herwa_bot.cogs.permissions.rule_draft import RuleSubject
from herwa_bot.cogs.permissions.texts import PRECEDENCE_NOTE, format_rule_with_exceptions
from herwa_bot.ui.mentions import MENTIONS, format_relative_time
from herwa_bot.ui.pagination import split_pages
from herwa_bot.ui.replies import escape
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.guardrail.policy import AccessRule, SubjectKind, TargetKind
from herwa_shared.guardrail.precedence import get_precedence
from herwa_shared.guardrail.texts import format_target
from herwa_shared.services.access_requests import AccessRequestInfo

MAX_LISTED_REQUESTS = 3  # each takes one of Discord's five button rows; one is for the pages, one is spare
NO_RULES = "No rule yet: every command is for whom it is made. `/permissions allow` and `/permissions deny` make one."
NO_MATCHING_RULES = "No rule is about this."

_TARGET_KIND_ORDER = list(TargetKind)


def format_rule_pages(
    guild_name: str, rules: Sequence[AccessRule], requests: Sequence[AccessRequestInfo], *, is_filtered: bool
) -> tuple[str, ...]:
    """Format the list as pages. `is_filtered`: the rules are the result of a filter."""
    heading = f"**Access rules of {escape(guild_name)}**\n{PRECEDENCE_NOTE}"
    entries = [*_format_requests(requests), *_format_rules(rules)]
    if not rules:
        entries.append(NO_MATCHING_RULES if is_filtered else NO_RULES)
    return split_pages(heading, entries)


def build_decision_buttons(guild_id: int, requests: Sequence[AccessRequestInfo]) -> list[RequestDecisionButton]:
    """Build the allow and dismiss buttons of the first requests, numbered as in the list."""
    buttons = []
    for number, request in enumerate(requests[:MAX_LISTED_REQUESTS], start=1):
        for allow in (True, False):
            button = RequestDecisionButton.build(guild_id, request.id, allow=allow)
            button.item.label = f"{number}: {button.item.label}"
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
        yield f"**Waiting for an answer** ({len(requests)})"
    for number, request in enumerate(requests[:MAX_LISTED_REQUESTS], start=1):
        member = f"{MENTIONS.format_member(request.user_id)} ({escape(request.user_name)})"
        channel = MENTIONS.format_channel(request.channel_id)
        requested_at = format_relative_time(request.requested_at.timestamp())
        yield f"{number}. {member} asks for `/{request.command}` in {channel}, {requested_at}"
    if len(requests) > MAX_LISTED_REQUESTS:
        yield f"-# and {len(requests) - MAX_LISTED_REQUESTS} more, shown when these are answered"


def _format_rules(rules: Sequence[AccessRule]) -> Iterator[str]:
    """Format rules by target, the widest first; within a target in order of precedence."""
    for (_, kind, key), group in groupby(sorted(rules, key=_get_sort_key), key=lambda rule: _get_sort_key(rule)[:3]):
        title = format_target(kind, key)
        first_line, *other_lines = (
            f"{'✅' if rule.allow else '⛔'} `#{rule.id}` {format_rule_with_exceptions(rule, related_rules=rules)}"
            for rule in group
        )
        yield f"**{title[0].upper()}{title[1:]}**\n{first_line}"
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
