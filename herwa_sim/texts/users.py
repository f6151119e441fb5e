"""Texts of the user choice: personas, search, memberships, and the page of a user without servers."""

CHOOSE_USER = "Choose a user"
CHOOSE_USER_LEAD = "You act as this user: write messages, join voice channels, run commands."
CONTINUE = "Continue"
USER_GROUP = "User"
OTHER_USERS = "Other users"
SEARCH_PLACEHOLDER = "Search by name"
SEARCH_LABEL = "Search users"
OPERATOR_OF_HERWA = "Operator of this Herwa"
IN_NO_SERVER = "Not in any server"
OWNS = "Owns"
MANAGES = "Manages"
MEMBER_OF = "Member of"
NO_SERVERS_TITLE = "No servers"
NO_SERVERS_LEAD = "Choose another user. A new local Discord needs a moment to create its servers."
CHOOSE_ANOTHER_USER = "Choose another user"
OPEN_HERWA = "Open Herwa"
CHOOSE_USER_FIRST = "Choose a user first."
FORM_EXPIRED = "This page has expired. Go back and try again."


def format_no_match(query: str) -> str:
    """Format that no user matches the search."""
    return f'No users match "{query}".'


def format_membership(verb: str, guilds: str) -> str:
    """Format which servers a user owns, manages or belongs to."""
    return f"{verb} {guilds}"


def format_without_bot(guild_name: str) -> str:
    """Format the name of a server that the bot is not in."""
    return f"{guild_name} (without the bot)"


def format_more(names: str, count: int) -> str:
    """Format a list of names and the number of omitted ones."""
    return f"{names} and {count:,} more" if count else names


def format_in_no_server(name: str) -> str:
    """Format the heading of a user without servers."""
    return f"{name} isn't in any server"
