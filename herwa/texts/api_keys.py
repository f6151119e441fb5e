"""Texts of `herwa keys`."""

from collections.abc import Mapping
from datetime import datetime

from herwa.texts.counts import format_count

COLUMNS = ("ID", "Name", "Ends with", "Kind", "Scopes", "Created", "Last used (UTC)", "Status")
NEVER = "never"
LIVE, TEST = "live", "test"
STATES: Mapping[str, str] = {
    "valid": "valid",
    "expired": "expired",
    "replaced": "replaced",
    "revoked": "revoked",
    "bot_left": "bot left",
    "leaked": "reported as leaked",
}
USAGE_COLUMNS = ("Date (UTC)", "Endpoint", "Requests", "Errors", "Average ms")
ERROR_COLUMNS = ("Status", "Code", "Endpoint", "Requests", "Last date")
REQUEST_COLUMNS = ("Time (UTC)", "Endpoint", "Status", "Code", "ms", "Request id")
NO_ENDPOINT = "(no endpoint)"
ERRORS_HEADING = "\nErrors"
LAST_REQUESTS_HEADING = "\nLast requests"


def format_valid_until(time: datetime) -> str:
    """Format until when a key is valid, in UTC."""
    return f"valid until {time:%Y-%m-%d %H:%M}"


def format_replaced(successor_id: int) -> str:
    """Format that another key has replaced this one."""
    return f"replaced by {successor_id}"


def format_revoked(key_id: int, name: str, hint: str) -> str:
    """Format that a key is revoked. `hint` is the end of the key."""
    return f'Key {key_id} ("{name}", ends with {hint}) is revoked. Requests with it are refused from now on.'


def format_usage(requests: int, first_day: str, last_day: str) -> str:
    """Format how many requests were made with a key."""
    return f"{format_count(requests, 'request')} from {first_day} to {last_day}"
