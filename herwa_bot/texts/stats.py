"""Texts of `/server-stats`, `/voice-stats` and `/ticket-stats`."""

from collections.abc import Sequence

SERVER_STATS = "Message activity chart"
VOICE_STATS = "Voice activity chart"
TICKET_STATS = "Support threads chart"
OPTION_PERIOD = "Period (default: 30 days)"

NO_COMPARISON = "-# No comparison: data is missing in one of the two periods."
COMPARISON_BEFORE_HISTORY = "-# No comparison: the earlier period is before this server's history. See `/premium`."
NO_IMAGE = "-# The chart couldn't be drawn. The reason is in the bot's log."


def format_history_start(day: str) -> str:
    """Format where the history of the server begins, if the period begins there."""
    return f"-# This server's history begins on {day}. See `/premium`."


def format_metric_option(default: str) -> str:
    """Format the description of the option that chooses the metric."""
    return f"What to chart (default: {default})"


def format_tickets(opened: int, answered: int, still_open: int) -> str:
    """Format the numbers of tickets that were opened in the period."""
    if not opened:
        return "- Tickets: none opened."
    return f"- Tickets: {opened:,} opened, {answered:,} answered, {still_open:,} still open."


def format_first_response(median: str, long_wait: str) -> str:
    """Format the times to the first response."""
    return f"- First response: {median} in the median, 9 of 10 within {long_wait}."


def format_responders(responders: Sequence[tuple[str, int]]) -> str:
    """Format who answered tickets first, and how many. Only members with access to member numbers see it."""
    return f"**First responses by** {', '.join(f'{name} ({count:,})' for name, count in responders)}"


def format_period_choice(days: int) -> str:
    """Format the label of a period in the list of choices."""
    return f"{days} days"


def format_heading(server: str, days: int, extra_amount: str = "") -> str:
    """Format the first line of a reply: server, period, and the amount of a second metric if there is one."""
    return f"**{server}** · last {days} days{f' · {extra_amount}' if extra_amount else ''}"
