"""How each metric is measured: of which kind of event, by what sum, and by what it can be broken down.

What each metric counts, in a sentence that people can read where they see the number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from herwa_shared.analytics.results import Metric
from herwa_shared.errors import BadRequest

SECONDS = 60  # of a minute


class Sum(Enum):
    """What a point is, and the total of a window."""

    EVENTS = "how many events; the total is their sum"
    MINUTES = "the minutes of the events' seconds; the total is of all seconds, rounded once"
    PEOPLE = "how many different people; the total counts each once over the window"
    NEWEST = "the mean of the last hour with samples; the total is the newest"


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. `needs_members`: counted only while Discord tells the bot of members who come and go."""

    title: str
    kind: str
    sum: Sum
    by_channel: bool = True
    by_member: bool = True
    needs_members: bool = False
    rising_is_good: bool = True

    def finished(self, counted: int) -> int:
        """From what the store adds up (seconds, for minutes) to the number; halves go up."""
        return (counted + SECONDS // 2) // SECONDS if self.sum is Sum.MINUTES else counted


MEASURES: Mapping[Metric, Measure] = MappingProxyType(
    {
        Metric.MESSAGES: Measure("Messages", "message", Sum.EVENTS),
        Metric.ACTIVE_MEMBERS: Measure("Active members", "message", Sum.PEOPLE, by_member=False),
        Metric.VOICE_MINUTES: Measure("Voice minutes", "voice", Sum.MINUTES),
        Metric.VOICE_MEMBERS: Measure("Members in voice", "voice", Sum.PEOPLE, by_member=False),
        Metric.JOINS: Measure("Joins", "join", Sum.EVENTS, by_channel=False, by_member=False, needs_members=True),
        Metric.LEAVES: Measure(
            "Leaves",
            "leave",
            Sum.EVENTS,
            by_channel=False,
            by_member=False,
            needs_members=True,
            rising_is_good=False,
        ),
        Metric.MEMBERS: Measure(
            "Members", "member_count", Sum.NEWEST, by_channel=False, by_member=False, needs_members=True
        ),
        Metric.REACTIONS: Measure("Reactions", "reaction", Sum.EVENTS),
        Metric.THREADS: Measure("Threads", "thread", Sum.EVENTS),
    }
)
CHANNEL_METRICS = tuple(metric for metric, measure in MEASURES.items() if measure.by_channel)
MEMBER_METRICS = tuple(metric for metric, measure in MEASURES.items() if measure.by_member)
HOUR_METRICS = tuple(metric for metric, measure in MEASURES.items() if measure.sum is not Sum.NEWEST)


def measure_of(metric: Metric) -> Measure:
    """How a metric is measured."""
    return MEASURES[metric]


def require(metric: Metric, possible: tuple[Metric, ...], *, what: str) -> None:
    """Raise BadRequest, naming the metrics that can, where this one cannot be asked for like that."""
    if metric not in possible:
        raise BadRequest(f"'metric' must be {', '.join(possible[:-1])} or {possible[-1]} {what}, not {metric}.")


_DEFINITIONS: Mapping[Metric, str] = MappingProxyType(
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


def definition(metric: Metric) -> str:
    """One plain sentence."""
    return _DEFINITIONS[metric]
