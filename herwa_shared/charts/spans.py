"""A window in words that fit into a sentence: `in the last 7 days`, `yesterday`, `in Mar 2025`."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.series import Series
from herwa_shared.charts.theme import MONTHS, clock_time, day, exact

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
