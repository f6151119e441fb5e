"""Texts of the page that simulates Discord outages."""

from collections.abc import Mapping

TITLE = "Discord outages"
LEAD = "Simulate Discord outages and check that nothing is lost."
ONCE_PANEL = "Once"
OFTEN_PANEL = "Repeatedly"
INTENTS_PANEL = "Gateway intents"
MEMBERS_PANEL = "Simulated members"
APPLY = "Apply"
TURN_ALL_OFF = "Turn all off"
BACK_TO_SERVERS = "Back to the servers"

ONE_TIME_FAULTS: Mapping[str, tuple[str, str]] = {
    "drop": ("Cut the connection", "Like an unplugged cable. The bot reconnects and resumes."),
    "reconnect": ("Request a reconnect", "Op 7: Discord asks to reconnect. The bot reconnects and resumes."),
    "resumable": ("Invalidate (resumable)", "Op 9: the bot can resume its session."),
    "invalidate": ("Invalidate", "Op 9: the bot starts a new session. Discord doesn't send missed events again."),
}
RECURRING_FAULTS: Mapping[str, tuple[str, str]] = {
    "double": ("Duplicate events", "An event is sent twice. It must count once."),
    "malformed": ("Malformed events", "A broken copy follows an event: fields are missing or have a wrong type."),
    "drop": ("Lost connections", "The connection is cut after an event."),
    "reconnect": ("Reconnect requests", "Op 7 after an event."),
    "invalidate": ("Invalid sessions", "Op 9 after an event."),
    "limit": ("Rate limits", "A request gets 429 and has to wait."),
    "fail": ("Server errors", "A request gets 502, as if Discord were down."),
    "wrong_body": ("Malformed responses", "A request gets 200 with a body that is cut off."),
    "slow": ("Slow responses", "A request takes two seconds longer."),
}
INTENTS: Mapping[str, tuple[str, str]] = {
    "members": ("Server Members", "Joins, leaves and the member list."),
    "presences": ("Presence", "Who is online."),
    "message_content": ("Message Content", "Message text. Herwa never stores it."),
}
INTENTS_HINT = "Changes apply when the bot starts a new session: use Invalidate above."
GATEWAY_FAULTS = "Gateway events"
REST_FAULTS = "REST requests"
OFTEN_HINT = "Affect a share of all events and requests, or only the next ones."
SHARE_COLUMN = "Share"
NEXT_COLUMN = "Next"
NEVER = "never"
ALWAYS = "always"
ACTIVITY = "Simulate activity"
ACTIVITY_DESCRIPTION = "Members write, talk, join and leave."
SPEED = "Speed"
SPEED_DESCRIPTION = "1× is a few events per second over all servers."  # noqa: RUF001

CONNECTED = "connected"
DISCONNECTED = "disconnected"
BOT = "Bot"
NOT_CONNECTED = "not connected"
FAULTS = "Repeated faults"
FAULTS_ON = "on"
FAULTS_OFF = "off"
FAULTS_SO_FAR = "So far"
UNKNOWN_FORM = "Unknown form."


def format_shard(number: int) -> str:
    """Format the name of a shard."""
    return f"Shard {number}"


def format_session(sent: int, acknowledged: int, resumes: int) -> str:
    """Format the counters of a gateway session."""
    events = "1 event" if sent == 1 else f"{sent:,} events"
    times = "once" if resumes == 1 else f"{resumes:,} times"
    return f"{events} sent, {acknowledged:,} acknowledged, resumed {times}"


def format_fault_count(title: str, count: int) -> str:
    """Format how often a fault occurred."""
    return f"{title.lower()} {count:,}"


def format_share(percent: int) -> str:
    """Format the share of events or requests with a fault."""
    return {0: NEVER, 100: ALWAYS}.get(percent, f"{percent}%")


def format_share_label(title: str) -> str:
    """Format the name of the share field of a fault."""
    return f"{title}: share"


def format_next_label(title: str) -> str:
    """Format the name of the field for the next events or requests."""
    return f"{title}: next"


def format_speed(factor: float) -> str:
    """Format the speed of the simulated members."""
    return f"{factor:g}×"  # noqa: RUF001
