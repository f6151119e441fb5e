"""The eight steps in the order in which they are asked. Each is pure, and says for itself what it came to."""

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
from herwa_shared.guardrail.precedence import precedence, targets_of
from herwa_shared.guardrail.verdict import Reason, Said, StepSaid

_NO = Essential.NO  # Python 3.11 takes 0.2 µs to find a member of an enum

Step = Callable[[Invocation, GuildPolicy, Entitlement], StepSaid]


def kill_switch(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepSaid:
    """The operator has turned the feature off."""
    if is_kept(_spec(invocation, policy)):
        return _silent(Reason.KILL_SWITCH, "this cannot be switched off")
    if invocation.surface.feature in policy.offer.kill_switches:
        return _refuses(Reason.KILL_SWITCH, "switched off everywhere by Herwa's operator")
    return _silent(Reason.KILL_SWITCH, "not switched off by Herwa's operator")


def tier(invocation: Invocation, policy: GuildPolicy, entitlement: Entitlement) -> StepSaid:
    """The guild's entitlement lacks the feature."""
    if is_kept(_spec(invocation, policy)):
        return _silent(Reason.TIER, "part of every tier")
    if invocation.surface.feature in entitlement.features:
        return _silent(Reason.TIER, "the server's tier includes it")
    return _refuses(Reason.TIER, "the server's tier does not include it")


def toggle(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepSaid:
    """The guild has turned the feature or its module off."""
    spec = _spec(invocation, policy)
    if is_kept(spec):
        return _silent(Reason.TOGGLE, "this cannot be switched off")
    if spec is not None and not policy.module_toggles.get(spec.module, True):
        return _refuses(Reason.TOGGLE, "its module is switched off in this server")
    if is_on(spec, policy):
        return _silent(Reason.TOGGLE, "switched on in this server")
    return _refuses(Reason.TOGGLE, "switched off in this server")


def administrator(invocation: Invocation, _: GuildPolicy, __: Entitlement) -> StepSaid:
    """The owner and Discord administrators pass here."""
    if invocation.is_administrator:
        return StepSaid(Reason.ADMINISTRATOR, Said.ALLOWS, "the owner and administrators always pass")
    return _silent(Reason.ADMINISTRATOR, "neither the owner nor an administrator")


def access_rule(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepSaid:
    """Among the rules that match, the most specific one decides."""
    rule = deciding_rule(invocation, policy)
    if rule is None:
        return _silent(Reason.ACCESS_RULE, "no rule is about this")
    return StepSaid(Reason.ACCESS_RULE, Said.ALLOWS if rule.allow else Said.REFUSES, _about(rule), rule=rule)


def default_audience(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepSaid:
    """No rule matched: the surface's own default."""
    if deciding_rule(invocation, policy) is not None:
        return StepSaid(Reason.DEFAULT_AUDIENCE, Said.NOT_ASKED, "a rule has decided")
    if invocation.surface.audience == Audience.EVERYONE:
        return StepSaid(Reason.DEFAULT_AUDIENCE, Said.ALLOWS, "it is for everyone")
    if invocation.permissions & MANAGE_GUILD:
        return StepSaid(Reason.DEFAULT_AUDIENCE, Said.ALLOWS, "it is for members with Manage Server")
    return _refuses(Reason.DEFAULT_AUDIENCE, "it is for members with Manage Server")


def channel_list(invocation: Invocation, policy: GuildPolicy, _: Entitlement) -> StepSaid:
    """The most specific target that has a list: the invocation must be in it."""
    if not invocation.channel_id:
        return _silent(Reason.CHANNEL_LIST, "this happens in no channel")
    found = deciding_list(invocation, policy)
    if found is None:
        return _silent(Reason.CHANNEL_LIST, "it may run in every channel")
    if invocation.channel_id in found.place_ids or invocation.category_id in found.place_ids:
        return StepSaid(Reason.CHANNEL_LIST, Said.SILENT, "this channel is on its list", list=found)
    return StepSaid(Reason.CHANNEL_LIST, Said.REFUSES, "this channel is not on its list", list=found)


def cooldown(invocation: Invocation, _: GuildPolicy, __: Entitlement) -> StepSaid:
    """The command rate of the member or of the guild is used up."""
    if invocation.left <= 0:
        return _refuses(Reason.COOLDOWN, "too many within a minute")
    return _silent(Reason.COOLDOWN, "within the rate of the server's tier")


STEPS: tuple[Step, ...] = (
    kill_switch,
    tier,
    toggle,
    administrator,
    access_rule,
    default_audience,
    channel_list,
    cooldown,
)


def deciding_rule(invocation: Invocation, policy: GuildPolicy) -> AccessRule | None:
    """Of the rules that match, the one that wins."""
    targets = targets_of(invocation.surface, policy.offer.features)
    matching = (
        rule
        for rule in policy.rules
        if (rule.target_kind, rule.target_key) in targets
        and (rule.until is None or invocation.at < rule.until)
        and _is_subject(rule, invocation)
        and _is_place(rule, invocation)
    )
    return min(matching, key=precedence, default=None)


def deciding_list(invocation: Invocation, policy: GuildPolicy) -> ChannelList | None:
    """The list of the most specific target that has one."""
    lists = {(one.target_kind, one.target_key): one for one in policy.lists}
    targets = targets_of(invocation.surface, policy.offer.features)
    return next((lists[target] for target in targets if target in lists), None)


def is_kept(spec: FeatureSpec | None) -> bool:
    """Kill switch, tier and toggle do not reach it."""
    return spec is not None and spec.essential != _NO


def is_on(spec: FeatureSpec | None, policy: GuildPolicy) -> bool:
    """What the guild chose for the feature, else the feature's default. Its module is another matter."""
    return spec is not None and policy.feature_toggles.get(spec.key, spec.on_by_default)


def _spec(invocation: Invocation, policy: GuildPolicy) -> FeatureSpec | None:
    return policy.offer.features.get(invocation.surface.feature)


def _is_subject(rule: AccessRule, invocation: Invocation) -> bool:
    if rule.subject_kind == SubjectKind.EVERYONE:
        return True
    if rule.subject_kind == SubjectKind.PERMISSION:
        return invocation.permissions & rule.subject_id == rule.subject_id
    return rule.subject_id in invocation.subjects


def _is_place(rule: AccessRule, invocation: Invocation) -> bool:
    if rule.place_kind == PlaceKind.EVERYWHERE:
        return True
    here = invocation.channel_id if rule.place_kind == PlaceKind.CHANNEL else invocation.category_id
    return bool(invocation.channel_id) and rule.place_id == here


def _about(rule: AccessRule) -> str:
    subject = {
        SubjectKind.EVERYONE: "everyone",
        SubjectKind.PERMISSION: "members with a permission",
        SubjectKind.ROLE: "a role",
        SubjectKind.MEMBER: "this member",
    }[rule.subject_kind]
    return f"a rule for {subject}"


def _silent(step: Reason, because: str) -> StepSaid:
    return StepSaid(step, Said.SILENT, because)


def _refuses(step: Reason, because: str) -> StepSaid:
    return StepSaid(step, Said.REFUSES, because)
