"""How each metric is spoken of, and how amounts and changes are said."""

from dataclasses import dataclass

from herwa_shared.analytics.metric_definitions import measure_of
from herwa_shared.analytics.results import Metric
from herwa_shared.charts.formatting import exact, percent

STEADY = 0.0005
"""A smaller change is none."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for a metric: `1 message`, `2 messages`; `1 message was written`; as soon as somebody `writes`."""

    title: str
    one: str
    many: str
    one_did: str
    many_did: str
    nobody_did: str
    does: str


_WORDS = {
    Metric.MESSAGES: (
        "message",
        "messages",
        "message was written",
        "messages were written",
        "No message was written",
        "writes",
    ),
    Metric.ACTIVE_MEMBERS: (
        "active member",
        "active members",
        "person talked",
        "people talked",
        "Nobody talked",
        "writes",
    ),
    Metric.VOICE_MINUTES: (
        "minute in voice",
        "minutes in voice",
        "minute was spent in voice",
        "minutes were spent in voice",
        "Nobody was in voice",
        "enters a voice channel",
    ),
    Metric.VOICE_MEMBERS: (
        "member in voice",
        "members in voice",
        "person was in voice",
        "people were in voice",
        "Nobody was in voice",
        "enters a voice channel",
    ),
    Metric.JOINS: ("join", "joins", "person joined", "people joined", "Nobody joined", "joins"),
    Metric.LEAVES: ("leave", "leaves", "person left", "people left", "Nobody left", "leaves"),
    Metric.MEMBERS: ("member", "members", "member was here", "members were here", "No member was here", "joins"),
    Metric.REACTIONS: (
        "reaction",
        "reactions",
        "reaction was given",
        "reactions were given",
        "No reaction was given",
        "reacts",
    ),
    Metric.THREADS: (
        "thread",
        "threads",
        "thread was opened",
        "threads were opened",
        "No thread was opened",
        "opens a thread",
    ),
}


def wording(metric: Metric) -> Wording:
    """The words for a metric."""
    return Wording(measure_of(metric).title, *_WORDS[metric])


def amount(count: int, metric: Metric) -> str:
    """`1 message`, `48,201 messages`."""
    words = wording(metric)
    return f"{exact(count)} {words.one if count == 1 else words.many}"


def compared(grown: float, than: str) -> str:
    """`12% more than in the month before`, of a change (0.12) and what it is a change from."""
    if abs(grown) < STEADY:
        return f"as many as {than}"
    if grown >= 10:
        return f"{percent(grown)} as many as {than}"
    return f"{percent(grown)} {'more' if grown > 0 else 'fewer'} than {than}"
