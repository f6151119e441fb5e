"""Rules, traces and refusals as sentences for people; whoever shows them says how names are written there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey, Surface, SurfaceKind
from herwa_shared.guardrail.entitlement import entitlement_of
from herwa_shared.guardrail.invocation import Asker
from herwa_shared.guardrail.permissions import permission_title
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.verdict import Reason, Said, StepSaid, Trace

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

MARKS: Mapping[Said, str] = MappingProxyType(
    {Said.SILENT: "·", Said.ALLOWS: "✓", Said.REFUSES: "✗", Said.NOT_ASKED: "-"}
)

MANAGERS = "Members with Manage Server"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What objected, and who can change it: each a sentence or two."""

    headline: str
    who: str


NO_POLICY_REFUSAL = Refusal(
    "Herwa cannot read this server's settings at the moment, so it holds back.",
    "It goes on by itself once they can be read. Please try again in a minute.",
)


class Names(Protocol):
    """How people, places and moments are called where the sentence is read: finished text, safe to show."""

    def role(self, role_id: int, /) -> str: ...

    def member(self, member_id: int, /) -> str: ...

    def channel(self, channel_id: int, /) -> str:
        """A channel or a category."""

    def moment(self, seconds: float, /) -> str:
        """Of seconds since 1970."""


def title_of(target_kind: TargetKind, target_key: str) -> str:
    """What a rule or list is about: `everything`, `the Voice module`, `Ticket stats`, `/ticket-stats`."""
    if target_kind == TargetKind.MODULE:
        return f"the {MODULES[ModuleKey(target_key)].title if target_key in MODULES else target_key} module"
    if target_kind == TargetKind.FEATURE:
        return FEATURES[FeatureKey(target_key)].title if target_key in FEATURES else target_key
    if target_kind == TargetKind.COMMAND:
        return command_title(target_key)
    return "everything"


def command_title(key: str) -> str:
    """`/top channels`; an entry of a context menu, the only ones with capitals, stands in quotes."""
    return f"/{key}" if key == key.lower() else f"“{key}”"


def rule_sentence(rule: AccessRule, names: Names) -> str:
    """`@Support may use Ticket stats in #staff until Friday: on trial`."""
    what = title_of(rule.target_kind, rule.target_key)
    if rule.target_kind == TargetKind.EVERYTHING and not rule.allow:
        what = "anything"
    if rule.subject_kind == SubjectKind.EVERYONE and not rule.allow:
        parts = [f"nobody may use {what}"]
    else:
        parts = [f"{subject_of(rule, names)} {'may' if rule.allow else 'may not'} use {what}"]
    if rule.place_kind != PlaceKind.EVERYWHERE:
        parts.append(f"in {names.channel(rule.place_id)}")
    if rule.until is not None:
        parts.append(f"until {names.moment(rule.until)}")
    return " ".join(parts) + (f": {rule.note}" if rule.note else "")


def subject_of(rule: AccessRule, names: Names) -> str:
    """Whom a rule is about."""
    if rule.subject_kind == SubjectKind.MEMBER:
        return names.member(rule.subject_id)
    if rule.subject_kind == SubjectKind.ROLE:
        return names.role(rule.subject_id)
    if rule.subject_kind == SubjectKind.PERMISSION:
        return f"members with {permission_title(rule.subject_id)}"
    return "everyone"


def refusal(trace: Trace, names: Names) -> Refusal:
    """Why it was refused, and who can change that. For a trace whose verdict is a refusal."""
    return _REFUSALS[trace.verdict.reason](trace, names)


def trace_lines(trace: Trace, names: Names) -> tuple[str, ...]:
    """One line a step, in order: `1 · Kill switch: not switched off by Herwa's operator`."""
    return tuple(
        f"{number} {MARKS[step.said]} {STEP_TITLES[step.step]}: {_because(step, names)}"
        for number, step in enumerate(trace.steps, start=1)
    )


def _because(step: StepSaid, names: Names) -> str:
    if step.rule is not None:
        return rule_sentence(step.rule, names)
    if step.list is not None:
        return f"{step.because} for {title_of(step.list.target_kind, step.list.target_key)}"
    return step.because


def _surface_title(surface: Surface) -> str:
    """A command as it is typed, anything else by its title."""
    return command_title(surface.key) if surface.kind in (SurfaceKind.COMMAND, SurfaceKind.MENU) else surface.title


def _feature_title(trace: Trace) -> str:
    return title_of(TargetKind.FEATURE, trace.invocation.surface.feature)


def _killed(trace: Trace, _: Names) -> Refusal:
    reason = trace.policy.offer.kill_switches.get(trace.invocation.surface.feature, "")
    said = f"{_feature_title(trace)} is switched off everywhere by Herwa's operator"
    return Refusal(f"{said}: {reason}" if reason else f"{said}.", "Only the operator can switch it on again.")


def _not_in_tier(trace: Trace, _: Names) -> Refusal:
    tiers = trace.policy.offer.tiers
    key = entitlement_of(trace.policy, trace.invocation.at).tier
    title = tiers[key].title if key in tiers else "Free"
    feature = trace.invocation.surface.feature
    having = [tier for tier in tiers.values() if feature in tier.features]
    better = min(having, key=lambda tier: tier.rank, default=None)
    if better is None:
        return Refusal(
            f"{_feature_title(trace)} is not part of any tier at the moment.", "Only Herwa's operator can change that."
        )
    return Refusal(
        f"{_feature_title(trace)} is part of {better.title}; this server is on {title}.",
        f"{MANAGERS} can get {better.title} for it; /premium says what it gives.",
    )


def _switched_off(trace: Trace, _: Names) -> Refusal:
    spec = trace.policy.offer.features.get(trace.invocation.surface.feature)
    who = f"{MANAGERS} can switch it on with /features."
    if spec is not None and not trace.policy.module_toggles.get(spec.module, True):
        module = title_of(TargetKind.MODULE, spec.module)
        return Refusal(f"{_feature_title(trace)} is off: {module} is switched off in this server.", who)
    return Refusal(f"{_feature_title(trace)} is switched off in this server.", who)


def _ruled_out(trace: Trace, names: Names) -> Refusal:
    sentence = rule_sentence(trace.rule, names) if trace.rule else "this may not be used"
    return Refusal(f"A rule of this server says: {sentence}", f"{MANAGERS} can change it with /permissions.")


def _not_for_everyone(trace: Trace, _: Names) -> Refusal:
    title = _surface_title(trace.invocation.surface)
    return Refusal(
        f"{title} is for members with Manage Server, and no rule allows it to you.",
        f"{MANAGERS} can allow it with /permissions.",
    )


def _not_on_the_list(trace: Trace, _: Names) -> Refusal:
    about = title_of(trace.list.target_kind, trace.list.target_key) if trace.list else "this"
    return Refusal(
        f"This server keeps {about} to certain channels, and this is not one of them.",
        f"{MANAGERS} can change the list with /channels.",
    )


def _too_often(trace: Trace, _: Names) -> Refusal:
    if trace.invocation.asker == Asker.KEY:
        return Refusal("This key has used up its requests for the minute.", "It may go on within a minute.")
    return Refusal("That was a lot of commands in one minute.", "You can go on within a minute.")


def _out_of_scope(trace: Trace, _: Names) -> Refusal:
    return Refusal(
        f"This key does not have the scope for {_surface_title(trace.invocation.surface)}.",
        "Whoever manages this server's API keys can make one that has it.",
    )


def _no_policy(_: Trace, __: Names) -> Refusal:
    return NO_POLICY_REFUSAL


_REFUSALS: Mapping[Reason, Callable[[Trace, Names], Refusal]] = MappingProxyType(
    {
        Reason.KILL_SWITCH: _killed,
        Reason.TIER: _not_in_tier,
        Reason.TOGGLE: _switched_off,
        Reason.ACCESS_RULE: _ruled_out,
        Reason.DEFAULT_AUDIENCE: _not_for_everyone,
        Reason.CHANNEL_LIST: _not_on_the_list,
        Reason.COOLDOWN: _too_often,
        Reason.SCOPE: _out_of_scope,
        Reason.NO_POLICY: _no_policy,
    }
)
