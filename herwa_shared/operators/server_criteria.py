"""By what servers are searched. It imports nothing heavy, because the command line reads it at every start."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MAX_QUERY_LENGTH = 100


class ServerSize(StrEnum):
    """Sizes of servers, by members."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class ServerActivity(StrEnum):
    """Whether a server has had events in the last 24 hours."""

    ACTIVE = "active"
    SILENT = "silent"


class ServerTrouble(StrEnum):
    """What an operator should look at.

    `left`: the bot is not in the server any more. `gap`: it receives no events of the server, or of a channel.
    `no_events`: no events although the bot has been in the server for a day.
    """

    LEFT = "left"
    GAP = "gap"
    NO_EVENTS = "no_events"


SIZE_BOUNDS: Mapping[ServerSize, tuple[int, int]] = MappingProxyType(
    {ServerSize.SMALL: (0, 100), ServerSize.MEDIUM: (100, 1_000), ServerSize.LARGE: (1_000, (1 << 31) - 1)}
)
"""Members from, inclusive, and to, exclusive."""


@dataclass(frozen=True, slots=True)
class ServerFilter:
    """What to search for. An empty `query` and None do not filter."""

    query: str = ""
    tier: str | None = None
    size: ServerSize | None = None
    activity: ServerActivity | None = None
    trouble: ServerTrouble | None = None
