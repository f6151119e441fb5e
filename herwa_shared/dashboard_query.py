"""The state of a dashboard page, parsed from URL parameters and formatted back.

It consists of window, interval, metric, channel and comparison. Invalid parameters never raise: they are replaced by
defaults and reported in `problems`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from typing import Self, TypeVar
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
from herwa_shared.analytics.timezones import to_instant
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest

DEFAULT_PRESET = DateRangePreset.MONTH
RANGE_SEPARATOR = ".."
"""Separates start and end of a custom comparison window in the URL."""
EnumT = TypeVar("EnumT", bound=StrEnum)


class ComparisonMode(StrEnum):
    """The window that a page compares with."""

    PREVIOUS = "previous"
    YEAR = "year"
    CUSTOM = "custom"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class DashboardQuery:
    """The state of a dashboard page.

    `problems` are sentences about the URL parameters that were ignored.
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
    problems: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        params: Mapping[str, str],
        zone: ZoneInfo,
        now: datetime,
        *,
        guild_id: int,
        data_start: datetime | None = None,
    ) -> Self:
        """Parse URL parameters. Never raises: an invalid parameter is treated as missing.

        The parameters are `range`, or `from` and `to` as in the API; `interval`, `metric`, `channel`, and `compare`
        (`previous`, `year`, `off`, or two dates separated by `..`). `data_start` is the start of "all time".
        """
        reader = QueryParamReader({key: value for key, value in params.items() if value}, zone)
        preset, date_range = reader.read_date_range(now, data_start)
        metric = reader.read_enum("metric", Metric, Metric.MESSAGES)
        interval = reader.read_enum("interval", Interval, get_default_interval(date_range))
        if interval not in list_allowed_intervals(date_range):
            rejected_interval, interval = interval, get_default_interval(date_range)
            reader.problems.append(f"By {rejected_interval} this window cannot be shown well, so it is by {interval}.")
        channel_id = reader.read_channel_id()
        if channel_id and not get_definition(metric).supports_channels:
            reader.problems.append(
                f"{get_definition(metric).title} are counted for the whole server, not for one channel."
            )
        comparison_mode, custom_comparison = reader.read_comparison()
        return cls(
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
            tuple(reader.problems),
        )

    def to_activity_query(self) -> ActivityQuery:
        """Return the query of the page, without the channel if the metric has no channels."""
        channel_id = self.channel_id if get_definition(self.metric).supports_channels else None
        return ActivityQuery(
            self.guild_id, self.date_range.start, self.date_range.end, self.metric, self.interval, self.zone, channel_id
        )

    def to_comparison_query(self) -> ActivityQuery | None:
        """Return the query of the comparison window; None if there is none.

        No window precedes "all time". The month (or year) to date is compared with the same days of the previous one.
        """
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

    def apply_preset(self, preset: DateRangePreset, *, data_start: datetime | None = None) -> Self:
        """Return the query with another preset and its default interval.

        `data_start` is the start of "all time".
        """
        date_range = resolve_preset(preset, self.zone, self.now, data_start=data_start)
        interval = get_default_interval(date_range)
        return replace(self, preset=preset, date_range=date_range, interval=interval, problems=())

    def shift(self, steps: int) -> Self:
        """Return the query one window later (1) or earlier (-1).

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
            ends = (self.custom_comparison.start, self.custom_comparison.end)
            url_params["compare"] = RANGE_SEPARATOR.join(format_date_or_time(moment, self.zone) for moment in ends)
        elif self.comparison_mode is not ComparisonMode.PREVIOUS:
            url_params["compare"] = self.comparison_mode
        return url_params


class QueryParamReader:
    """A reader of URL parameters that replaces invalid ones by defaults.

    A sentence about each invalid parameter is appended to `problems`.
    """

    def __init__(self, params: Mapping[str, str], zone: ZoneInfo) -> None:
        self._params = params
        self._zone = zone
        self.problems: list[str] = []

    def read_date_range(self, now: datetime, data_start: datetime | None) -> tuple[DateRangePreset, DateRange]:
        """Read `from` and `to`, or else `range`."""
        if "from" in self._params or "to" in self._params:
            date_range = self._try_read(
                lambda: self._parse_date_range(self._params.get("from"), self._params.get("to"), now)
            )
            if date_range is not None:
                return DateRangePreset.CUSTOM, date_range
        preset = self.read_enum("range", DateRangePreset, DEFAULT_PRESET)
        preset = DEFAULT_PRESET if preset is DateRangePreset.CUSTOM else preset
        return preset, resolve_preset(preset, self._zone, now, data_start=data_start)

    def read_enum(self, field: str, enum_class: type[EnumT], default: EnumT) -> EnumT:
        """Read a parameter whose value is a member of an enum."""
        text = self._params.get(field)
        if text is None or text in set(enum_class):
            return enum_class(text) if text else default
        self.problems.append(f"There is no {field} {text[:64]!r}; this is {default}.")
        return default

    def read_channel_id(self) -> int | None:
        """Read `channel`."""
        text = self._params.get("channel")
        if text is None:
            return None
        if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_SNOWFLAKE:
            return int(text)
        self.problems.append(f"{text[:64]!r} is no channel; this is the whole server.")
        return None

    def read_comparison(self) -> tuple[ComparisonMode, DateRange | None]:
        """Read `compare`: a mode, or the two ends of a custom window."""
        text = self._params.get("compare")
        default = ComparisonMode.PREVIOUS
        if text is None or RANGE_SEPARATOR not in text:
            return self.read_enum(
                "compare", ComparisonMode, default
            ) if text != ComparisonMode.CUSTOM else default, None
        start_text, end_text = text.split(RANGE_SEPARATOR, 1)
        date_range = self._try_read(lambda: self._parse_date_range(start_text, end_text, None))
        return (ComparisonMode.CUSTOM, date_range) if date_range else (default, None)

    def _parse_date_range(self, start_text: str | None, end_text: str | None, now: datetime | None) -> DateRange:
        query = ActivityQuery.parse(start_text, end_text, guild_id=0, zone=self._zone, now=now)
        return DateRange(query.start, query.end)

    def _try_read(self, read: Callable[[], DateRange]) -> DateRange | None:
        try:
            return read()
        except (BadRequest, OverflowError) as problem:
            self.problems.append(str(problem))
            return None


def format_date_or_time(moment: datetime, zone: ZoneInfo) -> str:
    """Format a moment as an ISO date if it is local midnight, else as an ISO time with offset."""
    midnight = datetime.combine(moment.astimezone(zone), time())
    if to_instant(midnight, zone) == int(moment.timestamp()):
        return midnight.date().isoformat()
    return moment.astimezone(zone).isoformat()
