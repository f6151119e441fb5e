"""Texts of the account page."""

from herwa_shared.charts.formatting import format_int

LEAD = "Only you see this page."
APPEARANCE = "Appearance and keyboard"
THEME_HINT = "For this browser."
SHORTCUTS_HINT = "Single keys such as G and S. Switch them off if they get in the way of your assistive software."
SESSIONS = "Where you are logged in"
SESSIONS_HINT = "If you don't recognize one, end it and check your Discord account."
THIS_SESSION = "this browser"
UNKNOWN_BROWSER = "Unknown browser"
END, END_OTHERS = "Log out", "Log out everywhere else"
SESSION_ENDED = "Logged out there."


def format_session(used: str, begun: str) -> str:
    """Describe when a session was used and when it began."""
    return f"Last used {used} · logged in {begun} (UTC)"


def format_end_label(browser: str) -> str:
    """Label the button that ends a session."""
    return f"{END}: {browser}"


def format_ended(count: int) -> str:
    """Say how many sessions were ended."""
    return "Logged out in 1 other browser." if count == 1 else f"Logged out in {format_int(count)} other browsers."
