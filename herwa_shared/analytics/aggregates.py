"""The statement that aggregates both windows of a comparison, and its rows by metric."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.first_responses import FirstResponses, compute_long_wait, compute_median
from herwa_shared.analytics.metric_definitions import Aggregation, Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import ListRows, RankedMetrics, split_list_rows
from herwa_shared.analytics.samples import SampleTimeline
from herwa_shared.analytics.table_selection import Rows, format_array
from herwa_shared.analytics.timezones import OffsetPeriod
from herwa_shared.analytics.window_pair import WindowPairReader

# One row per kind, window and interval, and one per kind and window. A column of the elapsed part is `_ELAPSED_OFFSET`
# further right.
NUMBERS_SQL = """
SELECT /* analytics.numbers */
    kind,
    is_current,
    roundDown(moment, {edges:Array(UInt32)}) AS edge,
    sumIf(events, is_counted),
    sumIf(total, is_counted),
    uniqExactIf(person_id, person_id != 0 AND is_counted),
    sumIf(events, is_elapsed),
    sumIf(total, is_elapsed),
    uniqExactIf(person_id, person_id != 0 AND is_elapsed)
"""
NUMBERS_BY_INTERVAL_SQL = (
    NUMBERS_SQL
    + """
FROM activity
GROUP BY GROUPING SETS ((kind, is_current, edge), (kind, is_current))
"""
)
# In addition one row per hour of the week, for one kind of the window. The zone is passed as periods of constant UTC
# offset. `slot` counts from Thursday 00:00 (the epoch) and starts at 1; it is 0 in all other rows.
SLOT_SQL = """,
    if(
        is_current AND kind = {week_kind:String},
        1 + intDiv(
            moment + transform(
                roundDown(moment, {starts:Array(UInt32)}), {starts:Array(UInt32)}, {offsets:Array(Int32)}, 0
            ),
            3600
        ) % 168,
        200
    ) AS slot
"""
NUMBERS_BY_INTERVAL_AND_HOUR_OF_WEEK_SQL = (
    NUMBERS_SQL
    + SLOT_SQL
    + """
FROM activity
GROUP BY GROUPING SETS ((kind, is_current, edge), (kind, is_current), (slot))
"""
)
# In addition one row per channel and one per member, for one kind. The ids are 0 in all other rows. The limit applies
# to members only, since each other row is a group of its own.
LIST_IDS_SQL = """,
    if(kind = {list_kind:String} AND channel_id != 0, channel_id, 18446744073709551615) AS list_channel,
    if(kind = {list_kind:String} AND user_id != 0, user_id, 18446744073709551615) AS list_user,"""
LISTS_TAIL_SQL = """
FROM activity
GROUP BY GROUPING SETS ((kind, is_current, edge), (kind, is_current), (slot), (list_channel), (list_user))
HAVING list_channel != 18446744073709551615 AND list_user != 18446744073709551615
ORDER BY if(list_channel != 0, channel_value, member_value) DESC, list_channel, list_user
LIMIT {limit:UInt16} BY kind, is_current, edge, slot, list_channel, list_user != 0
"""
TOTAL_ROW_EDGE = 0  # the edge of the row for the entire window; no interval can start at 0
OTHER_ROWS_SLOT = 200
_KIND_COLUMN, _IS_CURRENT_COLUMN, _EDGE_COLUMN, _SLOT_COLUMN, _LIST_COLUMN = 0, 1, 2, 9, 10
_COLUMN_BY_AGGREGATION = {
    Aggregation.COUNT: 3,
    Aggregation.DURATION: 4,
    Aggregation.DISTINCT_MEMBERS: 5,
}
_ELAPSED_OFFSET = 3


@dataclass(frozen=True, slots=True)
class Aggregates:
    """The aggregates of several metrics in one window, with durations in seconds.

    `values` maps the start of an interval to its value, `totals` cover the entire window, and `elapsed_totals` the part
    that is compared. A missing key means that nothing is stored. Then there may be an estimate in `estimates` and
    `estimated_totals`. `approximate` and `long_wait` are the same as for `TimeSeries`.
    """

    query: ActivityQuery
    edges: list[int]
    approximate: bool
    values: Mapping[Metric, Mapping[int, int]]
    totals: Mapping[Metric, int]
    elapsed_totals: Mapping[Metric, int]
    estimates: Mapping[Metric, Mapping[int, int]] = field(default_factory=dict)
    estimated_totals: Mapping[Metric, int] = field(default_factory=dict)
    long_wait: int | None = None

    @classmethod
    def from_rows(
        cls,
        query: ActivityQuery,
        edges: list[int],
        rows: Rows,
        metrics: Collection[Metric],
        *,
        is_current: bool,
        approximate: bool,
    ) -> "Aggregates":
        """Collect the rows of one of the windows, `AggregateRows.intervals`, by metric."""
        window_rows = [row for row in rows if row[_IS_CURRENT_COLUMN] == is_current]
        values: dict[Metric, dict[int, int]] = {metric: {} for metric in metrics}
        totals: dict[Metric, int] = {}
        elapsed_totals: dict[Metric, int] = {}
        for metric in metrics:
            definition = get_definition(metric)
            column = _COLUMN_BY_AGGREGATION[definition.aggregation]
            for row in (row for row in window_rows if row[_KIND_COLUMN] == definition.kind):
                if row[_EDGE_COLUMN] != TOTAL_ROW_EDGE:
                    values[metric][row[_EDGE_COLUMN]] = row[column]
                else:
                    totals[metric], elapsed_totals[metric] = row[column], row[column + _ELAPSED_OFFSET]
        return cls(query, edges, approximate, values, totals, elapsed_totals)

    def add_medians(self, metric: Metric, responses: FirstResponses, elapsed: ActivityQuery) -> "Aggregates":
        """Return the aggregates with the times to the first response. `elapsed` is the part that is compared."""
        query = self.query
        seconds = responses.select(query.start_second, query.end_second)
        total = compute_median(seconds)
        elapsed_total = compute_median(responses.select(elapsed.start_second, elapsed.end_second))
        medians = responses.compute_medians(self.edges, query.start_second, query.end_second)
        aggregates = self._add_values(metric, medians, total, elapsed_total)
        return replace(aggregates, long_wait=compute_long_wait(seconds))

    def add_samples(self, metric: Metric, timeline: SampleTimeline, elapsed: ActivityQuery) -> "Aggregates":
        """Return the aggregates with a sampled count. `elapsed` is the part that is compared."""
        query, estimate = self.query, timeline.find_estimate(self.query)
        aggregates = self._add_values(
            metric,
            timeline.list_values(query, self.edges),
            timeline.find_value(query.start, query.end),
            timeline.find_value(elapsed.start, elapsed.end),
        )
        return replace(
            aggregates,
            estimates={**self.estimates, metric: timeline.list_estimates(query, self.edges)},
            estimated_totals={**self.estimated_totals, **({} if estimate is None else {metric: estimate})},
        )

    def _add_values(
        self, metric: Metric, values: Mapping[int, int], total: int | None, elapsed_total: int | None
    ) -> "Aggregates":
        return replace(
            self,
            values={**self.values, metric: values},
            totals={**self.totals, **({} if total is None else {metric: total})},
            elapsed_totals={**self.elapsed_totals, **({} if elapsed_total is None else {metric: elapsed_total})},
        )


@dataclass(frozen=True, slots=True)
class AggregateRows:
    """The rows of the windows and their intervals, of the hours of the week, and of channels and members.

    `lists` are None if the statement did not read them.
    """

    intervals: Rows
    slots: Rows = ()
    lists: ListRows | None = None

    @classmethod
    def from_rows(cls, rows: Rows, *, has_lists: bool) -> "AggregateRows":
        """Separate the rows of a statement with hours of the week."""
        numbers = [row for row in rows if not (has_lists and any(row[_LIST_COLUMN : _LIST_COLUMN + 2]))]
        lists = [row for row in rows if any(row[_LIST_COLUMN : _LIST_COLUMN + 2])] if has_lists else []
        return cls(
            [row for row in numbers if row[_SLOT_COLUMN] == 0],
            [row for row in numbers if row[_SLOT_COLUMN] not in (0, OTHER_ROWS_SLOT)],
            split_list_rows(lists, first_column=_LIST_COLUMN) if has_lists else None,
        )


async def fetch_aggregate_rows(
    clickhouse: AsyncClient,
    pair: WindowPairReader,
    edges: Sequence[list[int]],
    week_metric: Metric | None,
    offset_periods: Sequence[OffsetPeriod],
    ranked: RankedMetrics | None = None,
    *,
    audit_key: bytes | None,
) -> AggregateRows:
    """Fetch the rows of all metrics, and with `week_metric` those of the lists of channels and members.

    The edges of both windows are one list: they belong to the same grid, that of the interval and the zone. Lists are
    not read by approximate numbers: only the intervals may be so.
    """
    if not pair.current.table.kinds:
        return AggregateRows(())
    all_edges = format_array(sorted({edge for window_edges in edges for edge in window_edges[:-1]}))
    if week_metric is None:
        return AggregateRows(
            await pair.fetch(clickhouse, NUMBERS_BY_INTERVAL_SQL, audit_key=audit_key, edges=all_edges)
        )
    sql, list_parameters = NUMBERS_BY_INTERVAL_AND_HOUR_OF_WEEK_SQL, {}
    has_lists = ranked is not None and not any(reader.table.approximate for reader in pair.list_readers())
    if ranked is not None and has_lists:
        sql = NUMBERS_SQL + SLOT_SQL + LIST_IDS_SQL + ranked.build_columns(member_channel=False) + LISTS_TAIL_SQL
        list_parameters = {"list_kind": ranked.kind, "limit": ranked.read_members}
    rows = await pair.fetch(
        clickhouse,
        sql,
        audit_key=audit_key,
        **list_parameters,
        edges=all_edges,
        week_kind=get_definition(week_metric).kind,
        starts=format_array(period.start for period in offset_periods),
        offsets=format_array(period.offset for period in offset_periods),
    )
    return AggregateRows.from_rows(rows, has_lists=has_lists)


def list_week_boundaries(offset_periods: Iterable[OffsetPeriod]) -> list[int]:
    """List the instants that must be full hours, so that local hours match the hourly rollup.

    `start + offset` is a full hour only if the offset is.
    """
    return [boundary for period in offset_periods for boundary in (period.start, period.start + period.offset)]


def collect_slot_values(rows: Rows, metric: Metric) -> dict[int, int]:
    """Return the value of each hour of the week, from Thursday 00:00. The rows are `AggregateRows.slots`."""
    definition = get_definition(metric)
    column = _COLUMN_BY_AGGREGATION[definition.aggregation]
    return {row[_SLOT_COLUMN] - 1: definition.to_metric_value(row[column]) for row in rows}
