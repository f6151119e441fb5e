"""Names where nothing is known about an ID, and the format of plain names."""

DELETED_ROLE = "a deleted role"
DELETED_CHANNEL = "a deleted channel"
HIDDEN_CHANNEL = "a channel you can't see"
FORMER_MEMBER = "a member who left"
UNKNOWN_MEMBER = "a member"
PRIVATE_CHANNEL = "a private channel"


def format_at(name: str) -> str:
    """Format the name of a role or member."""
    return f"@{name.removeprefix('@')}"


def format_user(name: str, user_name: str) -> str:
    """Format a user by the name in the server and, if it differs, the unique user name."""
    return format_at(name) if name == user_name else f"{format_at(name)} ({user_name})"


def format_channel(name: str) -> str:
    """Format the name of a channel."""
    return f"#{name}"
