"""The whole answer: every step with what it said, and the verdict that follows."""

from collections.abc import Mapping
from types import MappingProxyType

from herwa_shared.catalog import Essential
from herwa_shared.guardrail.entitlement import entitlement_of
from herwa_shared.guardrail.invocation import Asker, Invocation
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.guardrail.steps import STEPS
from herwa_shared.guardrail.verdict import Reason, Said, StepSaid, Trace, Verdict

ORDER: tuple[Reason, ...] = tuple(Reason(step.__name__) for step in STEPS)
_FIRST_THREE = frozenset(ORDER[:3])

ASKED: Mapping[Asker, frozenset[Reason]] = MappingProxyType(
    {
        Asker.MEMBER: frozenset(ORDER),
        Asker.ADMINISTRATOR: frozenset(ORDER),
        Asker.KEY: _FIRST_THREE | {Reason.COOLDOWN},
        Asker.WIDGET: _FIRST_THREE,
    }
)
"""The steps that are asked for each kind of asker; a key's scopes beside them."""


def explain(invocation: Invocation, policy: GuildPolicy) -> Trace:
    """Every step in the order of docs/guardrail.md with what it said; the last word is the verdict.

    `decide` answers the same question from the compiled policy, without the trace; a property test holds the two equal.
    """
    spec = policy.offer.features.get(invocation.surface.feature)
    if spec is not None and spec.essential == Essential.ALWAYS:
        steps = tuple(StepSaid(reason, Said.SILENT, "this always answers") for reason in ORDER)
        return Trace(invocation, policy, steps, Verdict(True, Reason.ESSENTIAL))
    steps, verdict = _ask(invocation, policy)
    decided = next((step for step in steps if step.step == verdict.reason), None)
    return Trace(
        invocation,
        policy,
        steps,
        verdict,
        rule=decided.rule if decided else None,
        list=decided.list if decided else None,
    )


def _ask(invocation: Invocation, policy: GuildPolicy) -> tuple[tuple[StepSaid, ...], Verdict]:
    """Ask one step after the other until one ends it; name the others, too."""
    entitlement = entitlement_of(policy, invocation.at)
    standing, end = _without_steps(invocation), None
    steps: list[StepSaid] = []
    for step, reason in zip(STEPS, ORDER, strict=True):
        if end is None and reason not in _FIRST_THREE and not invocation.in_scope:
            end = Verdict(False, Reason.SCOPE)
        if end is not None or reason not in ASKED[invocation.asker]:
            because = "decided before" if end is not None else f"not for a {invocation.asker}"
            steps.append(StepSaid(reason, Said.NOT_ASKED, because))
            continue
        steps.append(said := step(invocation, policy, entitlement))
        if said.said == Said.REFUSES:
            end = Verdict(False, reason)
        elif said.said == Said.ALLOWS:
            standing = Verdict(True, reason)
            end = standing if reason == Reason.ADMINISTRATOR else None
    return tuple(steps), end or standing


def _without_steps(invocation: Invocation) -> Verdict:
    """What stands when no step has spoken."""
    if invocation.asker == Asker.KEY:
        return Verdict(True, Reason.SCOPE)
    if invocation.asker == Asker.WIDGET:
        return Verdict(True, Reason.PUBLIC)
    return Verdict(False, Reason.DEFAULT_AUDIENCE)
