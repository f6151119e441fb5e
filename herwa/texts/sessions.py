"""Texts of `herwa end-sessions`."""

from herwa.texts.counts import format_count

END_SESSIONS_HELP = "End the log-ins of one user or of all users, at once in every process."
END_SESSIONS_EXAMPLE = "Example: herwa end-sessions 81384788765712384 --yes"
USER_ARGUMENT = "ID of the user; without it, all users."
YES_OPTION = "Don't ask for a confirmation."
CANCELLED = "No log-in was ended."


def format_question(user_id: int | None) -> str:
    """Format the question before log-ins are ended. `user_id` is None for all users."""
    return f"End all log-ins of {_format_users(user_id)}?"


def format_ended(user_id: int | None, count: int) -> str:
    """Format how many log-ins have ended."""
    return f"{format_count(count, 'log-in')} of {_format_users(user_id)} ended."


def _format_users(user_id: int | None) -> str:
    return "all users" if user_id is None else f"user {user_id}"
