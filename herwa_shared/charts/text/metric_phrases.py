"""The phrases for each metric in sentences, and the text of amounts and changes."""

from dataclasses import dataclass

from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.charts.formatting import format_int, format_percent

MIN_RELATIVE_CHANGE = 0.0005
"""A smaller relative change is described as no change."""


@dataclass(frozen=True, slots=True)
class MetricPhrases:
    """The phrases for one metric.

    `singular` and `plural` follow a number: `1 message`, `2 messages`. So do the actions: `1 message was written`.
    `no_action` begins a sentence: `No message was written`. `verb` is third person singular: `writes`.
    """

    title: str
    singular: str
    plural: str
    singular_action: str
    plural_action: str
    no_action: str
    verb: str


_PHRASES = {
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


def get_metric_phrases(metric: Metric) -> MetricPhrases:
    """Return the phrases for a metric."""
    return MetricPhrases(get_definition(metric).title, *_PHRASES[metric])


def format_amount(count: int, metric: Metric) -> str:
    """Format an amount of a metric: `1 message`, `48,201 messages`."""
    phrases = get_metric_phrases(metric)
    return f"{format_int(count)} {phrases.singular if count == 1 else phrases.plural}"


def format_change(relative_change: float, baseline: str) -> str:
    """Describe a relative change (0.12) against a baseline: `12% more than in the month before`."""
    if abs(relative_change) < MIN_RELATIVE_CHANGE:
        return f"as many as {baseline}"
    if relative_change >= 10:
        return f"{format_percent(relative_change)} as many as {baseline}"
    return f"{format_percent(relative_change)} {'more' if relative_change > 0 else 'fewer'} than {baseline}"
