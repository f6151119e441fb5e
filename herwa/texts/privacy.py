"""Texts of `herwa privacy`."""

from datetime import datetime

from herwa.texts.counts import format_count

PRIVACY_HELP = "Erase a user, or delete a server that the bot left."
ERASE_USER_HELP = "Erase a user from one server, or from all of them."
ERASE_USER_EXAMPLE = "Example: herwa privacy erase-user 81384788765712384 --yes"
DELETE_GUILD_HELP = "Delete everything about a server that the bot left, without waiting for 30 days."
DELETE_GUILD_EXAMPLE = "Example: herwa privacy delete-guild 81384788765712384 --dry-run"
LOG_NAME_HELP = "Print under which pseudonym a user is in the logs of this copy, which contain no ids of users."
LOG_NAME_EXAMPLE = "Example: grep $(herwa privacy log-name 81384788765712384) data/logs/api.log"
USER_ARGUMENT = "ID of the user."
GUILD_ARGUMENT = "ID or exact name of the server."
GUILD_OPTION = "Only in this server: its ID or exact name."
YES_OPTION = "Don't ask for a confirmation."
DRY_RUN_OPTION = "Show what would be deleted, and delete nothing."
CANCELLED = "Nothing was deleted."
NOT_LEFT = "the bot is still in it: remove the bot first"


def format_erase_question(user_id: int, guild_name: str | None) -> str:
    """Format the question before a user is erased. `guild_name` is None for all servers."""
    return f"Erase user {user_id} from {guild_name or 'all servers'}? This can't be undone."


def format_erased(user_id: int, guild_name: str | None) -> str:
    """Format that a user is erased from PostgreSQL."""
    place = guild_name or "all servers"
    return f"User {user_id} is erased from {place} in PostgreSQL. The worker erases ClickHouse within a minute."


def format_guild_contents(
    name: str, guild_id: int, left_at: datetime | None, *, members: int, channels: int, audit_entries: int
) -> str:
    """Format what a deletion of a server would delete."""
    state = NOT_LEFT if left_at is None else f"the bot left it on {left_at:%Y-%m-%d %H:%M} UTC"
    counts = (
        f"{format_count(members, 'member')}, {format_count(channels, 'channel')},"
        f" {format_count(audit_entries, 'audit entry', 'audit entries')}"
    )
    return f"{name} ({guild_id}): {counts}, all settings and all activity; {state}."


def format_delete_question(name: str) -> str:
    """Format the question before a server is deleted."""
    return f"Delete everything about {name}? This can't be undone."


def format_guild_deleted(name: str) -> str:
    """Format that a server is deleted from PostgreSQL."""
    return f"{name} is deleted from PostgreSQL, and its API keys ended. The worker deletes ClickHouse within a minute."
