"""Format numbers, dates and periods as text. No other module does so."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import Interval

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UTC, MINUS_SIGN = "UTC", "\N{MINUS SIGN}"
_RANGE_DASH, _MULTIPLICATION_SIGN = " \N{EN DASH} ", "\N{MULTIPLICATION SIGN}"
_SI_UNITS = ((10**3, "k"), (10**6, "M"), (10**9, "B"), (10**12, "T"))


def format_int(number: float) -> str:
    """Format with all digits: `48,201`."""
    return f"{number:,.0f}"


def format_si(number: int) -> str:
    """Format with about three digits, for axes: `980`, `1.2k`, `48k`, `3.5M`."""
    if number < 1_000:
        return str(number)
    size, unit = next(((size, unit) for size, unit in _SI_UNITS if round(number / size, 1) < 1_000), _SI_UNITS[-1])
    scaled = round(number / size, 1)
    digits = format_int(scaled) if scaled >= 100 else f"{scaled:g}"
    return digits + unit


def format_int_short(number: int) -> str:
    """Format with all digits below 10 million, else like `format_si`."""
    return format_int(number) if number < 10_000_000 else format_si(number)


def format_interval_count(count: int, interval: Interval) -> str:
    """Format a number of intervals: `30 days`, `1 hour`."""
    return f"{format_int(count)} {interval.value}{'' if count == 1 else 's'}"


def format_duration(seconds: int) -> str:
    """Format a duration with its two largest units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if days:
        return f"{format_int(days)} d" + (f" {hours % 24} h" if hours % 24 else "")
    if hours:
        return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{minutes} min" if minutes else f"{seconds} s"


def format_duration_tick(seconds: int) -> str:
    """Format a duration for axes, in one unit: `0`, `45 s`, `1.5 h`, `2 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{round(seconds / size, 1):,g} {unit}"
    return f"{seconds} s" if seconds else "0"


def format_percent(change: float) -> str:
    """Format a relative change (-1 … ∞) without its sign: `12%`, `0.4%`.

    From 10 on it is formatted as the factor, which is the change + 1.
    """
    size = abs(change)
    if size >= 10:
        return f"{format_int(size + 1)}{_MULTIPLICATION_SIGN}"
    return f"{size:.0%}" if size >= 0.01 else f"{size:.1%}"


def format_day(moment: date) -> str:
    """Format the day: `May 3`."""
    return f"{MONTHS[moment.month - 1]} {moment.day}"


def format_long_day(moment: datetime, zone: ZoneInfo) -> str:
    """Format the local day of a moment with its year: `May 3, 2021`."""
    local = moment.astimezone(zone)
    return f"{format_day(local)}, {local.year}"


def format_time(moment: datetime) -> str:
    """Format the time: `18:00`."""
    return f"{moment.hour:02}:{moment.minute:02}"


def format_period(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Format the window `[start, end)` from its first to its last day.

    Times are included unless both ends are midnight in `zone`.
    """
    local_start, local_end = start.astimezone(zone), end.astimezone(zone)
    if (local_start.hour, local_start.minute, local_end.hour, local_end.minute) != (0, 0, 0, 0):
        start_text = f"{format_day(local_start)} {format_time(local_start)}"
        if local_start.date() == local_end.date():
            return f"{start_text}{_RANGE_DASH}{format_time(local_end)}, {local_end.year}"
        return f"{start_text}{_RANGE_DASH}{format_day(local_end)} {format_time(local_end)}, {local_end.year}"
    last_moment = max(local_start, local_end - timedelta(days=1))
    if local_start.date() == last_moment.date():
        return f"{format_day(local_start)}, {local_start.year}"
    if (local_start.year, local_start.month) == (last_moment.year, last_moment.month):
        return f"{format_day(local_start)}{_RANGE_DASH}{last_moment.day}, {last_moment.year}"
    if local_start.year == last_moment.year:
        return f"{format_day(local_start)}{_RANGE_DASH}{format_day(last_moment)}, {last_moment.year}"
    return f"{format_day(local_start)}, {local_start.year}{_RANGE_DASH}{format_day(last_moment)}, {last_moment.year}"


def format_recent_day(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Format the local day of a moment, without the year if it is the current one."""
    return format_long_day(moment, zone).removesuffix(f", {now.astimezone(zone).year}")


def format_recent_period(start: datetime, end: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Format like `format_period`, without the year if it is the current one."""
    return format_period(start, end, zone).removesuffix(f", {now.astimezone(zone).year}")


def format_city(zone: ZoneInfo) -> str:
    """Format the city of a zone: `New York` for America/New_York; `UTC`."""
    return str(zone).rpartition("/")[2].replace("_", " ")


def format_utc_offset(moment: datetime) -> str:
    """Format the offset of a local time: `UTC+5:30`, `UTC`; a negative one with a minus sign."""
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else MINUS_SIGN
    return UTC if minutes == 0 else f"{UTC}{sign}{hours}" + (f":{rest:02}" if rest else "")


def format_timezone(zone: ZoneInfo) -> str:
    """Format the name of a zone: `UTC`, `America/New York`."""
    return str(zone).replace("_", " ")
