"""Texts of `herwa keys`."""

from collections.abc import Mapping
from datetime import datetime

COLUMNS = ("ID", "Name", "Ends with", "Scopes", "Created", "Last used (UTC)", "Status")
NEVER = "never"
VALID = "valid"
EXPIRED = "expired"
END_REASONS: Mapping[str, str] = {"revoked": "revoked", "bot_left": "bot left"}


def format_valid_until(time: datetime) -> str:
    """Format until when a key is valid, in UTC."""
    return f"valid until {time:%Y-%m-%d %H:%M}"


def format_replaced(successor_id: int) -> str:
    """Format that another key has replaced this one."""
    return f"replaced by {successor_id}"


def format_revoked(key_id: int, name: str, hint: str) -> str:
    """Format that a key is revoked. `hint` is the end of the key."""
    return f'Key {key_id} ("{name}", ends with {hint}) is revoked. Requests with it are refused from now on.'
