"""Texts of the API keys page."""

from herwa_shared.charts.formatting import format_int

LEAD = "Keys let your own programs read this server's statistics."
NEW_KEY = "New key"
NAME, NAME_PLACEHOLDER = "Name", "What will use it, e.g. weekly report"
TEST = "test"
KIND = "What it reads"
KINDS = {
    "live": ("This server", "Live key: its statistics as they are."),
    TEST: ("A demo server", "Test key: invented activity, to try a program without real data."),
}
SCOPES = "What it can do"
REQUIRES = "Needs"
EXPIRES = "Expires"
EXPIRIES = {"30": "In 30 days", "90": "In 90 days", "365": "In a year", "": "Never"}
NETWORKS = "Allowed addresses (optional)"
NETWORKS_PLACEHOLDER = "192.0.2.7, 198.51.100.0/24"
NETWORKS_HINT = "Without addresses, the key works from everywhere."
CREATE = "Create key"
COPY_NOW = "Copy the key now. It is not shown again."
COPY, COPIED = "Copy", "Copied"
DONE = "Done"
TRY_IT = "Try it:"
ROTATE, REVOKE = "Rotate", "Revoke"
ROTATE_QUESTION = "Replace this key? You get a new one; the old one keeps working for"
OVERLAPS = {"0": "no longer", "1": "one hour", "24": "a day", "168": "a week"}
REVOKE_QUESTION = "Revoke this key? Programs that use it stop working at once. That can't be undone."
NO_KEYS = "No API keys yet"
NO_KEYS_HINT = "Create a key to read statistics from a script, a bot or a spreadsheet."
DOCUMENTATION = "API documentation"
NEVER_USED = "never used"
ANY_ADDRESS = "any address"
REPLACED, REVOKED, EXPIRED, ENDED = "replaced", "revoked", "expired", "ended: the bot left"
ENDED_KEYS = "Keys that have ended"
SHOW_REQUESTS, HIDE_REQUESTS = "Requests", "Hide requests"
ENDPOINT, REQUESTS, FAILED, AVERAGE = "Endpoint", "Requests", "Refused or failed", "Average"
TIME, RESULT, DURATION = "Time", "Result", "Duration"
LAST_REQUESTS = "Last requests"
NO_REQUESTS = "No requests in the last days."
UNKNOWN_ENDPOINT = "unknown address"
KEY_REVOKED = "Key revoked. It stopped working at once."
MEMBERS_NOT_SHOWN = "This server's settings don't show data about members to you, so your keys can't read it either."
INVALID_CHOICE = "Choose what the key reads, and the expiry, from the list."


def format_allowance(used: int, limit: int | None) -> str:
    """Format how many keys are used and left."""
    if limit is None:
        return f"{format_int(used)} in use, no limit"
    left = max(limit - used, 0)
    return f"{format_int(used)} of {format_int(limit)} in use, {format_int(left)} left"


def format_test_allowance(used: int, limit: int | None) -> str:
    """Format how many test keys are used and left."""
    return f"Test keys: {format_allowance(used, limit)}"


def format_by_endpoint(days: int) -> str:
    """Name the table of endpoints."""
    return f"By endpoint, last {format_int(days)} days"


def format_milliseconds(milliseconds: float) -> str:
    """Format how long a request took."""
    return f"{format_int(round(milliseconds))} ms"


def format_result(status: int, code: str) -> str:
    """Format the status of a response, and the code of its error."""
    return f"{status} {code}" if code else f"{status}"


def format_limit_hint(limit: int) -> str:
    """Say how to get room for another key."""
    keys = "1 key" if limit == 1 else f"{format_int(limit)} keys"
    return f"This server's tier includes {keys}. Revoke one, or run /premium in Discord to see the tiers."


def format_usage(requests: int, errors: int, days: int) -> str:
    """Format the requests of the last days."""
    counted = "1 request" if requests == 1 else f"{format_int(requests)} requests"
    failed = f", {format_int(errors)} refused or failed" if errors else ""
    return f"{counted} in {days} days{failed}"


def format_created(day: str) -> str:
    """Say when a key was created."""
    return f"created {day}"


def format_last_used(time: str) -> str:
    """Say when a key was last used."""
    return f"last used {time}"


def format_expires(time: str) -> str:
    """Say when a key expires."""
    return f"expires {time}"


def format_replaced(time: str) -> str:
    """Say until when a replaced key works."""
    return f"{REPLACED}, works until {time}"


def format_secret_title(name: str) -> str:
    """Name the key whose secret is shown."""
    return f"{name}: your new key"


def format_action_label(action: str, name: str) -> str:
    """Label a button of a key."""
    return f"{action} {name}"
