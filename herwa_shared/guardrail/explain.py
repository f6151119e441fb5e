"""Slow path: evaluate every step and return a trace with the outcome of each step."""

from collections.abc import Mapping
from types import MappingProxyType

from herwa_shared.catalog import Essential
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.guardrail.invocation import Invocation, PrincipalKind
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.guardrail.steps import STEPS
from herwa_shared.guardrail.verdict import Reason, StepDetail, StepOutcome, StepResult, Trace, Verdict

STEP_ORDER: tuple[Reason, ...] = tuple(Reason(step.__name__.removeprefix("check_")) for step in STEPS)
_FEATURE_STEPS = frozenset(STEP_ORDER[:3])

STEPS_BY_PRINCIPAL: Mapping[PrincipalKind, frozenset[Reason]] = MappingProxyType(
    {
        PrincipalKind.MEMBER: frozenset(STEP_ORDER),
        PrincipalKind.ADMINISTRATOR: frozenset(STEP_ORDER),
        PrincipalKind.KEY: _FEATURE_STEPS | {Reason.COOLDOWN},
        PrincipalKind.WIDGET: _FEATURE_STEPS,
    }
)
"""The steps that apply to each kind of principal. The scope check of API keys is not a step."""


def explain(invocation: Invocation, policy: GuildPolicy) -> Trace:
    """Evaluate all steps in the order of docs/guardrail.md.

    `decide` computes the same verdict from the compiled policy, without the trace. A property test compares the two.
    """
    spec = policy.global_policy.features.get(invocation.surface.feature)
    if spec is not None and spec.essential == Essential.ALWAYS:
        steps = tuple(StepResult(reason, StepOutcome.NEUTRAL, StepDetail.ALWAYS_AVAILABLE) for reason in STEP_ORDER)
        return Trace(invocation, policy, steps, Verdict(True, Reason.ESSENTIAL))
    steps, verdict = _run_steps(invocation, policy)
    deciding_step = next((step for step in steps if step.step == verdict.reason), None)
    return Trace(
        invocation,
        policy,
        steps,
        verdict,
        rule=deciding_step.rule if deciding_step else None,
        channel_list=deciding_step.channel_list if deciding_step else None,
    )


def _run_steps(invocation: Invocation, policy: GuildPolicy) -> tuple[tuple[StepResult, ...], Verdict]:
    """Run the steps in order until one is final. The remaining steps are recorded as skipped."""
    entitlement = resolve_entitlement(policy, invocation.at)
    verdict, final_verdict = _get_default_verdict(invocation), None
    steps: list[StepResult] = []
    for step, reason in zip(STEPS, STEP_ORDER, strict=True):
        if final_verdict is None and reason not in _FEATURE_STEPS and not invocation.in_scope:
            final_verdict = Verdict(False, Reason.SCOPE)
        if final_verdict is not None or reason not in STEPS_BY_PRINCIPAL[invocation.principal_kind]:
            detail = StepDetail.DECIDED_BEFORE if final_verdict is not None else StepDetail.NOT_APPLICABLE
            steps.append(StepResult(reason, StepOutcome.SKIPPED, detail))
            continue
        steps.append(result := step(invocation, policy, entitlement))
        if result.outcome == StepOutcome.REFUSES:
            final_verdict = Verdict(False, reason)
        elif result.outcome == StepOutcome.ALLOWS:
            verdict = Verdict(True, reason)
            final_verdict = verdict if reason == Reason.ADMINISTRATOR else None
    return tuple(steps), final_verdict or verdict


def _get_default_verdict(invocation: Invocation) -> Verdict:
    """Get the verdict that applies when every step is neutral."""
    if invocation.principal_kind == PrincipalKind.KEY:
        return Verdict(True, Reason.SCOPE)
    if invocation.principal_kind == PrincipalKind.WIDGET:
        return Verdict(True, Reason.PUBLIC)
    return Verdict(False, Reason.DEFAULT_AUDIENCE)
