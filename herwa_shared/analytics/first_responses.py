"""Times to the first response of tickets, from the rows of the tickets: medians and percentiles are exact.

A ticket counts for the interval in which it was opened. The median of an even number of tickets is the mean of the two
in the middle, half a second rounded up. The 90th percentile is the smallest time that at least 90% of the tickets do
not exceed.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import asyncpg

from herwa_shared.analytics.demo_activity import list_demo_tickets
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.demo_guild import DEMO_GUILD_ID

LONG_WAIT_PERCENT = 90
SECOND = timedelta(seconds=1)
RESPONSES_SQL = """
SELECT opened_at, responded_at FROM ticket
WHERE guild_id = $1 AND opened_at >= $2 AND opened_at < $3 AND responded_at IS NOT NULL
ORDER BY opened_at
"""


@dataclass(frozen=True, slots=True)
class FirstResponses:
    """The tickets of a period that have a response, in the order in which they were opened.

    `opened` are Unix seconds. `seconds` are the times to the first response, in full seconds.
    """

    opened: Sequence[float]
    seconds: Sequence[int]

    def select(self, start: int, end: int) -> Sequence[int]:
        """Return the times of the tickets that were opened in `[start, end)` (Unix seconds)."""
        return self.seconds[bisect_left(self.opened, start) : bisect_left(self.opened, end)]

    def compute_medians(self, edges: Sequence[int], start: int, end: int) -> dict[int, int]:
        """Compute the median of each interval within `[start, end)`, by its start; without tickets it is missing."""
        medians: dict[int, int] = {}
        for edge, next_edge in pairwise(edges):
            median = compute_median(self.select(max(edge, start), min(next_edge, end)))
            if median is not None:
                medians[edge] = median
        return medians


async def load_first_responses(database: Database, guild_id: int, start: datetime, end: datetime) -> FirstResponses:
    """Load as `read_first_responses` does, on a connection of its own.

    Raises ServiceUnavailable if the connection to PostgreSQL is lost.
    """
    async with database.acquire_reader() as connection:
        return await read_first_responses(connection, guild_id, start, end)


async def read_first_responses(
    connection: asyncpg.Connection, guild_id: int, start: datetime, end: datetime
) -> FirstResponses:
    """Read the tickets that were opened in `[start, end)` and have a response."""
    if guild_id == DEMO_GUILD_ID:
        tickets = list_demo_tickets(start, end, utc_now())
        return FirstResponses([opened for opened, _ in tickets], [seconds for _, seconds in tickets])
    rows = await connection.fetch(RESPONSES_SQL, guild_id, start, end)
    return FirstResponses(
        [opened_at.timestamp() for opened_at, _ in rows],
        [max(0, (responded_at - opened_at) // SECOND) for opened_at, responded_at in rows],
    )


def compute_median(seconds: Sequence[int]) -> int | None:
    """Compute the median; None without values."""
    if not seconds:
        return None
    ordered, middle = sorted(seconds), len(seconds) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle] + 1) // 2


def compute_long_wait(seconds: Sequence[int]) -> int | None:
    """Compute the 90th percentile; None without values."""
    return sorted(seconds)[-(-len(seconds) * LONG_WAIT_PERCENT // 100) - 1] if seconds else None
