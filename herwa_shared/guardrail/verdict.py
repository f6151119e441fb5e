"""Results of the guardrail: the verdict, and the trace with the outcome of every step."""

from dataclasses import dataclass
from enum import StrEnum

from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, ChannelList, GuildPolicy


class Reason(StrEnum):
    """What decided: a step, in evaluation order, or one of the reasons that are not a step."""

    KILL_SWITCH = "kill_switch"
    TIER = "tier"
    TOGGLE = "toggle"
    ADMINISTRATOR = "administrator"
    ACCESS_RULE = "access_rule"
    DEFAULT_AUDIENCE = "default_audience"
    CHANNEL_LIST = "channel_list"
    COOLDOWN = "cooldown"
    ESSENTIAL = "essential"
    """The feature is always available."""
    SCOPE = "scope"
    """The scopes of the API key."""
    PUBLIC = "public"
    """The guild published this widget."""
    NO_POLICY = "no_policy"
    """The policy could not be loaded."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an invocation is allowed, and the reason. `explain` returns the details."""

    allowed: bool
    reason: Reason


NO_POLICY = Verdict(False, Reason.NO_POLICY)
"""The verdict to use when the policy cannot be loaded: fail closed."""


class StepOutcome(StrEnum):
    """The outcome of one step."""

    NEUTRAL = "silent"
    ALLOWS = "allows"
    REFUSES = "refuses"
    SKIPPED = "not asked"
    """An earlier step was final, or the step does not apply to this kind of principal."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a trace. `detail` is a short phrase such as "a rule for a role"."""

    step: Reason
    outcome: StepOutcome
    detail: str
    rule: AccessRule | None = None
    channel_list: ChannelList | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The results of all steps in order, the verdict, and the rule or channel list that decided."""

    invocation: Invocation
    policy: GuildPolicy
    steps: tuple[StepResult, ...]
    verdict: Verdict
    rule: AccessRule | None = None
    channel_list: ChannelList | None = None
