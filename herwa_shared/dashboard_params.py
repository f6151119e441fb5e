"""URL parameters of a dashboard page: reading them, formatting times, and problem codes.

An invalid parameter never raises: it is replaced by its default and reported as a `QueryProblem`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from herwa_shared.analytics.date_ranges import (
    DateRange,
    DateRangePreset,
    get_default_interval,
    list_allowed_intervals,
    resolve_preset,
)
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import parse_moment, to_instant
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest

DEFAULT_PRESET = DateRangePreset.MONTH
RANGE_SEPARATOR = ".."
"""Separates start and end of a window in one parameter."""
INTERVAL_SEPARATOR = ","
"""Separates window and interval in `back`."""
EnumT = TypeVar("EnumT", bound=StrEnum)


class ComparisonMode(StrEnum):
    """The window that a page compares with."""

    PREVIOUS = "previous"
    YEAR = "year"
    CUSTOM = "custom"
    OFF = "off"


class QueryProblemCode(StrEnum):
    """What is wrong with a parameter, or why the page does not follow it."""

    UNKNOWN_RANGE = "unknown_range"
    INVALID_DATE = "invalid_date"
    UNSUPPORTED_YEAR = "unsupported_year"
    REVERSED_DATES = "reversed_dates"
    UNKNOWN_INTERVAL = "unknown_interval"
    INTERVAL_TOO_SHORT = "interval_too_short"
    INTERVAL_TOO_LONG = "interval_too_long"
    UNKNOWN_METRIC = "unknown_metric"
    INVALID_CHANNEL = "invalid_channel"
    THREAD = "thread"
    UNKNOWN_COMPARISON = "unknown_comparison"
    SERVER_WIDE_METRIC = "server_wide_metric"
    BEFORE_HISTORY = "before_history"
    COMPARISON_BEFORE_HISTORY = "comparison_before_history"


@dataclass(frozen=True, slots=True)
class QueryProblem:
    """A parameter that the page does not follow. `value` is what it has, `shown` what the page shows instead.

    `value` may be any text from the URL.
    """

    code: QueryProblemCode
    value: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class RangeChoice:
    """A window as it was chosen, with its interval."""

    preset: DateRangePreset
    date_range: DateRange
    interval: Interval


class QueryParamReader:
    """A reader of URL parameters that replaces invalid ones by defaults and appends them to `problems`."""

    def __init__(
        self, params: Mapping[str, str], zone: ZoneInfo, now: datetime, data_start: datetime | None = None
    ) -> None:
        self._params = {key: value for key, value in params.items() if value}
        self._zone = zone
        self._now = now
        self._data_start = data_start
        self.problems: list[QueryProblem] = []

    def read_date_range(self) -> tuple[DateRangePreset, DateRange]:
        """Read `from` and `to`, or else `range`."""
        if "from" in self._params or "to" in self._params:
            date_range = self._parse_date_range(
                self._params.get("from"), self._params.get("to"), fallback=DEFAULT_PRESET.value
            )
            if date_range is not None:
                return DateRangePreset.CUSTOM, date_range
        preset = self._read_enum("range", DateRangePreset, DEFAULT_PRESET, QueryProblemCode.UNKNOWN_RANGE)
        preset = DEFAULT_PRESET if preset is DateRangePreset.CUSTOM else preset
        return preset, self._resolve(preset)

    def limit_to_history(
        self, preset: DateRangePreset, date_range: DateRange, history_start: datetime | None
    ) -> tuple[DateRangePreset, DateRange]:
        """Cut off the part of a window that lies before the guild's history.

        A window that lies completely before it is replaced by the default one.
        """
        if history_start is None or history_start <= date_range.start:
            return preset, date_range
        shown = format_date_or_time(history_start, self._zone)
        self.problems.append(QueryProblem(QueryProblemCode.BEFORE_HISTORY, shown=shown))
        if date_range.end <= history_start:
            preset, date_range = DEFAULT_PRESET, self._resolve(DEFAULT_PRESET)
        return preset, DateRange(max(date_range.start, history_start), date_range.end)

    def read_metric(self) -> Metric:
        """Read `metric`."""
        return self._read_enum("metric", Metric, Metric.MESSAGES, QueryProblemCode.UNKNOWN_METRIC)

    def read_interval(self, date_range: DateRange) -> Interval:
        """Read `interval`; one that does not fit the window is replaced by the window's default."""
        default, allowed = get_default_interval(date_range), list_allowed_intervals(date_range)
        interval = self._read_enum("interval", Interval, default, QueryProblemCode.UNKNOWN_INTERVAL)
        if interval in allowed:
            return interval
        order = list(Interval)
        is_too_short = order.index(interval) < order.index(allowed[0])
        code = QueryProblemCode.INTERVAL_TOO_SHORT if is_too_short else QueryProblemCode.INTERVAL_TOO_LONG
        self.problems.append(QueryProblem(code, interval, default))
        return default

    def read_channel_id(self) -> int | None:
        """Read `channel`."""
        text = self._params.get("channel")
        if text is None:
            return None
        if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_SNOWFLAKE:
            return int(text)
        self.problems.append(QueryProblem(QueryProblemCode.INVALID_CHANNEL, text))
        return None

    def read_comparison(self) -> tuple[ComparisonMode, DateRange | None]:
        """Read `compare`: a mode, or the two ends of a custom window."""
        text, default = self._params.get("compare"), ComparisonMode.PREVIOUS
        if text is None or text == ComparisonMode.CUSTOM:
            return default, None
        if RANGE_SEPARATOR not in text:
            return self._read_enum("compare", ComparisonMode, default, QueryProblemCode.UNKNOWN_COMPARISON), None
        problem_count = len(self.problems)
        date_range = self._parse_date_range(*text.split(RANGE_SEPARATOR, 1), fallback=default.value)
        if date_range:
            return ComparisonMode.CUSTOM, date_range
        self.problems[problem_count:] = [QueryProblem(QueryProblemCode.UNKNOWN_COMPARISON, text, default)]
        return default, None

    def read_zoom_origin(self) -> RangeChoice | None:
        """Read `back`, the window to which zooming out leads; an invalid one is ignored."""
        range_text, _, interval_text = self._params.get("back", "").partition(INTERVAL_SEPARATOR)
        preset, date_range = DateRangePreset.CUSTOM, None
        if RANGE_SEPARATOR in range_text:
            problem_count = len(self.problems)
            date_range = self._parse_date_range(*range_text.split(RANGE_SEPARATOR, 1), fallback="")
            del self.problems[problem_count:]
        elif range_text in set(DateRangePreset) - {DateRangePreset.CUSTOM}:
            preset = DateRangePreset(range_text)
            date_range = self._resolve(preset)
        if date_range is None:
            return None
        is_allowed = interval_text in list_allowed_intervals(date_range)
        interval = Interval(interval_text) if is_allowed else get_default_interval(date_range)
        return RangeChoice(preset, date_range, interval)

    def _resolve(self, preset: DateRangePreset) -> DateRange:
        return resolve_preset(preset, self._zone, self._now, data_start=self._data_start)

    def _read_enum(self, field: str, enum_class: type[EnumT], default: EnumT, code: QueryProblemCode) -> EnumT:
        text = self._params.get(field)
        if text is None or text in set(enum_class):
            return enum_class(text) if text else default
        self.problems.append(QueryProblem(code, text, default))
        return default

    def _parse_date_range(self, start_text: str | None, end_text: str | None, *, fallback: str) -> DateRange | None:
        try:
            query = ActivityQuery.parse(start_text, end_text, guild_id=0, zone=self._zone, now=self._now)
        except (BadRequest, OverflowError):
            code = _find_date_problem(self._zone, start_text, end_text)
            self.problems.append(QueryProblem(code, f"{start_text or ''}{RANGE_SEPARATOR}{end_text or ''}", fallback))
            return None
        return DateRange(query.start, query.end)


def format_date_or_time(moment: datetime, zone: ZoneInfo) -> str:
    """Format a moment as an ISO date if it is local midnight, else as an ISO time with offset."""
    midnight = datetime.combine(moment.astimezone(zone), time())
    if to_instant(midnight, zone) == int(moment.timestamp()):
        return midnight.date().isoformat()
    return moment.astimezone(zone).isoformat()


def format_date_range(date_range: DateRange, zone: ZoneInfo) -> str:
    """Format a window as one parameter: `2025-03-01..2025-03-08`."""
    return RANGE_SEPARATOR.join(format_date_or_time(moment, zone) for moment in (date_range.start, date_range.end))


def format_zoom_origin(origin: RangeChoice, zone: ZoneInfo) -> str:
    """Format `back`, so that `QueryParamReader.read_zoom_origin` restores it."""
    is_custom = origin.preset is DateRangePreset.CUSTOM
    range_text = format_date_range(origin.date_range, zone) if is_custom else origin.preset.value
    if origin.interval is get_default_interval(origin.date_range):
        return range_text
    return f"{range_text}{INTERVAL_SEPARATOR}{origin.interval}"


def _find_date_problem(zone: ZoneInfo, *texts: str | None) -> QueryProblemCode:
    """Return why two texts are not the ends of a window."""
    for text in texts:
        if text is None:
            continue
        try:
            parse_moment(text, zone, field="")
        except (BadRequest, OverflowError):
            return QueryProblemCode.UNSUPPORTED_YEAR if _is_iso_time(text) else QueryProblemCode.INVALID_DATE
    return QueryProblemCode.REVERSED_DATES


def _is_iso_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
