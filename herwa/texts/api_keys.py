"""Texts of `herwa keys`."""

COLUMNS = ("ID", "Name", "Ends with", "Created", "Last used (UTC)", "Status")
NEVER = "never"
VALID = "valid"
EXPIRED = "expired"
REVOKED = "revoked"


def format_revoked(key_id: int, name: str, hint: str) -> str:
    """Format that a key is revoked. `hint` is the end of the key."""
    return f'Key {key_id} ("{name}", ends with {hint}) is revoked. Requests with it are refused from now on.'
