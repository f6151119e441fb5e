"""Messages about backups, restores and stores that have lost their data."""

from pathlib import Path

NOT_A_BACKUP = "This file isn't a backup of Herwa, or it's incomplete."
RESTORE_INTERRUPTED = (
    "A restore is running or was interrupted. If none is running, repeat `herwa restore FILE`, then start Herwa again."
)

MOVER_BUSY = "Events are being moved to ClickHouse without a pause. Try again later."


def format_newer_format(version: int) -> str:
    """Format that a newer version of Herwa has written a backup."""
    return f"This backup has format {version}. Restore it with a newer version of Herwa."


def format_damaged_member(name: str) -> str:
    """Format that a part of a backup is damaged."""
    return f"The backup is damaged in {name}. Use another backup."


def format_wrong_row_count(table: str, expected: int, loaded: int) -> str:
    """Format that a table was not restored completely."""
    return f"The backup is damaged: {table} should have {expected:,} rows, but {loaded:,} were restored."


def format_store_empty(store: str, records_path: Path) -> str:
    """Format that a database is empty although it was filled before."""
    return (
        f"{store} is empty, but it had data when this copy ran before. Check its URL, or restore a backup with"
        f" `herwa restore FILE`. To start without the data, delete {records_path}."
    )


def format_backup_created(path: Path) -> str:
    """Format the progress message about an automatic backup."""
    return f"databases backed up to {path}"


def format_pending_batch(reason: str) -> str:
    """Format that a batch of events could not be moved before the backup."""
    return f"some events may be counted twice after a restore of this backup: {reason}"
