"""The state of a dashboard page, parsed from URL parameters and formatted back.

It consists of window, interval, metric, channel and comparison. Invalid parameters never raise: they are replaced by
defaults and reported in `problems`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from herwa_shared.analytics.date_ranges import (
    DateRange,
    DateRangePreset,
    build_day_range,
    get_default_interval,
    get_first_day,
    get_last_day,
    list_allowed_intervals,
    match_preset,
    resolve_full_periods,
    resolve_preset,
)
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval
from herwa_shared.dashboard_params import (
    DEFAULT_PRESET,
    ComparisonMode,
    QueryParamReader,
    QueryProblem,
    QueryProblemCode,
    RangeChoice,
    format_date_or_time,
    format_date_range,
    format_zoom_origin,
)
from herwa_shared.errors import BadRequest


@dataclass(frozen=True, slots=True)
class DashboardQuery:
    """The state of a dashboard page.

    `zoom_origin` is the window to which zooming out leads. `data_start` is the start of the guild's data, if known:
    "all time" starts there, and earlier windows are empty. `history_start` is where the history begins that the guild's
    tier includes; None without a limit. `problems` are the URL parameters that the page does not follow.
    """

    guild_id: int
    zone: ZoneInfo
    now: datetime
    preset: DateRangePreset
    date_range: DateRange
    interval: Interval
    metric: Metric = Metric.MESSAGES
    channel_id: int | None = None
    comparison_mode: ComparisonMode = ComparisonMode.PREVIOUS
    custom_comparison: DateRange | None = None
    zoom_origin: RangeChoice | None = None
    data_start: datetime | None = None
    history_start: datetime | None = None
    problems: tuple[QueryProblem, ...] = ()
    week_start: int = 1

    @classmethod
    def parse(
        cls,
        params: Mapping[str, str],
        zone: ZoneInfo,
        now: datetime,
        *,
        guild_id: int,
        data_start: datetime | None = None,
        history_start: datetime | None = None,
        week_start: int = 1,
    ) -> Self:
        """Parse URL parameters. Never raises: an invalid parameter is treated as missing.

        The parameters are `range`, or `from` and `to` as in the API; `interval`, `metric`, `channel`, `compare`
        (`previous`, `year`, `off`, or two dates separated by `..`), and `back`, which a zoomed page has.
        """
        reader = QueryParamReader(params, zone, now, data_start)
        preset, date_range = reader.limit_to_history(*reader.read_date_range(), history_start)
        metric = reader.read_metric()
        interval = reader.read_interval(date_range)
        channel_id = reader.read_channel_id()
        if channel_id and not get_definition(metric).supports_channels:
            reader.problems.append(QueryProblem(QueryProblemCode.SERVER_WIDE_METRIC, metric))
        comparison_mode, custom_comparison = reader.read_comparison()
        query = cls(
            guild_id,
            zone,
            now,
            preset,
            date_range,
            interval,
            metric,
            channel_id,
            comparison_mode,
            custom_comparison,
            reader.read_zoom_origin(),
            data_start,
            history_start,
            tuple(reader.problems),
            week_start,
        )
        return query._report_hidden_comparison()

    def to_activity_query(self) -> ActivityQuery:
        """Return the query of the page, without the channel if the metric has no channels."""
        channel_id = self.channel_id if get_definition(self.metric).supports_channels else None
        return ActivityQuery(
            self.guild_id,
            self.date_range.start,
            self.date_range.end,
            self.metric,
            self.interval,
            self.zone,
            channel_id,
            self.week_start,
        )

    def to_comparison_query(self) -> ActivityQuery | None:
        """Return the query of the comparison window; None if there is none.

        No window precedes "all time", and none may begin before the history. The month (or year) to date is compared
        with the same days of the previous one.
        """
        comparison = self._find_comparison()
        return None if comparison is None or self._is_before_history(comparison) else comparison

    def _is_before_history(self, query: ActivityQuery) -> bool:
        return self.history_start is not None and query.start < self.history_start

    def _report_hidden_comparison(self) -> Self:
        """Add a problem if the window to compare with begins before the history, and the window itself does not."""
        comparison = self._find_comparison()
        if comparison is None or not self._is_before_history(comparison):
            return self
        if any(problem.code is QueryProblemCode.BEFORE_HISTORY for problem in self.problems):
            return self
        assert self.history_start is not None
        shown = format_date_or_time(self.history_start, self.zone)
        problem = QueryProblem(QueryProblemCode.COMPARISON_BEFORE_HISTORY, shown=shown)
        return replace(self, problems=(*self.problems, problem))

    def _find_comparison(self) -> ActivityQuery | None:
        if self.preset is DateRangePreset.ALL and self.comparison_mode is not ComparisonMode.CUSTOM:
            return None
        try:
            match self.comparison_mode:
                case ComparisonMode.PREVIOUS:
                    return self._shift_back()
                case ComparisonMode.YEAR:
                    return self.to_activity_query().shift_year_back()
                case ComparisonMode.CUSTOM if self.custom_comparison:
                    return replace(
                        self.to_activity_query(), start=self.custom_comparison.start, end=self.custom_comparison.end
                    )
                case _:
                    return None
        except (BadRequest, ValueError, OverflowError):  # the window would start before the first supported year
            return None

    def _shift_back(self) -> ActivityQuery:
        full_periods = resolve_full_periods(self.preset, self.zone, self.now)
        if full_periods is None:
            return self.to_activity_query().shift_back()
        previous = replace(self.to_activity_query(), start=full_periods.start, end=full_periods.end).shift_back()
        length = get_last_day(self.date_range, self.zone) - get_first_day(self.date_range, self.zone)
        first_day = get_first_day(DateRange(previous.start, previous.end), self.zone)
        same_days = build_day_range(first_day, first_day + length, self.zone)
        return replace(previous, end=min(previous.end, same_days.end))

    def apply_preset(self, preset: DateRangePreset) -> Self:
        """Return the query with another preset and its default interval, not zoomed."""
        date_range = resolve_preset(preset, self.zone, self.now, data_start=self.data_start)
        return self._with_range(RangeChoice(preset, date_range, get_default_interval(date_range)))

    def apply_dates(self, date_range: DateRange) -> Self:
        """Return the query with a custom window and its default interval, not zoomed."""
        return self._with_range(RangeChoice(DateRangePreset.CUSTOM, date_range, get_default_interval(date_range)))

    def zoom(self, date_range: DateRange) -> Self:
        """Return the query zoomed into a window, at that window's default interval."""
        origin = self.zoom_origin or RangeChoice(self.preset, self.date_range, self.interval)
        return replace(self.apply_dates(date_range), zoom_origin=origin)

    def pan(self, date_range: DateRange) -> Self:
        """Return the query moved to a window of about the same length, at the same interval."""
        is_allowed = self.interval in list_allowed_intervals(date_range)
        return replace(self.zoom(date_range), interval=self.interval) if is_allowed else self.zoom(date_range)

    def zoom_out(self) -> Self:
        """Return the query with the window that it had before it was zoomed."""
        return self._with_range(self.zoom_origin) if self.zoom_origin else self

    def _with_range(self, choice: RangeChoice) -> Self:
        return replace(
            self,
            preset=choice.preset,
            date_range=choice.date_range,
            interval=choice.interval,
            zoom_origin=None,
            problems=(),
        )

    def shift(self, steps: int) -> Self:
        """Return the query one window later (1) or earlier (-1); a zoomed one stays zoomed.

        The result has a preset if its window matches one. A range to date moves by its entire months or years.
        """
        window = resolve_full_periods(self.preset, self.zone, self.now) or self.date_range
        try:
            shifted_query = replace(self.to_activity_query(), start=window.start, end=window.end).shift(steps)
        except (BadRequest, ValueError, OverflowError):
            return self
        date_range = DateRange(shifted_query.start, shifted_query.end)
        preset = match_preset(date_range, self.zone, self.now)
        if preset is not DateRangePreset.CUSTOM:
            date_range = resolve_preset(preset, self.zone, self.now)
        return replace(self, preset=preset, date_range=date_range, problems=())

    @property
    def can_shift_backward(self) -> bool:
        """Whether the previous window may have data."""
        starts = [start for start in (self.data_start, self.history_start) if start is not None]
        return not starts or max(starts) < self.date_range.start

    @property
    def can_shift_forward(self) -> bool:
        """Whether the next window has already started."""
        return self.date_range.end <= self.now

    def to_params(self) -> dict[str, str]:
        """Return the URL parameters from which `parse` restores this query; defaults are omitted."""
        url_params: dict[str, str] = {}
        if self.preset is DateRangePreset.CUSTOM:
            url_params |= {
                "from": format_date_or_time(self.date_range.start, self.zone),
                "to": format_date_or_time(self.date_range.end, self.zone),
            }
        elif self.preset is not DEFAULT_PRESET:
            url_params["range"] = self.preset
        if self.interval is not get_default_interval(self.date_range):
            url_params["interval"] = self.interval
        if self.metric is not Metric.MESSAGES:
            url_params["metric"] = self.metric
        if self.channel_id is not None:
            url_params["channel"] = str(self.channel_id)
        if self.comparison_mode is ComparisonMode.CUSTOM and self.custom_comparison:
            url_params["compare"] = format_date_range(self.custom_comparison, self.zone)
        elif self.comparison_mode is not ComparisonMode.PREVIOUS:
            url_params["compare"] = self.comparison_mode
        if self.zoom_origin is not None:
            url_params["back"] = format_zoom_origin(self.zoom_origin, self.zone)
        return url_params
