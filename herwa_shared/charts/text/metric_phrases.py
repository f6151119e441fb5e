"""The phrases for each metric in sentences, and the text of amounts."""

from dataclasses import dataclass

from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.charts.formatting import (
    format_duration,
    format_duration_tick,
    format_int,
    format_int_short,
    format_si,
)


@dataclass(frozen=True, slots=True)
class MetricPhrases:
    """The phrases for one metric.

    `singular` and `plural` follow a value: `1 message`, `2 messages`. So do `singular_action` and `plural_action`,
    which say more in a headline: `12 people joined`. `none` begins a sentence about zero: `No messages`.
    """

    title: str
    singular: str
    plural: str
    singular_action: str
    plural_action: str
    none: str


_PHRASES = {
    Metric.MESSAGES: ("message", "messages", "message", "messages", "No messages"),
    Metric.ACTIVE_MEMBERS: (
        "active member",
        "active members",
        "person wrote messages",
        "people wrote messages",
        "No active members",
    ),
    Metric.VOICE_MINUTES: (
        "minute in voice",
        "minutes in voice",
        "minute in voice",
        "minutes in voice",
        "No time in voice",
    ),
    Metric.VOICE_MEMBERS: (
        "member in voice",
        "members in voice",
        "person joined voice",
        "people joined voice",
        "No members in voice",
    ),
    Metric.JOINS: ("join", "joins", "person joined", "people joined", "No joins"),
    Metric.LEAVES: ("leave", "leaves", "member left", "members left", "No leaves"),
    Metric.MEMBERS: ("member", "members", "member", "members", "No members"),
    Metric.REACTIONS: ("reaction", "reactions", "reaction", "reactions", "No reactions"),
    Metric.THREADS: ("thread", "threads", "thread", "threads", "No threads"),
    Metric.COMMANDS: ("command", "commands", "command used", "commands used", "No commands"),
    Metric.COMMANDS_DENIED: (
        "blocked command",
        "blocked commands",
        "command blocked",
        "commands blocked",
        "No blocked commands",
    ),
    Metric.FIRST_RESPONSE_SECONDS: (
        "to first response",
        "to first response",
        "to the first response",
        "to the first response",
        "Instant first response",
    ),
}


def get_metric_phrases(metric: Metric) -> MetricPhrases:
    """Return the phrases for a metric."""
    return MetricPhrases(get_definition(metric).title, *_PHRASES[metric])


def format_value(value: int, metric: Metric) -> str:
    """Format a value of a metric: `48,201`, or a duration: `12 min`."""
    return format_duration(value) if get_definition(metric).is_in_seconds else format_int(value)


def format_value_short(value: int, metric: Metric) -> str:
    """Format as `format_value` does, numbers from 10 million on as `format_int_short` does."""
    return format_duration(value) if get_definition(metric).is_in_seconds else format_int_short(value)


def format_tick(value: int, metric: Metric) -> str:
    """Format a value on an axis: `1.2k`, or a duration: `1.5 h`."""
    return format_duration_tick(value) if get_definition(metric).is_in_seconds else format_si(value)


def format_amount(count: int, metric: Metric) -> str:
    """Format an amount of a metric: `1 message`, `48,201 messages`, `12 min to first response`."""
    phrases = get_metric_phrases(metric)
    return f"{format_value(count, metric)} {phrases.singular if count == 1 else phrases.plural}"
