"""The list of rules: what it waits for on top, then every rule as a sentence under what it is about."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from herwa_bot.access.access_requests import AnswerButton
from herwa_bot.access.targets import Target
from herwa_bot.cogs.permissions.rule_draft import Whom
from herwa_bot.cogs.permissions.texts import PRECEDENCE, sentence
from herwa_bot.ui.mentions import MENTIONS, soon
from herwa_bot.ui.pagination import pages_of
from herwa_bot.ui.replies import plain
from herwa_shared.catalog import Surfaces
from herwa_shared.guardrail.policy import AccessRule, SubjectKind, TargetKind
from herwa_shared.guardrail.precedence import precedence
from herwa_shared.guardrail.texts import title_of
from herwa_shared.services.access_requests import Request

ANSWERED_HERE = 3  # with a row of buttons each; two more rows turn the pages and are spare
NO_RULES = "No rule yet: every command is for whom it is made. `/permissions allow` and `/permissions deny` make one."
NONE_OF_THESE = "No rule is about this."

_TARGETS = list(TargetKind)


def rule_pages(
    server: str, rules: Sequence[AccessRule], requests: Sequence[Request], *, narrowed: bool
) -> tuple[str, ...]:
    """`narrowed`: only some of the rules were asked for."""
    heading = f"**Access rules of {plain(server)}**\n{PRECEDENCE}"
    entries = [*_waiting(requests), *_grouped(rules)]
    if not rules:
        entries.append(NONE_OF_THESE if narrowed else NO_RULES)
    return pages_of(heading, entries)


def answer_buttons(guild_id: int, requests: Sequence[Request]) -> list[AnswerButton]:
    """Yes and no for the first few, numbered as they are listed."""
    buttons = []
    for number, request in enumerate(requests[:ANSWERED_HERE], start=1):
        for allow in (True, False):
            button = AnswerButton.make(guild_id, request.id, allow=allow)
            button.item.label = f"{number}: {button.item.label}"
            button.item.row = number
            buttons.append(button)
    return buttons


def live(rules: Iterable[AccessRule], *, at: float) -> list[AccessRule]:
    """Those whose end has not come."""
    return [rule for rule in rules if rule.until is None or at < rule.until]


def about(
    rules: Iterable[AccessRule], surfaces: Surfaces, *, target: Target | None, whom: Whom | None
) -> list[AccessRule]:
    """Those that concern a target, be they wider or narrower, and somebody, be it by a role or as everyone."""
    return [
        rule
        for rule in rules
        if (target is None or _meets(target, rule, surfaces)) and (whom is None or _concerns(whom, rule))
    ]


def _waiting(requests: Sequence[Request]) -> Iterator[str]:
    if requests:
        yield f"**Waiting for an answer** ({len(requests)})"
    for number, request in enumerate(requests[:ANSWERED_HERE], start=1):
        asked = f"{MENTIONS.member(request.user_id)} ({plain(request.user_name)}) asks for `/{request.command}`"
        yield f"{number}. {asked} in {MENTIONS.channel(request.channel_id)}, {soon(request.asked_at.timestamp())}"
    if len(requests) > ANSWERED_HERE:
        yield f"-# and {len(requests) - ANSWERED_HERE} more, shown when these are answered"


def _grouped(rules: Sequence[AccessRule]) -> Iterator[str]:
    """The widest target first; within one, the rule that wins first."""
    for (_, kind, key), group in groupby(sorted(rules, key=_place), key=lambda rule: _place(rule)[:3]):
        title = title_of(kind, key)
        first, *others = (
            f"{'✅' if rule.allow else '⛔'} `#{rule.id}` {sentence(rule, beside=rules)}" for rule in group
        )
        yield f"**{title[0].upper()}{title[1:]}**\n{first}"
        yield from others


def _place(rule: AccessRule) -> tuple[int, TargetKind, str, tuple[int, ...]]:
    return (_TARGETS.index(rule.target_kind), rule.target_kind, rule.target_key, precedence(rule))


def _meets(target: Target, rule: AccessRule, surfaces: Surfaces) -> bool:
    ruled = Target(rule.target_kind, rule.target_key)
    return any(ruled.covers(one) and target.covers(one) for one in surfaces.all)


def _concerns(whom: Whom, rule: AccessRule) -> bool:
    if rule.subject_kind == SubjectKind.EVERYONE:
        return True
    if rule.subject_kind == SubjectKind.PERMISSION:
        return whom.like.permissions & rule.subject_id == rule.subject_id
    return rule.subject_id in (whom.id, whom.like.member_id, *whom.like.role_ids)
