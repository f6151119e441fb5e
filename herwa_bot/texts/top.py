"""Texts of `/top channels`, `/top members` and `/top voice`."""

DESCRIPTION = "Most active channels and members"
CHANNELS, MEMBERS = "channels", "members"
CHANNELS_DESCRIPTION = "Most active channels"
MEMBERS_DESCRIPTION = "Most active members (for those who can see numbers of members)"
VOICE_DESCRIPTION = "Members with the most time in voice (for those who can see numbers of members)"
OPTION_PUBLIC = "Show the names to everyone in this channel (default: only to you)"

MEMBERS_HIDDEN = (
    "You can't see numbers of single members in this server. Managers choose who can, on the dashboard's page Settings."
    " `/top channels` works for everyone."
)
CHANNELS_LEFT_OUT = "-# Channels that not everyone here can see aren't listed."
ONLY_YOU = (
    "-# Only you can see this. Members who opted out aren't listed. The server's managers can see that you opened it."
)
POSTED = "-# Posted for everyone in this channel. Don't want to be listed? `/privacy opt-out`"


def format_subject(ranked: str, metric: str) -> str:
    """Format what is ranked by what: `Top members by voice minutes`."""
    return f"Top {ranked} by {metric.lower()}"


def format_heading(server: str, subject: str, days: int) -> str:
    """Format the first line of a reply."""
    return f"**{server}** · {subject[:1].lower()}{subject[1:]} · last {days} days"


def format_entry(number: int, name: str, amount: str) -> str:
    """Format one entry of the list."""
    return f"{number}. {name} · {amount}"


def format_empty(none: str) -> str:
    """Format the reply without an entry. `none` is for example `No messages`."""
    return f"{none} in this period. Check back after some activity."
