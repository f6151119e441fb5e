"""Numbers, dates and periods as text: the only place that formats them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


_TO, _TIMES = " \N{EN DASH} ", "\N{MULTIPLICATION SIGN}"
_UNITS = ((10**3, "k"), (10**6, "M"), (10**9, "B"), (10**12, "T"))


def exact(number: float) -> str:
    """All digits: `48,201`."""
    return f"{number:,.0f}"


def compact(number: int) -> str:
    """About three digits, for axes: `980`, `1.2k`, `48k`, `3.5M`."""
    if number < 1_000:
        return str(number)
    size, unit = next((unit for unit in _UNITS if round(number / unit[0], 1) < 1_000), _UNITS[-1])
    scaled = round(number / size, 1)
    digits = exact(scaled) if scaled >= 100 else f"{scaled:g}"
    return digits + unit


def short(number: int) -> str:
    """All digits as long as they are few enough to read."""
    return exact(number) if number < 10_000_000 else compact(number)


def percent(change: float) -> str:
    """A change of -1 … ∞ without its sign: `12%`, `0.4%`; a large one as a factor."""
    size = abs(change)
    if size >= 10:
        return f"{exact(size + 1)}{_TIMES}"
    return f"{size:.0%}" if size >= 0.01 else f"{size:.1%}"


def day(moment: date) -> str:
    """`May 3`."""
    return f"{MONTHS[moment.month - 1]} {moment.day}"


def clock_time(moment: datetime) -> str:
    """`18:00`."""
    return f"{moment.hour:02}:{moment.minute:02}"


def period(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The window `[start, end)` as people write it, from the first day to the last; with times where it cuts a day."""
    first, after = start.astimezone(zone), end.astimezone(zone)
    if (first.hour, first.minute, after.hour, after.minute) != (0, 0, 0, 0):
        return f"{day(first)} {clock_time(first)}{_TO}{day(after)} {clock_time(after)}, {after.year}"
    last = max(first, after - timedelta(days=1))
    if first.date() == last.date():
        return f"{day(first)}, {first.year}"
    if first.year == last.year:
        return f"{day(first)}{_TO}{day(last)}, {last.year}"
    return f"{day(first)}, {first.year}{_TO}{day(last)}, {last.year}"


def zone_name(zone: ZoneInfo) -> str:
    """`UTC`, `America/New York`."""
    return str(zone).replace("_", " ")
