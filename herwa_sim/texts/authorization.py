"""Texts of the authorization pages (OAuth2): consent, adding the bot, invalid requests."""

from collections.abc import Mapping, Sequence

SCOPE_DESCRIPTIONS: Mapping[str, str] = {
    "identify": "See your name and avatar",
    "guilds": "See your servers and your permissions there",
    "guilds.members.read": "See your roles in those servers",
    "bot": "Add its bot to a server",
    "applications.commands": "Create commands in a server",
}
WANTS_ACCESS = " wants to access your account."
AUTHORIZE = "Authorize"
CONTINUE = "Continue"
CANCEL = "Cancel"
SWITCH_USER = "Switch"
SERVER_GROUP = "Server"
NO_SERVER_TO_ADD = "You don't manage any server without the bot."
DONE_TITLE = "Done"
DONE_LEAD = "Statistics start now. Open the dashboard to see them."
OPEN_HERWA = "Open Herwa"
SIMULATION_HINT = "A simulated Discord for trying Herwa. No password needed."
CHOOSE_USER_FIRST = "Choose a user first."
CANNOT_ADD_BOT = "You can't add a bot to this server, or it's already there."
UNKNOWN_CLIENT = "Unknown application: client_id doesn't belong to this local Discord."
INVALID_REDIRECT = "Invalid redirect_uri: it must match a registered one exactly."
INVALID_RESPONSE_TYPE = "Invalid response_type: only 'code' is supported."
INVALID_CHALLENGE_METHOD = "Invalid code_challenge_method: only S256 is supported."


def format_consent_title(application: str) -> str:
    """Format the heading of the consent page."""
    return f"{application} wants to access your account"


def format_scopes_title(application: str) -> str:
    """Format the line above the scopes."""
    return f"{application} can:"


def format_add_bot_title(application: str) -> str:
    """Format the heading of the server choice."""
    return f"Add {application} to a server"


def format_bot_added(application: str, guild_name: str) -> str:
    """Format the heading after the bot was added."""
    return f"{application} is now in {guild_name}"


def format_member_count(count: int) -> str:
    """Format the number of members of a server."""
    return "1 member" if count == 1 else f"{count:,} members"


def format_invalid_scope(unknown: Sequence[str]) -> str:
    """Format that a scope is unknown, or that none was given."""
    return f"Invalid scope: {unknown[0] if unknown else 'none given'}."
