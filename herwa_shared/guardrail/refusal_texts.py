"""Texts of refusals: what blocks, and who can change it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.guardrail.invocation import PrincipalKind
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, TargetKind
from herwa_shared.guardrail.texts import NameFormatter, format_command, get_feature_title, get_module_title
from herwa_shared.guardrail.verdict import Reason, Trace

MANAGERS = "Anyone with Manage Server"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Text of a refusal: what blocks, and who can change that. One or two sentences each."""

    headline: str
    remedy: str


NO_POLICY_REFUSAL = Refusal("Couldn't load this server's settings.", "Try again in a minute.")
COOLDOWN_REFUSAL = Refusal("Slow down.", "Try again in a minute.")
KEY_COOLDOWN_REFUSAL = Refusal("This key has no requests left for this minute.", "Try again in a minute.")


def build_refusal(trace: Trace, names: NameFormatter) -> Refusal:
    """Build the text of a refusal. The trace's verdict must be a refusal, else KeyError."""
    return _BUILDERS[trace.verdict.reason](trace, names)


def build_kill_switch_refusal(feature: str, reason: str) -> Refusal:
    """Build the refusal of a feature that the operator has turned off; `reason` may be empty."""
    headline = f"{feature} is turned off for all servers"
    return Refusal(f"{headline}: {reason}" if reason else f"{headline}.", "Only Herwa's operator can turn it on again.")


def build_tier_refusal(feature: str, required_tier: str, tier: str, *, is_for_sale: bool = False) -> Refusal:
    """Build the refusal of a feature that a higher tier includes; `required_tier` is empty if none does."""
    if not required_tier:
        return Refusal(f"{feature} isn't part of any tier right now.", "Only Herwa's operator can change this.")
    request = f"{MANAGERS} can ask Herwa's operator for {required_tier}."
    remedy = f"Get {required_tier} in Discord." if is_for_sale else request
    return Refusal(f"{feature} needs {required_tier}. This server is on {tier}.", f"{remedy} See /premium.")


def build_toggle_refusal(feature: str, module: str = "") -> Refusal:
    """Build the refusal of a feature that is off; `module` is its module if that one is off."""
    cause = "off because the " + module + " module is turned off" if module else "turned off"
    return Refusal(f"{feature} is {cause} on this server.", f"{MANAGERS} can turn it on with /features.")


def build_rule_refusal(surface: Surface, rule: AccessRule | None, names: NameFormatter) -> Refusal:
    """Build the refusal by an access rule, with its end and its note."""
    cause = "a server rule blocks you" if rule is None else _format_block(rule, surface, names)
    if _is_command(surface):
        headline = f"You can't use {_format_surface(surface)}: {cause}."
    else:
        headline = f"{cause[:1].upper()}{cause[1:]}."
    note = f" Reason: {rule.note}" if rule and rule.note else ""
    return Refusal(headline + note, f"{MANAGERS} can change this with /permissions.")


def build_audience_refusal(surface: Surface) -> Refusal:
    """Build the refusal of what is for members with Manage Server."""
    return Refusal(
        f"You need Manage Server to use {_format_surface(surface)}.",
        f"{MANAGERS} can give you access with /permissions.",
    )


def build_channel_refusal(surface: Surface) -> Refusal:
    """Build the refusal in a channel that is not on the channel list."""
    return Refusal(
        f"{_format_surface(surface)} doesn't work in this channel.", f"{MANAGERS} can change this with /channels."
    )


def build_scope_refusal(surface: Surface) -> Refusal:
    """Build the refusal of an API key without the scope."""
    return Refusal(f"This key doesn't have the scope for {_format_surface(surface)}.", "Create a key with this scope.")


def _explain_kill_switch(trace: Trace, _: NameFormatter) -> Refusal:
    reason = trace.policy.global_policy.kill_switches.get(trace.invocation.surface.feature, "")
    return build_kill_switch_refusal(_get_title(trace), reason)


def _explain_tier(trace: Trace, _: NameFormatter) -> Refusal:
    tiers, feature = trace.policy.global_policy.tiers, trace.invocation.surface.feature
    key = resolve_entitlement(trace.policy, trace.invocation.at).tier
    title = tiers[key].title if key in tiers else key
    tier_for_sale = trace.policy.global_policy.find_tier_for_sale(key, feature=feature)
    including_tiers = [tier for tier in tiers.values() if feature in tier.features]
    required_tier = tier_for_sale or min(including_tiers, key=lambda tier: tier.rank, default=None)
    return build_tier_refusal(
        _get_title(trace), required_tier.title if required_tier else "", title, is_for_sale=tier_for_sale is not None
    )


def _explain_toggle(trace: Trace, _: NameFormatter) -> Refusal:
    spec = trace.policy.global_policy.features.get(trace.invocation.surface.feature)
    is_module_off = spec is not None and not trace.policy.module_toggles.get(spec.module, True)
    return build_toggle_refusal(_get_title(trace), get_module_title(spec.module) if spec and is_module_off else "")


def _explain_access_rule(trace: Trace, names: NameFormatter) -> Refusal:
    return build_rule_refusal(trace.invocation.surface, trace.rule, names)


def _explain_default_audience(trace: Trace, _: NameFormatter) -> Refusal:
    return build_audience_refusal(trace.invocation.surface)


def _explain_channel_list(trace: Trace, _: NameFormatter) -> Refusal:
    return build_channel_refusal(trace.invocation.surface)


def _explain_cooldown(trace: Trace, _: NameFormatter) -> Refusal:
    return KEY_COOLDOWN_REFUSAL if trace.invocation.principal_kind == PrincipalKind.KEY else COOLDOWN_REFUSAL


def _explain_scope(trace: Trace, _: NameFormatter) -> Refusal:
    return build_scope_refusal(trace.invocation.surface)


def _explain_no_policy(_: Trace, __: NameFormatter) -> Refusal:
    return NO_POLICY_REFUSAL


_BUILDERS: Mapping[Reason, Callable[[Trace, NameFormatter], Refusal]] = MappingProxyType(
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


def _is_command(surface: Surface) -> bool:
    return surface.kind in (SurfaceKind.COMMAND, SurfaceKind.MENU)


def _format_surface(surface: Surface) -> str:
    """Format a command as users type it, any other surface by its title."""
    return format_command(surface.key) if _is_command(surface) else surface.title


def _get_title(trace: Trace) -> str:
    return get_feature_title(trace.invocation.surface.feature)


def _format_block(rule: AccessRule, surface: Surface, names: NameFormatter) -> str:
    """Format what a rule blocks, where and until when: `a server rule blocks you from Voice here`."""
    target = {
        TargetKind.EVERYTHING: "you from everything",
        TargetKind.MODULE: f"you from {get_module_title(rule.target_key)}",
        TargetKind.FEATURE: f"you from {get_feature_title(surface.feature)}",
        TargetKind.COMMAND: "it",
    }[rule.target_kind]
    place = "" if rule.place_kind == PlaceKind.EVERYWHERE else " here"
    end = "" if rule.until is None else f" until {names.format_time(rule.until)}"
    return f"a server rule blocks {target}{place}{end}"
