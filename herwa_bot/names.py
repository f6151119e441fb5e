"""Names in sentences about access, as Discord shows them: mentions, which never ping since no mention of ours may."""

from dataclasses import replace

from herwa_bot.replies import plain
from herwa_shared.guardrail.policy import AccessRule
from herwa_shared.guardrail.verdict import Trace


class Mentions:
    """`guardrail.words.Names` for Discord."""

    def role(self, id_: int) -> str:
        return f"<@&{id_}>"

    def member(self, id_: int) -> str:
        return f"<@{id_}>"

    def channel(self, id_: int) -> str:
        return f"<#{id_}>"

    def moment(self, seconds: float) -> str:
        """In the reader's own zone and language."""
        return f"<t:{int(seconds)}:f>"


MENTIONS = Mentions()


def safe_rule(rule: AccessRule) -> AccessRule:
    """The rule with a note that is text and nothing else."""
    return replace(rule, note=plain(rule.note))


def safe_trace(trace: Trace) -> Trace:
    """The trace with such rules, to be put into words."""
    steps = tuple(replace(step, rule=safe_rule(step.rule)) if step.rule else step for step in trace.steps)
    return replace(trace, steps=steps, rule=safe_rule(trace.rule) if trace.rule else None)


def soon(seconds: float) -> str:
    """A moment as "in 12 seconds", counted down by Discord."""
    return f"<t:{int(seconds)}:R>"
