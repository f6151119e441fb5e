"""How each metric is measured: of which kind of event, by what sum, and by what it can be broken down.

What each metric counts, in a sentence that people can read where they see the number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from herwa_shared.analytics.results import Metric
from herwa_shared.errors import BadRequest

SECONDS_PER_MINUTE = 60  # of a minute


class Aggregation(Enum):
    """What a point is, and the total of a window."""

    COUNT = "how many events; the total is their sum"
    DURATION = "the minutes of the events' seconds; the total is of all seconds, rounded once"
    DISTINCT_MEMBERS = "how many different people; the total counts each once over the window"
    LATEST_SAMPLE = "the mean of the last hour with samples; the total is the newest"


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """One metric. `needs_members`: counted only while Discord tells the bot of members who come and go."""

    title: str
    kind: str
    aggregation: Aggregation
    supports_channels: bool = True
    supports_members: bool = True
    needs_members: bool = False
    rising_is_good: bool = True

    def to_metric_value(self, raw_value: int) -> int:
        """From what the store adds up (seconds, for minutes) to the number; halves go up."""
        return (
            (raw_value + SECONDS_PER_MINUTE // 2) // SECONDS_PER_MINUTE
            if self.aggregation is Aggregation.DURATION
            else raw_value
        )


METRIC_DEFINITIONS: Mapping[Metric, MetricDefinition] = MappingProxyType(
    {
        Metric.MESSAGES: MetricDefinition("Messages", "message", Aggregation.COUNT),
        Metric.ACTIVE_MEMBERS: MetricDefinition(
            "Active members", "message", Aggregation.DISTINCT_MEMBERS, supports_members=False
        ),
        Metric.VOICE_MINUTES: MetricDefinition("Voice minutes", "voice", Aggregation.DURATION),
        Metric.VOICE_MEMBERS: MetricDefinition(
            "Members in voice", "voice", Aggregation.DISTINCT_MEMBERS, supports_members=False
        ),
        Metric.JOINS: MetricDefinition(
            "Joins", "join", Aggregation.COUNT, supports_channels=False, supports_members=False, needs_members=True
        ),
        Metric.LEAVES: MetricDefinition(
            "Leaves",
            "leave",
            Aggregation.COUNT,
            supports_channels=False,
            supports_members=False,
            needs_members=True,
            rising_is_good=False,
        ),
        Metric.MEMBERS: MetricDefinition(
            "Members",
            "member_count",
            Aggregation.LATEST_SAMPLE,
            supports_channels=False,
            supports_members=False,
            needs_members=True,
        ),
        Metric.REACTIONS: MetricDefinition("Reactions", "reaction", Aggregation.COUNT),
        Metric.THREADS: MetricDefinition("Threads", "thread", Aggregation.COUNT),
    }
)
CHANNEL_METRICS = tuple(metric for metric, definition in METRIC_DEFINITIONS.items() if definition.supports_channels)
MEMBER_METRICS = tuple(metric for metric, measure in METRIC_DEFINITIONS.items() if measure.supports_members)
HEATMAP_METRICS = tuple(
    metric for metric, measure in METRIC_DEFINITIONS.items() if measure.aggregation is not Aggregation.LATEST_SAMPLE
)


def get_definition(metric: Metric) -> MetricDefinition:
    """How a metric is measured."""
    return METRIC_DEFINITIONS[metric]


def require_supported(metric: Metric, supported: tuple[Metric, ...], *, usage: str) -> None:
    """Raise BadRequest, naming the metrics that can, where this one cannot be asked for like that."""
    if metric not in supported:
        raise BadRequest(f"'metric' must be {', '.join(supported[:-1])} or {supported[-1]} {usage}, not {metric}.")


_DESCRIPTIONS: Mapping[Metric, str] = MappingProxyType(
    {
        Metric.MESSAGES: "Messages that people wrote, in threads as well; those of bots and webhooks are not in it.",
        Metric.ACTIVE_MEMBERS: "Different people who wrote at least one message; over a longer time each counts once.",
        Metric.VOICE_MINUTES: "Minutes that people spent in voice channels, added up: two people for an hour are 120.",
        Metric.VOICE_MEMBERS: "Different people who were in a voice channel; over a longer time each counts once.",
        Metric.JOINS: "How often people joined the server; who left and came back counts again.",
        Metric.LEAVES: "How often people left the server or were removed from it.",
        Metric.MEMBERS: "How many members the server had at the end, bots among them, as Discord gives the number.",
        Metric.REACTIONS: "Reactions that people put under messages; those taken back later stay counted.",
        Metric.THREADS: "Threads and forum posts that were opened.",
    }
)


def describe_metric(metric: Metric) -> str:
    """One plain sentence."""
    return _DESCRIPTIONS[metric]
