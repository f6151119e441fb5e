"""Labels of buttons, and replies to presses that a button does not accept."""

from collections.abc import Sequence

UNDO = "Undo"
CANCEL = "Cancel"
PREVIOUS_PAGE = "Previous"
NEXT_PAGE = "Next"
ASK_FOR_ACCESS = "Ask for access"
ALLOW_REQUEST = "Allow for 24 hours"
DECLINE_REQUEST = "Decline"
SAVE_RULE = "Save rule"
DELETE_RULE = "Delete rule"
LIMIT_TO_CHANNEL = "Limit to this channel"
COMPARE = "Compare"
STOP_MESSAGES = "Stop direct messages"
RESUME_MESSAGES = "Switch them on again"
OPEN_DASHBOARD = "Open dashboard"

EXPIRED = "These buttons have expired. Run the command again."
WRONG_USER = "Run the command yourself to use these buttons."
UNDO_EXPIRED = "Undo expired after 10 minutes. Reverse it with a new command."


def format_undone(reply: str, results: Sequence[str]) -> str:
    """Append the results of an undo to the reply about the change."""
    return f"{reply}\n\n**Undone.** {' '.join(results)}"


def format_days(days: int) -> str:
    """Format the label of the button for a number of days."""
    return f"{days}d"


def format_numbered(number: int, label: str) -> str:
    """Format the label of a button for one entry of a numbered list."""
    return f"{number}: {label}"


def format_only(subject: str) -> str:
    """Format the label of the button that allows only this subject."""
    return f"Only {subject}"


def format_turn_off(name: str) -> str:
    """Format the label of the button that turns off a module."""
    return f"Turn off {name}"
