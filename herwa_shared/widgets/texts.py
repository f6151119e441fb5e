"""Texts that visitors of a widget see."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.charts.formatting import format_city, format_day, format_si, format_time
from herwa_shared.services.widget_settings import NumberFormat

UNKNOWN_VALUE = "\N{EN DASH}"
FEW_PEOPLE = "<5"
NO_ACTIVITY = "Not enough activity to show yet"
NO_CHANNELS = NO_ACTIVITY
NO_NUMBERS = "The first numbers are on their way"
JOIN = "Join on Discord"
PAGE_FOOT = "Counted by Herwa. Numbers of fewer than five people are not shown."
_SEPARATORS = {NumberFormat.COMMA: ",", NumberFormat.DOT: ".", NumberFormat.SPACE: "\N{NARROW NO-BREAK SPACE}"}


def format_number(number: int, number_format: NumberFormat) -> str:
    """Format a number as the widget's settings say: `48,201`, `48.201`, `48 201`, `48.2k`."""
    if number_format is NumberFormat.SHORT:
        return format_si(number)
    return f"{number:,}".replace(",", _SEPARATORS[number_format])


def format_title(guild_name: str) -> str:
    """Name a widget for screen readers."""
    return f"{guild_name} on Discord"


def format_chart_title(label: str) -> str:
    """Title a chart by its metric."""
    return f"{label[:1].upper()}{label[1:]}"


def format_window(days: int) -> str:
    """Name the window of the numbers."""
    return f"Last {days} days"


def format_base_period(days: int) -> str:
    """Name the window with which numbers are compared."""
    return f"the previous {days} days"


def format_as_of(moment: datetime, zone: ZoneInfo) -> str:
    """Say when numbers were computed that could not be computed again since."""
    local = moment.astimezone(zone)
    return f"as of {format_day(local)}, {format_time(local)} ({format_city(zone)})"


def format_channel_amount(name: str, members: str) -> str:
    """Describe a channel of the list."""
    return f"{name}: {members} active members"


def format_hidden_amount(label: str) -> str:
    """Describe a number that is not shown."""
    return f"{label}: not shown, fewer than five people"


def format_chart_range(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """Label the ends of a chart: its first and its last day."""
    first, last = start.astimezone(zone), end.astimezone(zone) - timedelta(days=1)
    return format_day(first), format_day(last)
