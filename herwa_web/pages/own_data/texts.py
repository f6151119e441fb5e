"""Texts of the page about a user's own data."""

from collections.abc import Mapping

from herwa_shared.charts.formatting import format_int
from herwa_shared.privacy.retention import DEPARTED_PERIOD, GUILD_PERIOD

TITLE = "Your data"
LEAD = (
    "What is stored about you in all servers with this bot, also in those that you left. Only you see this page, and no"
    " server can block it."
)
EVERYWHERE, EVERYWHERE_HINT = "All servers", "Also servers that add the bot later."
SERVERS, NO_SERVERS = "By server", "Nothing is stored under your ID in any server."
LONG_LEFT = (
    f"Servers that you left more than {DEPARTED_PERIOD} ago are not listed. There your name is deleted and a pseudonym"
    " replaces your ID. “Delete everything” removes what is stored under the pseudonym too."
)
DIRECT_MESSAGES = "Direct messages"
DIRECT_MESSAGES_HINT = (
    "Herwa sends them about what you asked for: answers to your requests, and what you switched on in a server. Off"
    " means none, from any server."
)
ALL_MESSAGES_OFF = "You have switched off all direct messages from Herwa, so none will arrive. Switch them on under:"
MESSAGES_ON, MESSAGES_OFF = "Direct messages are on.", "Direct messages are off."
COUNTED = "You are counted"
OPTED_OUT = "You opted out: new activity is counted in totals only, without your name and ID, and no ranking shows you"
OPT_OUT, OPT_IN = "Opt out", "Opt in"
DOWNLOAD, DELETE, DELETE_ALL = "Download", "Delete", "Delete everything"
DELETE_NOW = "Delete for good"
COUNTING_GOES_ON = "Deleting does not end the counting: opt out for that. An opt-out remains in force."
QUESTION_EVERYWHERE = (
    "Delete what is stored about you in all servers? This can't be undone. You are also logged out. Totals of the"
    f" servers are kept, without you. {COUNTING_GOES_ON}"
)
OPTED_OUT_DONE = (
    "From now on you are counted in totals only, without your name and ID. What was stored before is kept until you"
    " delete it, but no ranking shows it any more."
)
OPTED_IN_DONE = "You are counted again, and rankings show you."
DELETED = "Your data is being deleted: usually within seconds, at most 24 hours. This page shows when it is done."
LEFT_SERVERS = "Servers that Herwa has left"
LEFT_SERVERS_HINT = (
    "You owned them when Herwa left. Everything about them is kept in case you add Herwa again, and deleted"
    f" after {GUILD_PERIOD}."
)
DELETE_SERVER_NOW = "Delete now"
DELETE_SERVER_QUESTION = (
    "This deletes everything about the server, for everyone: activity, settings, API keys, exports, the audit log. You"
    " can undo it for an hour; after that it can't be undone. If you want to add Herwa again, undo it first."
)
TYPE_SERVER_NAME = "Type the name of the server"
DELETE_SERVER_EVERYTHING, UNDO_DELETION = "Delete everything", "Undo"
LEFT_DELETION_CANCELED = "The server is not deleted now."
DELETION_BEGUN = "The deletion has begun and can't be undone any more."
NAME_ONLY = "only your name"
HOW_IT_WORKS = "How this works"


def format_summary(counts: Mapping[str, int], first: str, last: str) -> str:
    """Format how many events are stored and from when; `counts` are numbers of events, of seconds for voice."""
    events = sum(count for kind, count in counts.items() if not kind.startswith("voice"))
    minutes = counts.get("voice", 0) // 60
    parts = [f"{format_int(events)} event{'' if events == 1 else 's'}"]
    if minutes:
        parts.append(f"{format_int(minutes)} voice minute{'' if minutes == 1 else 's'}")
    period = first if first == last else f"{first} to {last}"
    return f"{', '.join(parts)} · {period} (UTC)"


def format_left_plan(left: str, deleted: str) -> str:
    """Say when the bot left a server, and when that is deleted."""
    return f"Herwa left on {left}. Everything will be deleted on {deleted}."


def format_left_deletion(time: str) -> str:
    """Say when the requested deletion of a server begins."""
    return f"Everything about this server will be deleted at {time} (UTC)."


def format_question(server: str) -> str:
    """Ask whether the data of one server should be deleted."""
    return (
        f"Delete what is stored about you in {server}? This can't be undone. Totals of the server are kept, without"
        f" you. {COUNTING_GOES_ON}"
    )


def format_deletion(requested: str, finished: str) -> str:
    """Describe the newest deletion; `finished` is empty while it is running."""
    return f"Deleted on {finished} (UTC)" if finished else f"Deletion requested on {requested} (UTC), in progress"


def format_action_label(action: str, server: str) -> str:
    """Label a button of one server."""
    return f"{action}: {server}"
