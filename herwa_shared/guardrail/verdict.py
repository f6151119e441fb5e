"""The verdict, and the trace that led to it."""

from dataclasses import dataclass
from enum import StrEnum

from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, ChannelList, GuildPolicy


class Reason(StrEnum):
    """What decided: the steps in their order, then what stands beside them."""

    KILL_SWITCH = "kill_switch"
    TIER = "tier"
    TOGGLE = "toggle"
    ADMINISTRATOR = "administrator"
    ACCESS_RULE = "access_rule"
    DEFAULT_AUDIENCE = "default_audience"
    CHANNEL_LIST = "channel_list"
    COOLDOWN = "cooldown"
    ESSENTIAL = "essential"
    """It answers always."""
    SCOPE = "scope"
    """What the API key may."""
    PUBLIC = "public"
    """A widget that the guild published."""
    NO_POLICY = "no_policy"
    """The policy could not be loaded."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """May it run, and what decided. Which rule it was, and in which words, `explain` says."""

    allowed: bool
    reason: Reason


NO_POLICY = Verdict(False, Reason.NO_POLICY)
"""Who cannot read the policy refuses with this."""


class StepOutcome(StrEnum):
    """What a step came to."""

    NEUTRAL = "silent"
    ALLOWS = "allows"
    REFUSES = "refuses"
    SKIPPED = "not asked"
    """An earlier step had ended it, or it does not concern this asker."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a trace: `because` are a few words, as "in force everywhere" or "a rule for a role"."""

    step: Reason
    outcome: StepOutcome
    detail: str
    rule: AccessRule | None = None
    channel_list: ChannelList | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Every step in order, what decided, and the rule or list that did."""

    invocation: Invocation
    policy: GuildPolicy
    steps: tuple[StepResult, ...]
    verdict: Verdict
    rule: AccessRule | None = None
    channel_list: ChannelList | None = None
