"""What each metric counts, in a sentence that people can read where they see the number."""

from collections.abc import Mapping
from types import MappingProxyType

from herwa_shared.analytics.series import Metric

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
