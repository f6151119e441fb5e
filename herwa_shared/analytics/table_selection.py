"""Which rows answer: this file alone decides between hourly sums, kept for ever, and single events of three months.

Both are offered to questions as one relation, `activity (kind, moment, channel_id, user_id, events, total)`, so that
each question is written once; `total` is the sum of the events' one number. Hourly rows answer wherever every boundary
of the question is a whole hour in UTC.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import OperationalError

from herwa_shared.analytics.metric_definitions import measure_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.timezones import HOUR
from herwa_shared.errors import Unreachable

KEPT_MONTHS = 3
Rows = Sequence[Sequence[Any]]

HOURLY = """
WITH activity AS (
    SELECT kind, toUnixTimestamp(hour) AS moment, channel_id, user_id, events, total
    FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND hour >= toDateTime({start:UInt32}, 'UTC') AND hour < toDateTime({end:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
"""
EVENTS = """
WITH activity AS (
    SELECT kind, toUnixTimestamp(at) AS moment, channel_id, user_id, toUInt64(1) AS events,
        toUInt64(ifNull(value, 0)) AS total
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
      AND at >= toDateTime({start:UInt32}, 'UTC') AND at < toDateTime({end:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
"""


def array_of(numbers: Iterable[int]) -> str:
    """An Array parameter as text: the client's own formatting of 4,000 numbers takes longer than the question."""
    return f"[{','.join(map(str, numbers))}]"


@dataclass(frozen=True, slots=True)
class Source:
    """The rows that answer one query. `approximate`: its boundaries cut hours, and each counts where it starts."""

    relation: str
    query: ActivityQuery
    kinds: tuple[str, ...]
    approximate: bool

    async def ask(self, clickhouse: AsyncClient, question: str, *, start: int = 0, end: int = 0, **more: Any) -> Rows:
        """The rows of `question`, a SELECT from `activity`; `start` and `end` narrow the window. Raises Unreachable."""
        parameters = {
            "guild": self.query.guild_id,
            "kinds": list(self.kinds),
            "channel": self.query.channel_id or 0,
            "start": max(start, self.query.start_second),
            "end": min(end or self.query.end_second, self.query.end_second),
            **more,
        }
        return await rows_of(clickhouse, self.relation + question, parameters)


def source_of(
    query: ActivityQuery, boundaries: Iterable[int], *, now: datetime, kinds: Iterable[str] | None = None
) -> Source:
    """The rows for this query, whose answer is cut at its ends and at these instants (seconds since 1970).

    They are the events of the query's metric, or of the kinds that are named.
    """
    several = tuple(kinds) if kinds is not None else (measure_of(query.metric).kind,)
    cuts = (query.start_second, query.end_second, *boundaries)
    if all(cut % HOUR == 0 for cut in cuts):
        return Source(HOURLY, query, several, approximate=False)
    if query.start >= precise_since(now):
        return Source(EVENTS, query, several, approximate=False)
    return Source(HOURLY, query, several, approximate=True)


async def rows_of(clickhouse: AsyncClient, question: str, parameters: dict[str, Any]) -> Rows:
    """The rows of a whole statement. Raises Unreachable."""
    try:
        answer = await clickhouse.query(question, parameters=parameters)
    except (OperationalError, OSError) as error:
        raise Unreachable("The store of the statistics does not answer. Try again in a moment.") from error
    return answer.result_rows


def precise_since(now: datetime) -> datetime:
    """From here on no single event can have expired: three months less at most a day, whatever their lengths."""
    since = now - timedelta(days=31 * KEPT_MONTHS)
    while _months_later(since, KEPT_MONTHS) <= now:
        since += timedelta(days=1)
    return since


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last: as ClickHouse adds months."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
