"""Format rules, traces and refusals as text for people.

A `NameFormatter` from the caller formats names for the surface (Discord, web page) that shows the text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey, Surface, SurfaceKind
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.guardrail.invocation import PrincipalKind
from herwa_shared.guardrail.permissions import format_permissions
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.verdict import Reason, StepOutcome, StepResult, Trace

STEP_TITLES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.KILL_SWITCH: "Kill switch",
        Reason.TIER: "Tier",
        Reason.TOGGLE: "Switch",
        Reason.ADMINISTRATOR: "Administrator",
        Reason.ACCESS_RULE: "Access rule",
        Reason.DEFAULT_AUDIENCE: "Default audience",
        Reason.CHANNEL_LIST: "Channel list",
        Reason.COOLDOWN: "Cooldown",
        Reason.ESSENTIAL: "Always answers",
        Reason.SCOPE: "Scope of the key",
        Reason.PUBLIC: "Published",
        Reason.NO_POLICY: "No settings",
    }
)

OUTCOME_MARKS: Mapping[StepOutcome, str] = MappingProxyType(
    {StepOutcome.NEUTRAL: "·", StepOutcome.ALLOWS: "✓", StepOutcome.REFUSES: "✗", StepOutcome.SKIPPED: "-"}
)

MANAGERS_TEXT = "Members with Manage Server"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Text of a refusal: why it was refused, and who can change that. One or two sentences each."""

    headline: str
    remedy: str


NO_POLICY_REFUSAL = Refusal(
    "Herwa cannot read this server's settings at the moment, so it holds back.",
    "It goes on by itself once they can be read. Please try again in a minute.",
)


class NameFormatter(Protocol):
    """Formats roles, members, channels and times for one surface; the output is safe to show."""

    def format_role(self, role_id: int, /) -> str:
        """Format a role."""

    def format_member(self, member_id: int, /) -> str:
        """Format a member."""

    def format_channel(self, channel_id: int, /) -> str:
        """Format a channel or a category."""

    def format_time(self, seconds: float, /) -> str:
        """Format a time in Unix seconds."""


def format_target(target_kind: TargetKind, target_key: str) -> str:
    """Format a target: `everything`, `the Voice module`, `Ticket stats`, `/ticket-stats`."""
    if target_kind == TargetKind.MODULE:
        return f"the {MODULES[ModuleKey(target_key)].title if target_key in MODULES else target_key} module"
    if target_kind == TargetKind.FEATURE:
        return FEATURES[FeatureKey(target_key)].title if target_key in FEATURES else target_key
    if target_kind == TargetKind.COMMAND:
        return format_command(target_key)
    return "everything"


def format_command(key: str) -> str:
    """Format a command as `/top channels`, and a context-menu command in quotes.

    Only context-menu commands contain capital letters.
    """
    return f"/{key}" if key == key.lower() else f"“{key}”"


def format_rule(rule: AccessRule, names: NameFormatter) -> str:
    """Format a rule: `@Support may use Ticket stats in #staff until Friday: on trial`."""
    target = format_target(rule.target_kind, rule.target_key)
    if rule.target_kind == TargetKind.EVERYTHING and not rule.allow:
        target = "anything"
    if rule.subject_kind == SubjectKind.EVERYONE and not rule.allow:
        parts = [f"nobody may use {target}"]
    else:
        parts = [f"{format_subject(rule, names)} {'may' if rule.allow else 'may not'} use {target}"]
    if rule.place_kind != PlaceKind.EVERYWHERE:
        parts.append(f"in {names.format_channel(rule.place_id)}")
    if rule.until is not None:
        parts.append(f"until {names.format_time(rule.until)}")
    return " ".join(parts) + (f": {rule.note}" if rule.note else "")


def format_subject(rule: AccessRule, names: NameFormatter) -> str:
    """Format the subject of a rule."""
    if rule.subject_kind == SubjectKind.MEMBER:
        return names.format_member(rule.subject_id)
    if rule.subject_kind == SubjectKind.ROLE:
        return names.format_role(rule.subject_id)
    if rule.subject_kind == SubjectKind.PERMISSION:
        return f"members with {format_permissions(rule.subject_id)}"
    return "everyone"


def build_refusal(trace: Trace, names: NameFormatter) -> Refusal:
    """Build the text of a refusal. The trace's verdict must be a refusal, else KeyError."""
    return _REFUSAL_BUILDERS[trace.verdict.reason](trace, names)


def format_trace(trace: Trace, names: NameFormatter) -> tuple[str, ...]:
    """Format one line per step: `1 · Kill switch: not switched off by Herwa's operator`."""
    return tuple(
        f"{number} {OUTCOME_MARKS[step.outcome]} {STEP_TITLES[step.step]}: {_format_detail(step, names)}"
        for number, step in enumerate(trace.steps, start=1)
    )


def _format_detail(step: StepResult, names: NameFormatter) -> str:
    if step.rule is not None:
        return format_rule(step.rule, names)
    if step.channel_list is not None:
        return f"{step.detail} for {format_target(step.channel_list.target_kind, step.channel_list.target_key)}"
    return step.detail


def _format_surface(surface: Surface) -> str:
    """Format a command as users type it, any other surface by its title."""
    return format_command(surface.key) if surface.kind in (SurfaceKind.COMMAND, SurfaceKind.MENU) else surface.title


def _format_feature(trace: Trace) -> str:
    return format_target(TargetKind.FEATURE, trace.invocation.surface.feature)


def _explain_kill_switch(trace: Trace, _: NameFormatter) -> Refusal:
    reason = trace.policy.global_policy.kill_switches.get(trace.invocation.surface.feature, "")
    headline = f"{_format_feature(trace)} is switched off everywhere by Herwa's operator"
    return Refusal(f"{headline}: {reason}" if reason else f"{headline}.", "Only the operator can switch it on again.")


def _explain_tier(trace: Trace, _: NameFormatter) -> Refusal:
    tiers = trace.policy.global_policy.tiers
    key = resolve_entitlement(trace.policy, trace.invocation.at).tier
    title = tiers[key].title if key in tiers else "Free"
    feature = trace.invocation.surface.feature
    including_tiers = [tier for tier in tiers.values() if feature in tier.features]
    lowest_tier = min(including_tiers, key=lambda tier: tier.rank, default=None)
    if lowest_tier is None:
        return Refusal(
            f"{_format_feature(trace)} is not part of any tier at the moment.", "Only Herwa's operator can change that."
        )
    return Refusal(
        f"{_format_feature(trace)} is part of {lowest_tier.title}; this server is on {title}.",
        f"{MANAGERS_TEXT} can get {lowest_tier.title} for it; /premium says what it gives.",
    )


def _explain_toggle(trace: Trace, _: NameFormatter) -> Refusal:
    spec = trace.policy.global_policy.features.get(trace.invocation.surface.feature)
    remedy = f"{MANAGERS_TEXT} can switch it on with /features."
    if spec is not None and not trace.policy.module_toggles.get(spec.module, True):
        module = format_target(TargetKind.MODULE, spec.module)
        return Refusal(f"{_format_feature(trace)} is off: {module} is switched off in this server.", remedy)
    return Refusal(f"{_format_feature(trace)} is switched off in this server.", remedy)


def _explain_access_rule(trace: Trace, names: NameFormatter) -> Refusal:
    sentence = format_rule(trace.rule, names) if trace.rule else "this may not be used"
    return Refusal(f"A rule of this server says: {sentence}", f"{MANAGERS_TEXT} can change it with /permissions.")


def _explain_default_audience(trace: Trace, _: NameFormatter) -> Refusal:
    title = _format_surface(trace.invocation.surface)
    return Refusal(
        f"{title} is for members with Manage Server, and no rule allows it to you.",
        f"{MANAGERS_TEXT} can allow it with /permissions.",
    )


def _explain_channel_list(trace: Trace, _: NameFormatter) -> Refusal:
    target = (
        format_target(trace.channel_list.target_kind, trace.channel_list.target_key) if trace.channel_list else "this"
    )
    return Refusal(
        f"This server keeps {target} to certain channels, and this is not one of them.",
        f"{MANAGERS_TEXT} can change the list with /channels.",
    )


def _explain_cooldown(trace: Trace, _: NameFormatter) -> Refusal:
    if trace.invocation.principal_kind == PrincipalKind.KEY:
        return Refusal("This key has used up its requests for the minute.", "It may go on within a minute.")
    return Refusal("That was a lot of commands in one minute.", "You can go on within a minute.")


def _explain_scope(trace: Trace, _: NameFormatter) -> Refusal:
    return Refusal(
        f"This key does not have the scope for {_format_surface(trace.invocation.surface)}.",
        "Whoever manages this server's API keys can make one that has it.",
    )


def _explain_no_policy(_: Trace, __: NameFormatter) -> Refusal:
    return NO_POLICY_REFUSAL


_REFUSAL_BUILDERS: Mapping[Reason, Callable[[Trace, NameFormatter], Refusal]] = MappingProxyType(
    {
        Reason.KILL_SWITCH: _explain_kill_switch,
        Reason.TIER: _explain_tier,
        Reason.TOGGLE: _explain_toggle,
        Reason.ACCESS_RULE: _explain_access_rule,
        Reason.DEFAULT_AUDIENCE: _explain_default_audience,
        Reason.CHANNEL_LIST: _explain_channel_list,
        Reason.COOLDOWN: _explain_cooldown,
        Reason.SCOPE: _explain_scope,
        Reason.NO_POLICY: _explain_no_policy,
    }
)
