"""Texts of `/server-stats`, `/voice-stats` and `/ticket-stats`."""

SERVER_STATS = "Message activity chart"
VOICE_STATS = "Voice activity chart"
TICKET_STATS = "Support threads chart"
OPTION_PERIOD = "Period (default: 30 days)"

NO_COMPARISON = "-# No comparison: data is missing in one of the two periods."
NO_IMAGE = "-# The chart couldn't be drawn. The reason is in the bot's log."


def format_period_choice(days: int) -> str:
    """Format the label of a period in the list of choices."""
    return f"{days} days"


def format_heading(server: str, days: int, extra_amount: str = "") -> str:
    """Format the first line of a reply: server, period, and the amount of a second metric if there is one."""
    return f"**{server}** · last {days} days{f' · {extra_amount}' if extra_amount else ''}"
