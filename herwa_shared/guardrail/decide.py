"""The quick answer: the verdict that `explain` comes to, from the compiled policy."""

from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Asker, Invocation
from herwa_shared.guardrail.surface_index import FOR_MANAGERS
from herwa_shared.guardrail.verdict import Reason, Verdict

# Python 3.11 takes 0.2 µs to find a member of an enum.
MEMBER, ADMINISTRATOR, WIDGET = Asker.MEMBER, Asker.ADMINISTRATOR, Asker.WIDGET

PASSES = Verdict(True, Reason.ADMINISTRATOR)
ALLOWED_BY_RULE = Verdict(True, Reason.ACCESS_RULE)
REFUSED_BY_RULE = Verdict(False, Reason.ACCESS_RULE)
NOT_FOR_EVERYONE = Verdict(False, Reason.DEFAULT_AUDIENCE)
NOT_ON_THE_LIST = Verdict(False, Reason.CHANNEL_LIST)
TOO_OFTEN = Verdict(False, Reason.COOLDOWN)
IN_SCOPE = Verdict(True, Reason.SCOPE)
OUT_OF_SCOPE = Verdict(False, Reason.SCOPE)
PUBLISHED = Verdict(True, Reason.PUBLIC)


def decide(invocation: Invocation, compiled: CompiledPolicy) -> Verdict:  # noqa: C901, PLR0911, PLR0912 - see below
    """May it run? For any moment and surface; those for which the policy was not compiled take longer.

    It is one function since a call would cost a tenth of it.
    """
    try:
        number = compiled.plan.numbers[invocation.surface.name]
    except KeyError:
        return explain(invocation, compiled.policy).verdict
    if not compiled.since <= invocation.at < compiled.until:
        return explain(invocation, compiled.policy).verdict
    if (settled := compiled.settled[number]) is not None:
        return settled
    if invocation.asker is not MEMBER:
        return _of_no_member(invocation)

    # The first rule that matches decides, as they are sorted; where none does, the default audience.
    subjects = invocation.subjects
    for rule in compiled.by_subject[number]:
        if compiled.whom[rule] in subjects and (not (place := compiled.where[rule]) or _is_at(invocation, place)):
            if not compiled.allows[rule]:
                return REFUSED_BY_RULE
            verdict = ALLOWED_BY_RULE
            break
    else:
        permissions = invocation.permissions
        for rule in compiled.by_permission[number]:
            bits = compiled.whom[rule]
            if permissions & bits == bits and (not (place := compiled.where[rule]) or _is_at(invocation, place)):
                if not compiled.allows[rule]:
                    return REFUSED_BY_RULE
                verdict = ALLOWED_BY_RULE
                break
        else:
            verdict = compiled.plan.defaults[number]
            if verdict is FOR_MANAGERS and not permissions & MANAGE_GUILD:
                return NOT_FOR_EVERYONE

    places = compiled.lists[number]
    if (
        places is not None
        and invocation.category_id not in places
        and invocation.channel_id not in places
        and invocation.channel_id
    ):
        return NOT_ON_THE_LIST
    return verdict if invocation.left > 0 else TOO_OFTEN


def _is_at(invocation: Invocation, place: int) -> bool:
    """Whether it is in the channel, or for a negative number in the category."""
    return place in (invocation.channel_id, -invocation.category_id)


def _of_no_member(invocation: Invocation) -> Verdict:
    """Administrators pass; a widget is shown; of a key the scope and the rate are asked."""
    if invocation.asker is ADMINISTRATOR:
        return PASSES
    if invocation.asker is WIDGET:
        return PUBLISHED
    if not invocation.in_scope:
        return OUT_OF_SCOPE
    return TOO_OFTEN if invocation.left <= 0 else IN_SCOPE
