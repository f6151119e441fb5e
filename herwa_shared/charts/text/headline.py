"""The overview's one sentence: how much happened, how that compares, and what is behind it.

A window in words that fit into a sentence: `in the last 7 days`, `yesterday`, `in Mar 2025`.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.comparison import change
from herwa_shared.analytics.intervals import happened
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import Sum, measure_of
from herwa_shared.analytics.results import Ranked, Series
from herwa_shared.charts.formatting import MONTHS, clock_time, day, exact
from herwa_shared.charts.text.metric_phrases import STEADY, compared, wording


def headline(
    series: Series,
    compare: Series | None = None,
    *,
    now: datetime | None = None,
    kpi: Kpi | None = None,
    behind: Ranked | None = None,
) -> str:
    """One sentence.

    For example: 1,204 people talked in the last 7 days, 8% more than in the 7 days before; most of the rise is #events.
    `kpi` is the same metric at a glance and knows the change better, for people of a running window above all; `behind`
    is the channel that makes up most of it. What was not counted is said, and no change claimed over it.
    """
    begun = happened(series, now)
    counted = [point for point in begun if point.value is not None]
    when = during(series, now)
    if not counted:
        return f"Nothing was counted {when}."
    words = wording(series.metric)
    if series.total == 0:
        said = f"{words.nobody_did} {when}"
    else:
        said = f"{exact(series.total)} {words.one_did if series.total == 1 else words.many_did} {when}"
    grown = kpi.change if kpi else change(series, compare, now=now)
    if compare is not None and grown is not None:
        return f"{said}, {compared(grown, before(series, compare, now))}{_behind(grown, behind)}."
    if len(counted) < len(begun) and measure_of(series.metric).sum is not Sum.NEWEST:
        return f"{said}; {_uncounted(len(begun) - len(counted), len(begun), series)}."
    return f"{said}."


def _behind(grown: float, channel: Ranked | None) -> str:
    if channel is None or channel.name is None or abs(grown) < STEADY:
        return ""
    return f"; most of the {'rise' if grown > 0 else 'drop'} is #{channel.name}"


def _uncounted(missing: int, all_: int, series: Series) -> str:
    return f"{exact(missing)} of {exact(all_)} {series.interval}s {'was' if missing == 1 else 'were'} not counted"


DAY = timedelta(days=1)
Dates = tuple[date, date]
"""The first day, and the day after the last."""


def during(series: Series, now: datetime | None = None) -> str:
    """When it happened. Without `now` nothing is `today` or `last`."""
    dates = _dates(series)
    if dates is None:
        return _hours(series, now)
    first, after = dates
    today, whole = now.astimezone(series.zone).date() if now else None, _whole(dates)
    if today and after - first == DAY and today in dates:
        return "today" if today == first else "yesterday"
    if today and after == today + DAY and not whole:
        return f"in the last {exact((after - first).days)} days"
    if whole:
        return f"this {whole}" if today and first <= today < after else f"in {_called(first, whole)}"
    return _from(dates)


def before(series: Series, compare: Series, now: datetime | None = None) -> str:
    """With what it is compared; of a running day, month or year that is as much as has passed of it."""
    dates, earlier = _dates(series), _dates(compare)
    running = now is not None and series.start <= now < series.end
    if dates is None or earlier is None:
        return "in the time before" if compare.end <= series.start else _hours(compare, None)
    if all(one.year == then.year + 1 and one.month == then.month for one, then in zip(dates, earlier, strict=True)):
        return f"{'by this point' if running else 'at the same time'} a year before"
    whole = _whole(dates)
    if earlier[1] == dates[0] and whole and whole == _whole(earlier):
        return f"{'by this point of' if running else 'in'} the {whole} before"
    if earlier[1] == dates[0] and dates[1] - dates[0] == DAY:
        return f"{'by this hour of' if running else 'on'} the day before"
    return f"in the {exact((earlier[1] - earlier[0]).days)} days before" if earlier[1] == dates[0] else _from(earlier)


def _dates(series: Series) -> Dates | None:
    """The days of a window that is made of whole ones."""
    start, end = (moment.astimezone(series.zone) for moment in (series.start, series.end))
    return (start.date(), end.date()) if _begins_day(start) and _begins_day(end) else None


def _begins_day(moment: datetime) -> bool:
    """Also where the clocks skip midnight."""
    before_it = datetime.fromtimestamp(moment.timestamp() - 1, moment.tzinfo)
    return moment.time() == time() or moment.date() != before_it.date()


def _whole(dates: Dates) -> str | None:
    """The name of what these days are a whole one of."""
    first, after = dates
    if first.day != 1 or after.day != 1:
        return None
    months = 12 * (after.year - first.year) + after.month - first.month
    return "month" if months == 1 else "year" if months == 12 and first.month == 1 else None


def _called(first: date, whole: str) -> str:
    return str(first.year) if whole == "year" else f"{MONTHS[first.month - 1]} {first.year}"


def _from(dates: Dates) -> str:
    first, last = dates[0], dates[1] - DAY
    if first == last:
        return f"on {day(first)}, {first.year}"
    year = "" if first.year == last.year else f", {first.year}"
    return f"from {day(first)}{year} to {day(last)}, {last.year}"


def _hours(series: Series, now: datetime | None) -> str:
    hours = round((series.end - series.start) / timedelta(hours=1))
    if now is not None and series.start <= now < series.end <= now + timedelta(hours=1):
        return f"in the last {exact(hours)} hours" if hours > 1 else "in this hour"
    return f"from {_moment(series.start, series.zone)} to {_moment(series.end, series.zone)}"


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{day(local)}, {local.year} {clock_time(local)}"
