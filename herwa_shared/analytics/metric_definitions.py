"""The definition of each metric: event kind, aggregation, breakdowns and description."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType

from herwa_shared.errors import BadRequest

SECONDS_PER_MINUTE = 60


class Metric(StrEnum):
    """A metric. The values are the names that the API uses."""

    MESSAGES = "messages"
    ACTIVE_MEMBERS = "active_members"
    VOICE_MINUTES = "voice_minutes"
    VOICE_MEMBERS = "voice_members"
    JOINS = "joins"
    LEAVES = "leaves"
    MEMBERS = "members"
    REACTIONS = "reactions"
    THREADS = "threads"
    COMMANDS = "commands"
    COMMANDS_DENIED = "commands_denied"
    FIRST_RESPONSE_SECONDS = "first_response_seconds"


class Aggregation(Enum):
    """How events are aggregated into the value of a point and into the total of a window."""

    COUNT = "number of events; the total is their sum"
    DURATION = "minutes from the events' seconds; the total is rounded once, from the sum of all seconds"
    DISTINCT_MEMBERS = "number of distinct members; the total counts each member once over the window"
    LATEST_SAMPLE = "newest sample that holds in the interval; the total is that of the window"
    MEDIAN = "median of the tickets opened in the interval; the total is that of all tickets opened in the window"


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """The definition of one metric.

    `kind` is the event kind that is aggregated. `supports_channels` and `supports_members` mean that the metric can be
    broken down by channel or by member. `needs_members` means that the metric is recorded only while the bot has
    Discord's members intent, joins also while they are read from join messages. `rising_is_good` means that an increase
    is shown as positive.
    """

    title: str
    kind: str
    aggregation: Aggregation
    supports_channels: bool = True
    supports_members: bool = True
    needs_members: bool = False
    rising_is_good: bool = True

    @property
    def is_in_seconds(self) -> bool:
        """Whether the values are seconds, which people see as durations."""
        return self.aggregation is Aggregation.MEDIAN

    @property
    def has_zero(self) -> bool:
        """Whether the value is 0 if nothing happened. Otherwise there is no value then."""
        return self.aggregation not in (Aggregation.LATEST_SAMPLE, Aggregation.MEDIAN)

    def to_metric_value(self, raw_value: int) -> int:
        """Convert an aggregated database value to the metric's unit.

        Durations are stored in seconds and shown in minutes; half a minute is rounded up.
        """
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
        ),
        Metric.REACTIONS: MetricDefinition("Reactions", "reaction", Aggregation.COUNT),
        Metric.THREADS: MetricDefinition("Threads", "thread", Aggregation.COUNT),
        Metric.COMMANDS: MetricDefinition("Commands", "command", Aggregation.COUNT),
        Metric.COMMANDS_DENIED: MetricDefinition(
            "Blocked commands", "command_denied", Aggregation.COUNT, rising_is_good=False
        ),
        Metric.FIRST_RESPONSE_SECONDS: MetricDefinition(
            "First response",
            "thread",
            Aggregation.MEDIAN,
            supports_channels=False,
            supports_members=False,
            rising_is_good=False,
        ),
    }
)
CHANNEL_METRICS = tuple(metric for metric, definition in METRIC_DEFINITIONS.items() if definition.supports_channels)
MEMBER_METRICS = tuple(metric for metric, definition in METRIC_DEFINITIONS.items() if definition.supports_members)
HEATMAP_METRICS = tuple(metric for metric, definition in METRIC_DEFINITIONS.items() if definition.has_zero)


_DESCRIPTIONS: Mapping[Metric, str] = MappingProxyType(
    {
        Metric.MESSAGES: "Messages by members, including threads. Bots and webhooks are excluded.",
        Metric.ACTIVE_MEMBERS: "Members who sent at least one message in the period.",
        Metric.VOICE_MINUTES: "Total minutes in voice channels, except AFK. Two people for one hour = 120.",
        Metric.VOICE_MEMBERS: "Members who were in a voice channel in the period, except AFK.",
        Metric.JOINS: "Joins, including members who rejoined.",
        Metric.LEAVES: "Members who left, or were kicked or banned.",
        Metric.MEMBERS: "Total members at the end of the period, including bots.",
        Metric.REACTIONS: "Reactions added by members. Removed reactions still count.",
        Metric.THREADS: "Threads and forum posts opened in the period.",
        Metric.COMMANDS: "Commands, buttons and forms of Herwa that members used, including failed ones.",
        Metric.COMMANDS_DENIED: "Commands, buttons and forms of Herwa that settings blocked.",
        Metric.FIRST_RESPONSE_SECONDS: (
            "Median time to the first message by another person in tickets opened in the period."
        ),
    }
)


def get_definition(metric: Metric) -> MetricDefinition:
    """Return the definition of a metric."""
    return METRIC_DEFINITIONS[metric]


def require_supported(metric: Metric, supported: tuple[Metric, ...], *, usage: str) -> None:
    """Raise BadRequest, listing the supported metrics, unless `metric` is one of them.

    `usage` completes the sentence, for example `with a channel`.
    """
    if metric not in supported:
        raise BadRequest(
            f"'metric' must be {', '.join(supported[:-1])} or {supported[-1]} {usage}, not {metric}.", field="metric"
        )


def describe_metric(metric: Metric) -> str:
    """Return a one-sentence description of a metric for people."""
    return _DESCRIPTIONS[metric]
