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


class StepDetail(StrEnum):
    """What a step found. `texts.STEP_DETAILS` has the phrases for people."""

    PROTECTED = "protected"
    """The feature cannot be turned off."""
    NOT_KILLED = "not_killed"
    KILLED = "killed"
    IN_EVERY_TIER = "in_every_tier"
    IN_TIER = "in_tier"
    NOT_IN_TIER = "not_in_tier"
    ON = "on"
    OFF = "off"
    MODULE_OFF = "module_off"
    ADMINISTRATOR = "administrator"
    NOT_ADMINISTRATOR = "not_administrator"
    NO_RULE = "no_rule"
    RULE = "rule"
    """The rule of the step result decides."""
    DECIDED_BY_RULE = "decided_by_rule"
    OPEN_TO_EVERYONE = "open_to_everyone"
    MANAGER = "manager"
    MANAGERS_ONLY = "managers_only"
    NO_CHANNEL = "no_channel"
    NO_CHANNEL_LIST = "no_channel_list"
    ON_CHANNEL_LIST = "on_channel_list"
    NOT_ON_CHANNEL_LIST = "not_on_channel_list"
    WITHIN_RATE = "within_rate"
    TOO_MANY = "too_many"
    ALWAYS_AVAILABLE = "always_available"
    DECIDED_BEFORE = "decided_before"
    NOT_APPLICABLE = "not_applicable"
    """The step does not apply to this kind of principal."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a trace."""

    step: Reason
    outcome: StepOutcome
    detail: StepDetail
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
