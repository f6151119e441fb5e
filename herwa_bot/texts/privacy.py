"""Texts of `/privacy`."""

from collections.abc import Mapping

from herwa_bot.texts.phrases import format_count, format_joined
from herwa_shared.pipeline.events import EventKind
from herwa_shared.privacy.retention import DEPARTED_PERIOD, RAW_EVENT_PERIOD, UNTIL_GUILD_DELETED

DESCRIPTION = "What is stored about you, and how to stop or delete it"
SHOW_DESCRIPTION = "What is stored about you"
OPT_OUT_DESCRIPTION = "Stop being counted and ranked as a member"
OPT_IN_DESCRIPTION = "Be counted as a member again"
DELETE_DESCRIPTION = "Delete what is stored about you"
DOWNLOAD_DESCRIPTION = "Get what is stored about you as a file"
DOWNLOAD_READY_EVERYWHERE = "Here is what is stored about you, a folder for each server."
DOWNLOAD_READY = "Here is what is stored about you in this server. Only you can see this message."
OPTION_EVERYWHERE = "In all servers, not only in this one"
OPTION_MESSAGES = "Off: Herwa sends you no direct messages, about anything in any server"
MESSAGES_DESCRIPTION = "Switch off all direct messages of Herwa to you, or on again"
MESSAGES_CHOICES = {"off": "Off", "on": "On"}
MESSAGES_OFF = (
    "**Direct messages are off.** I send you none, about anything in any server. Replies to your own commands still"
    " come."
)
MESSAGES_ON = (
    "**Direct messages are on.** I send them about what you asked for: answers to your requests, and what you switched"
    " on in a server."
)
MESSAGES_ARE_OFF = "Direct messages to you are off. `/privacy direct-messages` switches them on."

DELETE_BUTTON = "Delete my data"

NOTHING_COUNTED = "No activity is stored under your name."
HEADING = "**What is stored about you in this server**"
HEADING_EVERYWHERE = "**What is stored about you in all servers**"
LONG_LEFT = (
    f"-# Servers that you left more than {DEPARTED_PERIOD} ago are not listed. There your name is deleted and a"
    " pseudonym replaces your ID. `/privacy delete` removes what is stored under the pseudonym too."
)
OPTED_OUT_HERE = "You opted out here: new activity is counted without you, and no ranking shows you."
OPTED_OUT_EVERYWHERE = "You opted out everywhere: new activity is counted without you, and no ranking shows you."
COUNTED = "You are counted as a member. `/privacy opt-out` stops that."
RETENTION = (
    f"-# Single events are kept for {RAW_EVENT_PERIOD}, hourly numbers {UNTIL_GUILD_DELETED}. {DEPARTED_PERIOD} after"
    " you leave, a pseudonym replaces your ID. What you write is never stored."
)
VISIBILITY = (
    "-# Who sees your name next to numbers: members with Administrator, Manage Server or View Server Insights. Others"
    " see totals only, or a ranking that one of them posts with `/top`. Managers can also export names. No ranking or"
    " export contains those who opted out. The operator can read the databases."
)
SEE_SHOW = "`/privacy show` says when it is done."

_NOUNS: Mapping[str, str] = {
    EventKind.MESSAGE: "message",
    EventKind.MESSAGE_EDIT: "edit",
    EventKind.MESSAGE_DELETE: "deleted message",
    EventKind.REACTION: "reaction",
    EventKind.THREAD: "opened thread",
    EventKind.JOIN: "join",
    EventKind.LEAVE: "leave",
    EventKind.BOOST: "boost",
    EventKind.SCHEDULED_EVENT: "scheduled event",
    EventKind.COMMAND: "command",
    EventKind.COMMAND_DENIED: "blocked command",
}
_VOICE_NOUNS: Mapping[str, str] = {
    EventKind.VOICE: "voice minute",
    EventKind.VOICE_MUTED: "muted voice minute",
    EventKind.VOICE_STREAM: "streaming minute",
    EventKind.VOICE_VIDEO: "video minute",
    EventKind.VOICE_AUDIENCE: "audience minute",
    EventKind.VOICE_AFK: "AFK minute",
}


def format_activity(counts: Mapping[str, int], first: str, last: str) -> str:
    """Format the numbers by kind of event, in seconds for voice, with the first and last hour."""
    return f"- {_format_counts(counts)}, from {first} to {last}"


def format_server(name: str, counts: Mapping[str, int]) -> str:
    """Format the numbers of one server, in a list of servers."""
    return f"- **{name}**: {_format_counts(counts) if counts else 'your name only'}"


def format_more_servers(count: int) -> str:
    """Format how many servers are not in the list."""
    return f"- and {format_count(count, 'more server')}: `/privacy download` has all of them"


def _format_counts(counts: Mapping[str, int]) -> str:
    parts = [format_count(counts[kind], noun) for kind, noun in _NOUNS.items() if kind in counts]
    parts += [format_count(counts[kind] // 60, noun) for kind, noun in _VOICE_NOUNS.items() if kind in counts]
    parts += [format_count(count, kind) for kind, count in counts.items() if kind not in (*_NOUNS, *_VOICE_NOUNS)]
    return format_joined(parts)


def format_name(name: str) -> str:
    """Format the stored display name."""
    return f"- Your name: {name}"


def format_access_requests(count: int) -> str:
    """Format the number of stored requests for access."""
    return f"- {format_count(count, 'request')} for access to commands"


def format_tickets(count: int) -> str:
    """Format the number of tickets that contain the member."""
    return f"- {format_count(count, 'ticket')} that you opened or answered first"


def format_deletion_pending(requested: str) -> str:
    """Format that a deletion is running."""
    return f"Your data is being deleted (requested {requested})."


def format_deletion_done(finished: str) -> str:
    """Format that a deletion is finished."""
    return f"Your data was deleted {finished}."


def format_opted_out(*, everywhere: bool, is_changed: bool) -> str:
    """Format the reply to an opt-out."""
    place = "in all servers" if everywhere else "in this server"
    change = "You are no longer counted" if is_changed else "You were already not counted"
    return (
        f"**{change} as a member {place}.**"
        " What you do from now on counts towards totals only, without your name or ID."
        " What was stored before is kept until you delete it, but no ranking shows it any more."
    )


def format_opted_in(*, everywhere: bool, is_changed: bool, is_out_elsewhere: bool) -> str:
    """Format the reply to an opt-in. `is_out_elsewhere`: the other opt-out, here or everywhere, is still on."""
    place = "in all servers" if everywhere else "in this server"
    if is_out_elsewhere:
        option = "" if everywhere else " everywhere:True"
        other = "in this server" if everywhere else "everywhere"
        return f"You are still opted out {other}: use `/privacy opt-in{option}` to be counted here."
    again = " Rankings show you again, also with what was counted before you opted out." if is_changed else ""
    return f"**You are {'' if is_changed else 'already '}counted as a member {place}.**{again}"


def format_question(*, everywhere: bool) -> str:
    """Format the question before a deletion."""
    place = "all servers" if everywhere else "this server"
    account = " You are also logged out of the dashboard." if everywhere else ""
    return (
        f"**Delete what is stored about you in {place}?** This can't be undone.{account}"
        " Totals of the server are kept, without you. Rules that managers made about you are kept too."
        " Deleting does not end the counting: `/privacy opt-out` does, and it remains in force."
    )


def format_deleted(until: str) -> str:
    """Format that a deletion is finished, and until when activity is still stored without the member."""
    return (
        f"**Your data is deleted.** What you do until {until} is counted without you. After that you are counted"
        " again, as a new member, unless you opted out with `/privacy opt-out`."
    )


def format_deletion_started(until: str) -> str:
    """Format that a deletion has started."""
    return f"**Your data is being deleted.** {SEE_SHOW} What you do until {until} is counted without you."
