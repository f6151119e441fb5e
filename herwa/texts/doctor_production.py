"""Texts of the checks of `herwa doctor --production`."""

from collections.abc import Sequence

SUBJECT_CONTACT = "Operator and contact"
SUBJECT_HTTPS = "HTTPS"
SUBJECT_KEYS = "Secret keys"
SUBJECT_BACKUPS = "Backups"

LOCAL_DISCORD = "This copy runs its own local Discord"
USE_DISCORD = "Set DISCORD_TOKEN (docs/operating.md)."
NO_CONTACT = "People can't see who runs this copy and how to report a problem, but Discord requires it"
SET_CONTACT = "Set HERWA_OPERATOR_NAME, and HERWA_CONTACT to an email address or an https:// address."
SET_PUBLIC_URL = "Put a reverse proxy with TLS in front and set HERWA_PUBLIC_URL (docs/operating.md)."
NO_PROXY = "No reverse proxy is declared, so that nothing encrypts connections"
SET_PROXIES = "Set HERWA_TRUSTED_PROXIES to the number of reverse proxies in front of Herwa."
SET_KEYS = "Set both to at least 32 random characters, and keep them apart from the data and its backups."
KEYS_SET = "Set outside of the data folder"
NO_RECENT_BACKUP = "No backup of the last two days is in the data folder"
SCHEDULE_BACKUPS = "Run `herwa backup` every day, and copy the file to another place."
OLD_BACKUPS = "A backup is older than 30 days, by which members are promised to be deleted from backups"
DELETE_OLD_BACKUPS = "Delete backups that are older than 30 days, wherever you keep them."
BACKUPS_RECENT = "The newest is at most two days old, the oldest at most 30"


def format_contact(operator: str, contact: str) -> str:
    """Format who runs this copy and how to reach them."""
    return f"{operator}, {contact}"


def format_not_encrypted(origin: str) -> str:
    """Format that the public address is not encrypted."""
    return f"{origin} isn't an https:// address"


def format_weak_keys(names: Sequence[str]) -> str:
    """Format the keys that are not set or too short."""
    return f"{' and '.join(names)}: not set, or shorter than 32 characters"
