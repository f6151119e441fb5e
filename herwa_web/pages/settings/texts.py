"""Texts of the settings page."""

LEAD = "How Herwa counts time, who sees what about members, and where requests arrive."
TIME_AND_WEEKS = "Time"
TIME_ZONE = "Time zone"
TIME_ZONE_HINT = "Days and hours of all statistics follow it, past ones too."
OTHER_ZONES = "Other"
WEEK_START = "First day of the week"
WEEK_START_HINT = "For charts by week, the heatmap and the API."
WEEK_STARTS = {"1": "Monday", "6": "Saturday", "7": "Sunday"}
MEMBER_DATA = "Data about members"
AUDIENCE = "Who sees data about members"
AUDIENCE_HINT = "Rankings of members, and who answered tickets. Everyone else sees totals only."
AUDIENCES = {
    "insights": ("View Server Insights and above", "Everyone whom Discord shows Server Insights."),
    "managers": ("Managers", "Members with Manage Server, and administrators."),
    "administrators": ("Administrators", "Only administrators and the owner."),
    "none": ("No one", "Rankings of members are hidden, for you too."),
}
TICKETS = "Support channels"
TICKETS_HINT = "Threads and forum posts in these channels count as tickets."
ADD_CHANNEL = "Add a channel…"
REMOVE_CHANNEL = "Remove"
NO_SUPPORT_CHANNELS = "No support channels. Add one to measure how fast members get an answer."
REQUESTS = "Requests for access"
REQUEST_CHANNEL = "Channel"
REQUEST_CHANNEL_HINT = "New requests are posted here with buttons to allow or decline them."
NO_CHANNEL = "No channel"
MESSAGES = "Message me directly"
MESSAGES_HINT = "Herwa sends you a direct message about each new request. Only for you; saved at once."
MESSAGES_ON = "Herwa will message you about new requests."
MESSAGES_OFF = "Herwa won't message you about requests."
DELETED = "deleted"


def format_local_time(time: str, zone: str) -> str:
    """Say what time it is in a zone."""
    return f"It is {time} in {zone} now."


def format_zone_effect(zone: str) -> str:
    """Say what a change of the time zone does."""
    return f"All statistics are shown in days and hours of {zone}, past ones too."


def format_week_effect(day: str) -> str:
    """Say what a change of the first day of the week does."""
    return f"Weeks start on {day} in charts, in the heatmap and in the API, past ones too."


def format_audience_effect(audience: str) -> str:
    """Say what a change of the audience does."""
    return f"Names next to numbers are shown to: {audience}."


def format_request_effect(channel: str) -> str:
    """Say what a change of the channel for requests does."""
    if not channel:
        return "New requests are listed in Discord with /permissions list and on the page Access rules."
    return f"New requests are posted in {channel}. Everyone who can read it sees who asked for what."


def format_mark_effect(channel: str, *, is_marked: bool) -> str:
    """Say what a change of a support channel does."""
    if is_marked:
        return f"Threads that are opened in {channel} from now on count as tickets."
    return f"New threads in {channel} are no tickets any more. Earlier tickets are kept."
