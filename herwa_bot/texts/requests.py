"""Texts of access requests: replies to the member, direct messages to managers and back."""

ALREADY_ALLOWED = "-# You can use it now."
REQUEST_SENT = "-# Request sent."
REQUEST_LISTED = "-# Request sent. Managers see it in `/permissions list`."
ALREADY_REQUESTED = "-# You already asked."
DECISION_BY_DM = "I'll DM you when a manager answers."
DECISION_NOT_SENT = "You switched off my DMs, so try the command again later."


def format_declined_recently(retry_time: str) -> str:
    """Format the reply to a request after a declined one."""
    return f"-# Your last request was declined. You can ask again after {retry_time}."


def format_request_message(member: str, command: str, server: str, channel: str) -> str:
    """Format the direct message to a manager."""
    return (
        f"{member} wants to use `/{command}` in **{server}** (from {channel}).\n"
        "You can change this later with `/permissions`."
    )


def format_posted_request(member: str, command: str, channel: str) -> str:
    """Format the message in the channel that the server chose for requests."""
    return f"{member} wants to use `/{command}` (from {channel})."


def format_request_entry(number: int, member: str, command: str, channel: str, time: str) -> str:
    """Format an open request in the list of `/permissions list`."""
    return f"{number}. {member} wants to use `/{command}` (from {channel}, {time})"


def format_requests_heading(count: int) -> str:
    """Format the heading of the open requests."""
    return f"**Open requests** ({count})"


def format_more_requests(count: int) -> str:
    """Format the number of open requests that are not listed."""
    return f"-# and {count} more. Answer these first."


def format_decision(member: str, command: str, end: str, *, is_notified: bool) -> str:
    """Format the confirmation for the manager. `end` is empty for a declined request.

    `is_notified`: the member has received a direct message about it.
    """
    decision = f"**Allowed:** {member} can use `/{command}` until {end}." if end else "**Declined.**"
    notice = f"{member} got a DM about it." if is_notified else f"{member} doesn't get DMs, so tell them yourself."
    return f"{decision} {notice}"


def format_allowed_message(command: str, server: str, end: str) -> str:
    """Format the direct message to the member about an allowed request."""
    return f"You can use `/{command}` in **{server}** until {end}."


def format_declined_message(command: str, server: str) -> str:
    """Format the direct message to the member about a declined request."""
    return f"Your request for `/{command}` in **{server}** was declined."


def format_managers_only(server: str) -> str:
    """Format the reply to a user who cannot decide requests."""
    return f"Only managers of {server} can answer this."
