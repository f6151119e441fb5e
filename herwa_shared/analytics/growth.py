"""Members of a guild before its first sample, estimated from the days on which those who are still here joined.

Members who left before are unknown, so that the estimate is a lower bound. It is marked wherever it is shown, never
enters a change, and ends with the first sample: a later gap remains a gap.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import accumulate, pairwise

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.table_selection import fetch_rows
from herwa_shared.db import Database
from herwa_shared.models import GrowthEstimate

SECONDS_PER_DAY = 86_400
FIRST_SAMPLE_SQL = """
SELECT /* analytics.first_sample */ toUnixTimestamp64Milli(max(newest).1)
FROM sample_hourly
WHERE guild_id = {guild:UInt64} AND kind = {kind:String}
GROUP BY hour
ORDER BY hour
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class EstimatedGrowth:
    """The estimated number of members until `until` (Unix seconds), when the measured numbers begin.

    `days` are the starts of the days (UTC, Unix seconds) on which members joined, `totals` how many had joined by the
    end of each.
    """

    days: Sequence[int]
    totals: Sequence[int]
    until: float

    def find_value(self, start: int, end: int) -> int | None:
        """Estimate the members at the end of `[start, end)` (Unix seconds), or at `until` if that is earlier.

        Joins count from the midnight (UTC) after them. Returns None after `until` and before the first join.
        """
        if start >= self.until:
            return None
        index = bisect_right(self.days, min(end, self.until) - SECONDS_PER_DAY)
        return self.totals[index - 1] if index else None

    def list_values(self, query: ActivityQuery, edges: Sequence[int]) -> dict[int, int]:
        """Return the estimate for each interval of a window that has one, by the interval's start (Unix seconds)."""
        values = {
            start: self.find_value(max(start, query.start_second), min(end, query.end_second))
            for start, end in pairwise(edges)
        }
        return {start: value for start, value in values.items() if value is not None}


NO_GROWTH = EstimatedGrowth((), (), 0)


async def load_growth(database: Database, clickhouse: AsyncClient, guild_id: int, kind: str) -> EstimatedGrowth:
    """Load the estimate of a guild; NO_GROWTH if its members could not be listed. `kind` is that of the samples.

    Raises ServiceUnavailable if ClickHouse cannot be reached.
    """
    async with database.transaction() as session:
        row = await session.get(GrowthEstimate, guild_id)
    if row is None:
        return NO_GROWTH
    samples = await fetch_rows(clickhouse, FIRST_SAMPLE_SQL, {"guild": guild_id, "kind": kind})
    until = samples[0][0] / 1000 if samples else row.listed_at.timestamp()
    days = [int(datetime.combine(day, time(), UTC).timestamp()) for day in row.days]
    return EstimatedGrowth(days, list(accumulate(row.joined)), until)
