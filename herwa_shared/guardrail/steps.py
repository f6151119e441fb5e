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
from herwa_shared.guardrail.verdict import Reason, StepOutcome, StepResult

_NO = Essential.NO  # a module constant, because accessing an enum member takes 0.2 µs in Python 3.11

Step = Callable[[Invocation, GuildPolicy, Entitlement], StepResult]


def check_kill_switch(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Refuse a feature that the operator has switched off for all guilds."""
    if is_protected(_find_spec(invocation, policy)):
        return _build_neutral(Reason.KILL_SWITCH, "this cannot be switched off")
    if invocation.surface.feature in policy.global_policy.kill_switches:
        return _build_refusal(Reason.KILL_SWITCH, "switched off everywhere by Herwa's operator")
    return _build_neutral(Reason.KILL_SWITCH, "not switched off by Herwa's operator")


def check_tier(invocation: Invocation, policy: GuildPolicy, entitlement: Entitlement) -> StepResult:
    """Refuse a feature that the guild's entitlement does not include."""
    if is_protected(_find_spec(invocation, policy)):
        return _build_neutral(Reason.TIER, "part of every tier")
    if invocation.surface.feature in entitlement.features:
        return _build_neutral(Reason.TIER, "the server's tier includes it")
    return _build_refusal(Reason.TIER, "the server's tier does not include it")


def check_toggle(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Refuse a feature that is switched off in the guild, or whose module is."""
    spec = _find_spec(invocation, policy)
    if is_protected(spec):
        return _build_neutral(Reason.TOGGLE, "this cannot be switched off")
    if spec is not None and not policy.module_toggles.get(spec.module, True):
        return _build_refusal(Reason.TOGGLE, "its module is switched off in this server")
    if is_on(spec, policy):
        return _build_neutral(Reason.TOGGLE, "switched on in this server")
    return _build_refusal(Reason.TOGGLE, "switched off in this server")


def check_administrator(invocation: Invocation, _: GuildPolicy, __: Entitlement) -> StepResult:
    """Allow the owner and members with Discord's Administrator permission."""
    if invocation.is_administrator:
        return StepResult(Reason.ADMINISTRATOR, StepOutcome.ALLOWS, "the owner and administrators always pass")
    return _build_neutral(Reason.ADMINISTRATOR, "neither the owner nor an administrator")


def check_access_rule(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Apply the most specific of the matching access rules."""
    rule = find_deciding_rule(invocation, policy)
    if rule is None:
        return _build_neutral(Reason.ACCESS_RULE, "no rule is about this")
    return StepResult(
        Reason.ACCESS_RULE, StepOutcome.ALLOWS if rule.allow else StepOutcome.REFUSES, _describe_rule(rule), rule=rule
    )


def check_default_audience(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Apply the surface's default audience if no access rule matches."""
    if find_deciding_rule(invocation, policy) is not None:
        return StepResult(Reason.DEFAULT_AUDIENCE, StepOutcome.SKIPPED, "a rule has decided")
    if invocation.surface.audience == Audience.EVERYONE:
        return StepResult(Reason.DEFAULT_AUDIENCE, StepOutcome.ALLOWS, "it is for everyone")
    if invocation.permissions & MANAGE_GUILD:
        return StepResult(Reason.DEFAULT_AUDIENCE, StepOutcome.ALLOWS, "it is for members with Manage Server")
    return _build_refusal(Reason.DEFAULT_AUDIENCE, "it is for members with Manage Server")


def check_channel_list(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepResult:
    """Refuse a channel that is not on the most specific channel list."""
    if not invocation.channel_id:
        return _build_neutral(Reason.CHANNEL_LIST, "this happens in no channel")
    allowed_list = find_deciding_list(invocation, policy)
    if allowed_list is None:
        return _build_neutral(Reason.CHANNEL_LIST, "it may run in every channel")
    if invocation.channel_id in allowed_list.place_ids or invocation.category_id in allowed_list.place_ids:
        return StepResult(
            Reason.CHANNEL_LIST, StepOutcome.NEUTRAL, "this channel is on its list", channel_list=allowed_list
        )
    return StepResult(
        Reason.CHANNEL_LIST, StepOutcome.REFUSES, "this channel is not on its list", channel_list=allowed_list
    )


def check_cooldown(invocation: Invocation, _: GuildPolicy, __: Entitlement) -> StepResult:
    """Refuse when the rate limit of the member, the guild or the key is used up."""
    if invocation.remaining <= 0:
        return _build_refusal(Reason.COOLDOWN, "too many within a minute")
    return _build_neutral(Reason.COOLDOWN, "within the rate of the server's tier")


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


def _describe_rule(rule: AccessRule) -> str:
    subject = {
        SubjectKind.EVERYONE: "everyone",
        SubjectKind.PERMISSION: "members with a permission",
        SubjectKind.ROLE: "a role",
        SubjectKind.MEMBER: "this member",
    }[rule.subject_kind]
    return f"a rule for {subject}"


def _build_neutral(step: Reason, detail: str) -> StepResult:
    return StepResult(step, StepOutcome.NEUTRAL, detail)


def _build_refusal(step: Reason, detail: str) -> StepResult:
    return StepResult(step, StepOutcome.REFUSES, detail)
