"""Texts of `/help`."""

DESCRIPTION = "Commands you can use here"
HEADING = "**Commands you can use here**"
SOME_HIDDEN = "-# Other commands are off or unavailable to you here. Use `/why` to see the reason."


def format_announcement(text: str) -> str:
    """Format an announcement of the operators above the commands."""
    return f"> {text}"


def format_module_heading(title: str) -> str:
    """Format the heading of a module's commands."""
    return f"\n**{title}**"


def format_command(key: str) -> str:
    """Format a slash command as it is typed."""
    return f"`/{key}`"


def format_menu(name: str) -> str:
    """Format a context menu as its path in Discord's menu."""
    return f"Apps > **{name}**"


def format_entry(command: str, title: str) -> str:
    """Format a command with its description."""
    return f"- {command}: {title}"
