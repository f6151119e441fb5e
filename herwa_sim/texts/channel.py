"""Texts of the channel page: servers, channels, messages, composer, dialogs, direct messages."""

from collections.abc import Mapping

SERVERS = "Servers"
CHANNELS = "Channels"
SERVERS_AND_CHANNELS = "Servers and channels"
SIMULATE_OUTAGES = "Simulate outages"
DIRECT_MESSAGES = "Direct messages"
NEW_POST_BUTTON = "+ Post"
NEW_THREAD_BUTTON = "+ Thread"
COMMANDS = "Commands"
SEND = "Send"
CHOOSE_POST = "Choose a post in the channel list, or create one."
RUN = "Run"
OPTIONAL = " optional"
NO_COMMANDS = "No commands here yet. Check that the bot is running and in this server."
TRUE_OPTION = "True"
FALSE_OPTION = "False"

# Messages
APP_BADGE = "APP"
EDITED = "(edited)"
USED = " used "
JOINED_SERVER = "joined the server."
OLDER_MESSAGE = "An older message"
DELETED_USER = "Deleted user"
UNKNOWN_USER = "unknown-user"
ONLY_YOU = "Only you can see this · "
DISMISS = "Dismiss message"
REPLY = "Reply"
CREATE_THREAD = "Create thread"
EDIT = "Edit"
DELETE = "Delete"
CANCEL = "Cancel"
SUBMIT = "Submit"
UNKNOWN_SKU = "Unknown SKU"
MAKE_SELECTION = "Make a selection"

# User panel and voice
STATUSES: Mapping[str, str] = {"online": "Online", "idle": "Idle", "dnd": "Do not disturb", "offline": "Offline"}
STATUS_LABEL = "Status"
SWITCH_USER = "Switch"
SWITCH_USER_TITLE = "Choose another user"
MUTE = "Mute"
DEAFEN = "Deafen"
STREAM = "Stream"
VIDEO = "Video"
LEAVE = "Leave"
VOICE_CONNECTED = "Voice connected"
LIVE = "LIVE"
LIVE_TITLE = "Live"
MUTED = "Muted"
DEAFENED = "Deafened"

# Texts that the page's script shows
SCRIPT_TEXTS: Mapping[str, str] = {
    "unreachable": "The local Discord doesn't respond. Check that it is running.",
    "reconnecting": "Connection lost. Reconnecting …",
    "unanswered": "The application did not respond.",
    "unknownCommand": "No command matches.",
    "cancelHint": "Esc to cancel",
    "replyingTo": "Replying to",
    "editing": "Editing your message",
    "newPost": "New post",
    "newThread": "New thread",
    "name": "Name",
    "firstMessage": "First message",
    "cancel": CANCEL,
    "create": "Create",
}

# Errors
ERROR_TITLE = "Something went wrong"
BACK_TO_HERWA = "Back to Herwa"
LOCAL_HOST_ONLY = "Open the local Discord as localhost or 127.0.0.1."
CHANNEL_NOT_FOUND = "Channel not found, or you can't see it."


def format_page_title(channel_name: str, guild_name: str) -> str:
    """Format the title of the page."""
    return f"{channel_name} in {guild_name}"


def format_message_placeholder(channel_name: str) -> str:
    """Format the placeholder of the message box."""
    return f"Message {channel_name}"


def format_cannot_write(name: str) -> str:
    """Format the note in place of the message box."""
    return f"{name} can't write in this channel."


def format_bot_missing(bot_name: str) -> str:
    """Format the note in a server without the bot; a link to add it follows."""
    return f"{bot_name} isn't in this server yet. "


def format_add_bot(bot_name: str) -> str:
    """Format the link that adds the bot."""
    return f"Add {bot_name}"


def format_join_voice(channel_name: str) -> str:
    """Format the tooltip of a voice channel."""
    return f"Join {channel_name}"


def format_direct_messages(unread: int) -> str:
    """Format the link to the direct messages."""
    return f"{DIRECT_MESSAGES}, {unread:,} unread" if unread else DIRECT_MESSAGES


def format_allow_direct_messages(bot_name: str) -> str:
    """Format the switch that lets the bot send direct messages."""
    return f"Allow direct messages from {bot_name}"


def format_no_messages(channel_name: str) -> str:
    """Format the note in a channel without messages."""
    return f"No messages in #{channel_name} yet."


def format_no_direct_messages(name: str) -> str:
    """Format the note in a conversation without messages."""
    return f"No messages from {name} yet."


def format_thinking(bot_name: str) -> str:
    """Format the placeholder of a deferred response."""
    return f"{bot_name} is thinking"


def format_generated_text(length: int) -> str:
    """Format the description of a message with generated text."""
    return f"Generated text, {format_length(length)}"


def format_length(length: int) -> str:
    """Format the length of a message."""
    return "1 character" if length == 1 else f"{length:,} characters"


def format_react_with(emoji: str) -> str:
    """Format the name of a reaction button."""
    return f"React with {emoji}"


def format_unknown_component(kind: int) -> str:
    """Format the placeholder of a component that the page does not support."""
    return f"Component type {kind} can't be shown here."
