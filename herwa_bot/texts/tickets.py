"""Texts of `/tickets`."""

DESCRIPTION = "Channels whose threads are support tickets"
LIST_DESCRIPTION = "List support channels"
MARK_DESCRIPTION = "Count new threads of a channel as tickets"
UNMARK_DESCRIPTION = "Stop counting threads of a channel as tickets"
OPTION_CHANNEL = "Text channel or forum"

NO_CHANNELS = "No support channels yet. Add one with `/tickets mark`."
NO_THREADS_HERE = "This kind of channel has no threads. Choose a text channel or a forum."


def format_list_heading(server: str) -> str:
    """Format the heading of the list."""
    return (
        f"**Support channels in {server}**\n-# Each thread or post that members open there is a ticket."
        " The first message by another person is its first response: see `/ticket-stats`."
    )


def format_entry(channel: str) -> str:
    """Format one channel of the list."""
    return f"- {channel}"


def format_result(channel: str, *, is_marked: bool, is_changed: bool) -> str:
    """Format the result of marking or unmarking a channel."""
    if is_marked:
        if not is_changed:
            return f"{channel} is already a support channel."
        return f"{channel} is a support channel now. Threads opened there from now on are tickets."
    if not is_changed:
        return f"{channel} is no support channel."
    return f"{channel} is no support channel any more. Its tickets are kept."
