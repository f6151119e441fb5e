"""Texts of the checks of `herwa doctor` for encryption at rest and for accounts."""

from pathlib import Path

SUBJECT_ENCRYPTION = "Encryption at rest"
SUBJECT_POSTGRESQL_ACCOUNTS = "PostgreSQL accounts"
SUBJECT_CLICKHOUSE_ACCOUNTS = "ClickHouse accounts"

DEMO_DATA = "Not needed for the local Discord"
CONFIRMED = "Confirmed by HERWA_ENCRYPTED_AT_REST"
OTHER_SERVERS = "The databases are on other servers"
CONFIRM_OTHER_SERVERS = "If their disks are encrypted, set HERWA_ENCRYPTED_AT_REST=true."
ENCRYPT_DISK = (
    "Move the data folder to a LUKS volume (docs/security.md has the commands)."
    " If your provider encrypts the disk, set HERWA_ENCRYPTED_AT_REST=true."
)
CONFIRM_DISK = (
    "If the disk is encrypted, set HERWA_ENCRYPTED_AT_REST=true."
    " Otherwise move the data folder to a LUKS volume (docs/security.md has the commands)."
)
SEPARATE_ACCOUNTS = "Separate"
ONE_POSTGRESQL_ACCOUNT = "One account owns the audit log and writes to it"
ONE_CLICKHOUSE_ACCOUNT = "One account reads and writes"
SET_OWNER_URL = "Set DATABASE_OWNER_URL to the owner, and DATABASE_URL to a second account (docs/security.md)."
SET_WRITER_URL = (
    "Set CLICKHOUSE_WRITER_URL to this account, and CLICKHOUSE_URL to one that only reads (docs/security.md)."
)
DAILY_ACCOUNT_TOO_POWERFUL = "The account of DATABASE_URL can change the audit log"
RESTRICT_DAILY_ACCOUNT = "It must not be a superuser or own the tables. Then run `herwa migrate`."
READER_CAN_WRITE = "The account of CLICKHOUSE_URL can write"
RESTRICT_READER = "Give it the setting readonly = 1 and only the privilege SELECT (docs/security.md)."


def format_encrypted(path: Path) -> str:
    """Format that a folder is on an encrypted volume."""
    return f"{path} is on an encrypted volume"


def format_not_encrypted(path: Path) -> str:
    """Format that a folder is not on an encrypted volume."""
    return f"{path} isn't on an encrypted volume, but Discord requires it"


def format_encryption_unknown(path: Path) -> str:
    """Format that it is unknown whether a folder is encrypted."""
    return f"Can't detect whether {path} is encrypted, but Discord requires it"
