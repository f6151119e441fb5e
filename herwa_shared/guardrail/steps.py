"""The eight steps of the guardrail, in evaluation order. Each is a pure function.

docs/guardrail.md quotes the docstring of each step; a test compares them.
"""

from collections.abc import Callable

from herwa_shared.catalog import Audience, Essential, FeatureSpec
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    Entitlement,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
)
from herwa_shared.guardrail.precedence import get_precedence, list_targets
from herwa_shared.guardrail.verdict import Reason, StepDetail, StepOutcome, StepResult

_NO = Essential.NO  # a module constant, because accessing an enum member takes 0.2 µs in Python 3.11

Step = Callable[[Invocation, GuildPolicy, Entitlement], StepResult]


def check_kill_switch(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Refuse a feature that the operator has switched off for all guilds."""
    if is_protected(_find_spec(invocation, policy)):
        return _build_neutral(Reason.KILL_SWITCH, StepDetail.PROTECTED)
    if invocation.surface.feature in policy.global_policy.kill_switches:
        return _build_refusal(Reason.KILL_SWITCH, StepDetail.KILLED)
    return _build_neutral(Reason.KILL_SWITCH, StepDetail.NOT_KILLED)


def check_tier(invocation: Invocation, policy: GuildPolicy, entitlement: Entitlement) -> StepResult:
    """Refuse a feature that the guild's entitlement does not include."""
    if is_protected(_find_spec(invocation, policy)):
        return _build_neutral(Reason.TIER, StepDetail.IN_EVERY_TIER)
    if invocation.surface.feature in entitlement.features:
        return _build_neutral(Reason.TIER, StepDetail.IN_TIER)
    return _build_refusal(Reason.TIER, StepDetail.NOT_IN_TIER)


def check_toggle(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Refuse a feature that is switched off in the guild, or whose module is."""
    spec = _find_spec(invocation, policy)
    if is_protected(spec):
        return _build_neutral(Reason.TOGGLE, StepDetail.PROTECTED)
    if spec is not None and not policy.module_toggles.get(spec.module, True):
        return _build_refusal(Reason.TOGGLE, StepDetail.MODULE_OFF)
    if is_on(spec, policy):
        return _build_neutral(Reason.TOGGLE, StepDetail.ON)
    return _build_refusal(Reason.TOGGLE, StepDetail.OFF)


def check_administrator(invocation: Invocation, _: GuildPolicy, __: Entitlement) -> StepResult:
    """Allow the owner and members with Discord's Administrator permission."""
    if invocation.is_administrator:
        return StepResult(Reason.ADMINISTRATOR, StepOutcome.ALLOWS, StepDetail.ADMINISTRATOR)
    return _build_neutral(Reason.ADMINISTRATOR, StepDetail.NOT_ADMINISTRATOR)


def check_access_rule(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Apply the most specific of the matching access rules."""
    rule = find_deciding_rule(invocation, policy)
    if rule is None:
        return _build_neutral(Reason.ACCESS_RULE, StepDetail.NO_RULE)
    outcome = StepOutcome.ALLOWS if rule.allow else StepOutcome.REFUSES
    return StepResult(Reason.ACCESS_RULE, outcome, StepDetail.RULE, rule=rule)


def check_default_audience(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Apply the surface's default audience if no access rule matches."""
    if find_deciding_rule(invocation, policy) is not None:
        return StepResult(Reason.DEFAULT_AUDIENCE, StepOutcome.SKIPPED, StepDetail.DECIDED_BY_RULE)
    if invocation.surface.audience == Audience.EVERYONE:
        return StepResult(Reason.DEFAULT_AUDIENCE, StepOutcome.ALLOWS, StepDetail.OPEN_TO_EVERYONE)
    if invocation.permissions & MANAGE_GUILD:
        return StepResult(Reason.DEFAULT_AUDIENCE, StepOutcome.ALLOWS, StepDetail.MANAGER)
    return _build_refusal(Reason.DEFAULT_AUDIENCE, StepDetail.MANAGERS_ONLY)


def check_channel_list(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Refuse a channel that is not on the most specific channel list."""
    if not invocation.channel_id:
        return _build_neutral(Reason.CHANNEL_LIST, StepDetail.NO_CHANNEL)
    allowed_list = find_deciding_list(invocation, policy)
    if allowed_list is None:
        return _build_neutral(Reason.CHANNEL_LIST, StepDetail.NO_CHANNEL_LIST)
    if invocation.channel_id in allowed_list.place_ids or invocation.category_id in allowed_list.place_ids:
        return StepResult(
            Reason.CHANNEL_LIST, StepOutcome.NEUTRAL, StepDetail.ON_CHANNEL_LIST, channel_list=allowed_list
        )
    return StepResult(
        Reason.CHANNEL_LIST, StepOutcome.REFUSES, StepDetail.NOT_ON_CHANNEL_LIST, channel_list=allowed_list
    )


def check_cooldown(invocation: Invocation, _: GuildPolicy, __: Entitlement) -> StepResult:
    """Refuse when the rate limit of the member, the guild or the key is used up."""
    if invocation.remaining <= 0:
        return _build_refusal(Reason.COOLDOWN, StepDetail.TOO_MANY)
    return _build_neutral(Reason.COOLDOWN, StepDetail.WITHIN_RATE)


STEPS: tuple[Step, ...] = (
    check_kill_switch,
    check_tier,
    check_toggle,
    check_administrator,
    check_access_rule,
    check_default_audience,
    check_channel_list,
    check_cooldown,
)


def find_deciding_rule(invocation: Invocation, policy: GuildPolicy) -> AccessRule | None:
    """Find the matching rule with the highest precedence; None if no rule matches."""
    targets = list_targets(invocation.surface, policy.global_policy.features)
    matching_rules = (
        rule
        for rule in policy.rules
        if (rule.target_kind, rule.target_key) in targets
        and (rule.until is None or invocation.at < rule.until)
        and _is_matching_subject(rule, invocation)
        and _is_matching_place(rule, invocation)
    )
    return min(matching_rules, key=get_precedence, default=None)


def find_deciding_list(invocation: Invocation, policy: GuildPolicy) -> ChannelList | None:
    """Find the channel list of the most specific target that has one; None without a list."""
    lists_by_target = {
        (channel_list.target_kind, channel_list.target_key): channel_list for channel_list in policy.channel_lists
    }
    targets = list_targets(invocation.surface, policy.global_policy.features)
    return next((lists_by_target[target] for target in targets if target in lists_by_target), None)


def is_protected(spec: FeatureSpec | None) -> bool:
    """Whether the feature is exempt from kill switch, tier and toggle."""
    return spec is not None and spec.essential != _NO


def is_on(spec: FeatureSpec | None, policy: GuildPolicy) -> bool:
    """Whether the feature's toggle is on: the guild's choice, else the default.

    The module toggle is not considered.
    """
    return spec is not None and policy.feature_toggles.get(spec.key, spec.on_by_default)


def _find_spec(invocation: Invocation, policy: GuildPolicy) -> FeatureSpec | None:
    return policy.global_policy.features.get(invocation.surface.feature)


def _is_matching_subject(rule: AccessRule, invocation: Invocation) -> bool:
    if rule.subject_kind == SubjectKind.EVERYONE:
        return True
    if rule.subject_kind == SubjectKind.PERMISSION:
        return invocation.permissions & rule.subject_id == rule.subject_id
    return rule.subject_id in invocation.subjects


def _is_matching_place(rule: AccessRule, invocation: Invocation) -> bool:
    if rule.place_kind == PlaceKind.EVERYWHERE:
        return True
    current_place_id = invocation.channel_id if rule.place_kind == PlaceKind.CHANNEL else invocation.category_id
    return bool(invocation.channel_id) and rule.place_id == current_place_id


def _build_neutral(step: Reason, detail: StepDetail) -> StepResult:
    return StepResult(step, StepOutcome.NEUTRAL, detail)


def _build_refusal(step: Reason, detail: StepDetail) -> StepResult:
    return StepResult(step, StepOutcome.REFUSES, detail)
