"""Constants of Discord's API: bits, types and limits.

Source: Discord's developer documentation. The local Discord uses them too.
"""

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from types import MappingProxyType

_PERMISSION_POSITIONS = {
    "create_instant_invite": 0,
    "kick_members": 1,
    "ban_members": 2,
    "administrator": 3,
    "manage_channels": 4,
    "manage_guild": 5,
    "add_reactions": 6,
    "view_audit_log": 7,
    "priority_speaker": 8,
    "stream": 9,
    "view_channel": 10,
    "send_messages": 11,
    "send_tts_messages": 12,
    "manage_messages": 13,
    "embed_links": 14,
    "attach_files": 15,
    "read_message_history": 16,
    "mention_everyone": 17,
    "use_external_emojis": 18,
    "view_guild_insights": 19,
    "connect": 20,
    "speak": 21,
    "mute_members": 22,
    "deafen_members": 23,
    "move_members": 24,
    "use_voice_activation": 25,
    "change_nickname": 26,
    "manage_nicknames": 27,
    "manage_roles": 28,
    "manage_webhooks": 29,
    "manage_expressions": 30,
    "use_application_commands": 31,
    "request_to_speak": 32,
    "manage_events": 33,
    "manage_threads": 34,
    "create_public_threads": 35,
    "create_private_threads": 36,
    "use_external_stickers": 37,
    "send_messages_in_threads": 38,
    "use_embedded_activities": 39,
    "moderate_members": 40,
    "view_creator_monetization_analytics": 41,
    "use_soundboard": 42,
    "create_expressions": 43,
    "create_events": 44,
    "use_external_sounds": 45,
    "send_voice_messages": 46,
    "set_voice_channel_status": 48,
    "send_polls": 49,
    "use_external_apps": 50,
    "pin_messages": 51,
    "bypass_slowmode": 52,
}
PERMISSIONS: Mapping[str, int] = MappingProxyType(
    {name: 1 << position for name, position in _PERMISSION_POSITIONS.items()}
)
"""Permission bits by name. They are plain numbers, because the operators of an `IntFlag` are slow."""

ADMINISTRATOR = PERMISSIONS["administrator"]
MANAGE_GUILD = PERMISSIONS["manage_guild"]
MANAGE_MESSAGES = PERMISSIONS["manage_messages"]
MANAGE_THREADS = PERMISSIONS["manage_threads"]
READ_MESSAGE_HISTORY = PERMISSIONS["read_message_history"]
SEND_MESSAGES = PERMISSIONS["send_messages"]
SEND_MESSAGES_IN_THREADS = PERMISSIONS["send_messages_in_threads"]
USE_APPLICATION_COMMANDS = PERMISSIONS["use_application_commands"]
VIEW_CHANNEL = PERMISSIONS["view_channel"]
VIEW_GUILD_INSIGHTS = PERMISSIONS["view_guild_insights"]


class ChannelType(IntEnum):
    """Types of channels."""

    TEXT = 0
    DIRECT = 1
    VOICE = 2
    CATEGORY = 4
    NEWS = 5
    NEWS_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13
    FORUM = 15
    MEDIA = 16


FORUM_CHANNEL_TYPES = frozenset((ChannelType.FORUM, ChannelType.MEDIA))
THREAD_CHANNEL_TYPES = frozenset((ChannelType.NEWS_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD))
THREAD_PARENT_TYPES = frozenset((ChannelType.TEXT, ChannelType.NEWS, *FORUM_CHANNEL_TYPES))
"""Types of channels that can have threads."""


class ScheduledEventStatus(IntEnum):
    """The status of a scheduled event."""

    SCHEDULED = 1
    ACTIVE = 2
    COMPLETED = 3
    CANCELED = 4


class OverwriteType(IntEnum):
    """To whom an overwrite of a channel's permissions applies."""

    ROLE = 0
    MEMBER = 1


class MessageType(IntEnum):
    """Types of messages that people or apps write; all others are system messages."""

    DEFAULT = 0
    REPLY = 19
    SLASH_COMMAND = 20
    MENU_COMMAND = 23


USER_MESSAGE_TYPES = frozenset((MessageType.DEFAULT, MessageType.REPLY))
"""Types of messages that people write."""
BOOST_MESSAGE_TYPES = frozenset(range(8, 12))
"""Types of the system message about a boost: the type tells which level the boost has reached, if any."""
THREAD_CREATED_MESSAGE_TYPE = 18
"""Type of the system message about a new public thread that was not started from a recent message."""
JOIN_MESSAGE_TYPE = 7
"""Type of the system message about a member who joined; its author is that member."""
COMMAND_REPLY_MESSAGE_TYPES = frozenset((MessageType.SLASH_COMMAND, MessageType.MENU_COMMAND))
"""Types of the replies of apps to slash commands and to commands in context menus."""


SUPPRESS_EMBEDS_FLAG = 1 << 2
SUPPRESS_JOIN_MESSAGES_FLAG = 1 << 0
"""Bit of a guild's `system_channel_flags`: no join messages."""
EPHEMERAL_FLAG = 1 << 6
LOADING_FLAG = 1 << 7
SUPPRESS_NOTIFICATIONS_FLAG = 1 << 12
COMPONENTS_V2_FLAG = 1 << 15
"""Flags of messages."""


class Intents(IntFlag):
    """Gateway intents; the bits are those of IDENTIFY."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


class ApplicationFlag(IntFlag):
    """Flags of an application: which privileged intents it has; the limited ones below 100 servers."""

    PRESENCES = 1 << 12
    PRESENCES_LIMITED = 1 << 13
    MEMBERS = 1 << 14
    MEMBERS_LIMITED = 1 << 15
    MESSAGE_CONTENT = 1 << 18
    MESSAGE_CONTENT_LIMITED = 1 << 19


class CommandType(IntEnum):
    """Types of application commands."""

    SLASH = 1
    USER_MENU = 2
    MESSAGE_MENU = 3


class OptionType(IntEnum):
    """Types of the options of a slash command."""

    SUBCOMMAND = 1
    SUBCOMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10


SUBCOMMAND_TYPES = frozenset((OptionType.SUBCOMMAND, OptionType.SUBCOMMAND_GROUP))


MAX_MESSAGE_LENGTH = 2000
"""Characters of a message."""
MAX_NAME_LENGTH = 100
"""Characters of the name of a server, a channel, a thread or a user."""
MAX_CHOICES = 25
"""Suggestions for an option of a command."""
MAX_CHOICE_LENGTH = 100
"""Characters of the name and of the value of a suggestion."""
MAX_CUSTOM_ID_LENGTH = 100
"""Characters of the id of a component."""
MAX_SNOWFLAKE = (1 << 63) - 1
"""The largest id that PostgreSQL's BIGINT can store; Discord's ids stay far below it."""
