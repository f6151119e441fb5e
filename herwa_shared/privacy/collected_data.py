"""What Herwa collects, why, and through which of Discord's gateway intents: declared once.

The bot requests exactly these intents, and the pages `/privacy`, `/data` and docs/compliance.md repeat these tables. A
test compares them with the kinds of events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from herwa_shared.pipeline.events import EventKind


class GatewayIntent(StrEnum):
    """An intent that the bot requests. The values are the names of discord.py."""

    GUILDS = "guilds"
    MESSAGES = "guild_messages"
    REACTIONS = "guild_reactions"
    VOICE_STATES = "voice_states"
    SCHEDULED_EVENTS = "guild_scheduled_events"
    MEMBERS = "members"
    MESSAGE_CONTENT = "message_content"


@dataclass(frozen=True, slots=True)
class IntentSpec:
    """Declaration of an intent: what it is for, and what works without it, in sentences for people.

    Discord grants privileged intents on request. `is_optional`: requested only with HERWA_MESSAGE_CONTENT.
    """

    intent: GatewayIntent
    title: str
    purpose: str
    without: str
    is_privileged: bool = False
    is_optional: bool = False


INTENTS: Mapping[GatewayIntent, IntentSpec] = MappingProxyType(
    {
        spec.intent: spec
        for spec in (
            IntentSpec(
                GatewayIntent.GUILDS,
                "Guilds",
                "Names of servers, channels, roles and threads; when a thread is opened",
                "Nothing works without it.",
            ),
            IntentSpec(
                GatewayIntent.MESSAGES,
                "Guild Messages",
                "Count messages, edits, deletions and boosts; who opened a ticket and who answered first; joins from"
                " join messages, if Discord does not grant Server Members",
                "Messages, active members and tickets are not counted. Voice, reactions and joins are.",
            ),
            IntentSpec(
                GatewayIntent.REACTIONS,
                "Guild Message Reactions",
                "Count reactions",
                "Reactions are not counted. Everything else is.",
            ),
            IntentSpec(
                GatewayIntent.VOICE_STATES,
                "Guild Voice States",
                "Count how long members are in voice channels, and how long muted, streaming or with video",
                "Voice is not counted. Everything else is.",
            ),
            IntentSpec(
                GatewayIntent.SCHEDULED_EVENTS,
                "Guild Scheduled Events",
                "Count scheduled events: planned, started, ended, canceled",
                "Scheduled events are not counted. Everything else is.",
            ),
            IntentSpec(
                GatewayIntent.MEMBERS,
                "Server Members",
                "Count joins and leaves and how long members had been there; estimate growth from before the bot was"
                " added",
                "Messages, voice, reactions, active members and the number of members are counted, because Discord"
                " sends the author with each event. Joins are counted where a server has switched on join messages in"
                " a channel that the bot can view, else they are shown as a gap. Leaves are shown as a gap.",
                is_privileged=True,
            ),
            IntentSpec(
                GatewayIntent.MESSAGE_CONTENT,
                "Message Content",
                "Count the characters and the attachments of each message, in memory. The text itself is never"
                " stored. Requested only if the operator has switched it on",
                "Lengths and numbers of attachments are unknown. Everything else works.",
                is_privileged=True,
                is_optional=True,
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class CollectedData:
    """Data that is collected, as people read it: what, what for, and where it comes from.

    `source` is a gateway intent, or a text for data that no intent brings. `kinds` are the kinds of events that contain
    it.
    """

    data: str
    purpose: str
    source: GatewayIntent | str
    kinds: tuple[EventKind, ...] = ()

    @property
    def source_title(self) -> str:
        """Where the data comes from, for people."""
        return INTENTS[self.source].title if isinstance(self.source, GatewayIntent) else self.source


COLLECTED_DATA = (
    CollectedData(
        "That you wrote a message: time, channel, thread, whether it is a reply",
        "Message charts, active members, busiest hours and channels",
        GatewayIntent.MESSAGES,
        (EventKind.MESSAGE, EventKind.MESSAGE_BOT, EventKind.MESSAGE_WEBHOOK),
    ),
    CollectedData(
        "How long a message is, and how many attachments it has: two numbers",
        "Average length of messages",
        GatewayIntent.MESSAGE_CONTENT,
    ),
    CollectedData(
        "That a message was edited or deleted: time and channel",
        "Numbers of edits and deletions",
        GatewayIntent.MESSAGES,
        (EventKind.MESSAGE_EDIT, EventKind.MESSAGE_DELETE),
    ),
    CollectedData(
        "That you reacted to a message: time and channel, not to whose message and not with which emoji",
        "Number of reactions",
        GatewayIntent.REACTIONS,
        (EventKind.REACTION,),
    ),
    CollectedData(
        "That you opened a thread: time and channel. In support channels, who answered first and when",
        "Threads, tickets, time to the first response",
        GatewayIntent.GUILDS,
        (EventKind.THREAD,),
    ),
    CollectedData(
        "How long you were in a voice channel, and how long muted, streaming, with video, in an audience or AFK."
        " Nothing is recorded or listened to",
        "Voice minutes and active members in voice",
        GatewayIntent.VOICE_STATES,
        (
            EventKind.VOICE,
            EventKind.VOICE_MUTED,
            EventKind.VOICE_STREAM,
            EventKind.VOICE_VIDEO,
            EventKind.VOICE_AUDIENCE,
            EventKind.VOICE_AFK,
        ),
    ),
    CollectedData(
        "When you joined and left, and how long you had been there. Without the intent, only when you joined, from"
        " Discord's join messages",
        "Growth, how long members stay",
        GatewayIntent.MEMBERS,
        (EventKind.JOIN, EventKind.LEAVE),
    ),
    CollectedData(
        "That you boosted the server, and when", "Number of boosts", GatewayIntent.MESSAGES, (EventKind.BOOST,)
    ),
    CollectedData(
        "Scheduled events of the server: planned, started, ended, canceled",
        "Number of events",
        GatewayIntent.SCHEDULED_EVENTS,
        (
            EventKind.SCHEDULED_EVENT,
            EventKind.SCHEDULED_EVENT_START,
            EventKind.SCHEDULED_EVENT_END,
            EventKind.SCHEDULED_EVENT_CANCEL,
        ),
    ),
    CollectedData(
        "How many members the server has, and how many are online: two numbers. Never who is online",
        "Number of members, members online",
        "Discord's list of the bot's servers",
        (EventKind.MEMBER_COUNT, EventKind.ONLINE_COUNT),
    ),
    CollectedData(
        "Which command of this bot you used, where, how long it took, and why it was refused if it was",
        "Used and refused commands",
        "Commands that you use",
        (EventKind.COMMAND, EventKind.COMMAND_DENIED),
    ),
    CollectedData(
        "Your name in the server and whether you are a bot, from your messages, joins and voice",
        "Names in rankings, for members who may see them",
        GatewayIntent.MESSAGES,
    ),
    CollectedData(
        "If you log in here: your name and picture, your servers with your permissions and roles, your browser",
        "Show you the servers that you manage, and your sessions",
        "Log-in with Discord",
    ),
)

NEVER_COLLECTED = (
    "what you write, in any channel or direct message, also not as a hash",
    "what is said in voice channels",
    "whether you are online, what you play or listen to, your status and your profile",
    "who talks to whom, scores of people, guesses about age, health, religion, politics or origin",
    "your address on the internet, beyond the moment of a request",
)
