"""Errors of actions, commands, components, forms and imports."""

from collections.abc import Sequence

PAGE_EXPIRED = "This page has expired. Load it again."
UNKNOWN_ACTION = "Unknown action."
BODY_NOT_JSON = "The body isn't JSON."
BODY_NOT_OBJECT = "The body isn't a JSON object."
CANNOT_WRITE = "You can't write in this channel."
CANNOT_EDIT = "You can only edit your own messages."
CANNOT_DELETE = "You can't delete messages of other members here."
CANNOT_CREATE_THREAD = "You can't create threads here."
CANNOT_USE_COMMANDS = "You can't use commands here."
INVALID_EMOJI = "Invalid emoji."
INVALID_THREAD_NAME = "Give the thread a name of 1 to 100 characters."
THREAD_IN_THREAD = "A thread can't contain another thread."
THREAD_EXISTS = "This message already has a thread."
COMPONENT_MISSING = "This message doesn't have this component."
COMPONENT_DISABLED = "This component is disabled."
NO_OPEN_FORM = "No form is open for this member."
FOREIGN_CONVERSATION = "This conversation belongs to another user."
INVALID_CONTROL_TOKEN = "Send the control token of this copy as 'Authorization: Bearer …'."  # noqa: S105 - a text
HISTORY_INTERRUPTED = "This import isn't running: the local Discord was restarted. Start the import again."
NO_MESSAGE_IDS = "Give at least one message in message_ids."


def format_message_length(max_length: int) -> str:
    """Format the allowed length of a message."""
    return f"Write 1 to {max_length:,} characters."


def format_unknown_command(name: str) -> str:
    """Format that no command has this name."""
    return f"Unknown command {name}. Check that the bot has registered its commands."


def format_hidden_command(name: str) -> str:
    """Format that Discord hides a command from a member."""
    return f"Discord doesn't show {name} to this member."


def format_unknown_subcommand(name: str, subcommand: str) -> str:
    """Format that a command has no such subcommand."""
    return f"{name} doesn't have a subcommand {subcommand}."


def format_subcommand_required(name: str) -> str:
    """Format that a command can only be run with a subcommand."""
    return f"{name} needs a subcommand."


def format_unknown_option(name: str, known: Sequence[str]) -> str:
    """Format that a command has no such option, and which it has."""
    return f"Unknown option {name}. Options: {', '.join(known) or 'none'}."


def format_invalid_option(name: str, choices: Sequence[object]) -> str:
    """Format that an option has a value that is not one of its choices."""
    return f"{name} must be one of {', '.join(map(str, choices))}."


def format_option_required(name: str) -> str:
    """Format that an option is missing."""
    return f"The option {name} is required."


def format_unknown_field(name: str, known: Sequence[str]) -> str:
    """Format that a form has no such field, and which it has."""
    return f"Unknown field {name}. Fields: {', '.join(known)}."


def format_selection_size(name: str, least: int, most: int) -> str:
    """Format how many values can be selected."""
    return f"Choose {least} to {most} values in {name}."


def format_invalid_selection(value: str, allowed: Sequence[str]) -> str:
    """Format that a value can't be selected, and which can."""
    return f"{value} can't be chosen. Values: {', '.join(allowed)}."


def format_field_required(name: str) -> str:
    """Format that a field of a form is empty."""
    return f"{name} must be filled in."


def format_field_length(name: str) -> str:
    """Format that a field of a form has the wrong length."""
    return f"{name} is too short or too long."


def format_unknown_intents(names: Sequence[str]) -> str:
    """Format that intents don't exist."""
    return f"Unknown intents: {', '.join(names)}."


def format_missing_entity(kind: str) -> str:
    """Format that an entity does not exist."""
    return f"This {kind.lower()} doesn't exist."


def format_missing_field(name: str) -> str:
    """Format that a request lacks a field."""
    return f"{name} is missing."


def format_invalid_value(reason: str) -> str:
    """Format that a request has an invalid value."""
    return f"Invalid value: {reason}."


def format_no_history(guild_name: str) -> str:
    """Format that a server has no generated history."""
    return f"{guild_name} isn't a simulated server, so it has no history."


def format_no_bot(guild_name: str) -> str:
    """Format that an import needs a connected bot."""
    return f"No bot is connected to {guild_name}. Start it with `herwa bot`."


def format_bot_lost(guild_name: str) -> str:
    """Format that the bot disconnected during an import."""
    return f"The bot disconnected from {guild_name} and didn't come back. Start it, then import again."


def format_row_values(names: Sequence[str]) -> str:
    """Format which values a row of an import needs."""
    return f"A row needs {len(names)} values: {', '.join(names)}."


def format_impossible_time(time: str) -> str:
    """Format that a message of an import has an impossible time."""
    return f"A message can't have been sent at {time}."


def format_port_in_use(port: int, reason: str) -> str:
    """Format that the local Discord can't listen on its port."""
    return f"The local Discord can't listen on port {port}: {reason}. Check whether it's already running."
