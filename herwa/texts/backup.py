"""Texts of `herwa backup` and `herwa restore`."""

from datetime import datetime
from pathlib import Path

from herwa.texts.counts import format_count

BACKUP_HELP = "Back up both databases to one file, also while Herwa runs. Default: a new file in the data folder."
RESTORE_HELP = "Replace both databases by a backup. Stop Herwa first. The current data is backed up before."
BACKUP_EXAMPLE = "Example: herwa backup /mnt/backups/herwa.zip"
RESTORE_EXAMPLE = "Example: herwa restore /mnt/backups/herwa.zip"
BACKUP_FILE_ARGUMENT = "The file to create."
RESTORE_FILE_ARGUMENT = "A file that `herwa backup` has created."
COPY_RUNNING = "Herwa is running. Stop it, then restore the backup."
BYTES_PER_KIB, BYTES_PER_MIB = 1 << 10, 1 << 20


def format_file_exists(path: Path) -> str:
    """Format that a backup does not overwrite a file."""
    return f"{path} already exists. Choose another file."


def format_backed_up(path: Path, size: int, postgresql_rows: int, clickhouse_rows: int) -> str:
    """Format the result of a backup; `size` is in bytes."""
    rows = _format_rows(postgresql_rows, clickhouse_rows)
    return f"Backed up {rows} to {path} ({_format_size(size)}). It contains keys, so store it safely."


def format_restored(created_at: datetime, postgresql_rows: int, clickhouse_rows: int) -> str:
    """Format the result of a restore; `created_at` is the time of the backup."""
    rows = _format_rows(postgresql_rows, clickhouse_rows)
    return f"Restored {rows} from the backup of {created_at:%Y-%m-%d %H:%M} UTC."


def _format_size(size: int) -> str:
    return f"{size / BYTES_PER_MIB:,.1f} MiB" if size >= BYTES_PER_MIB else f"{size / BYTES_PER_KIB:.0f} KiB"


def _format_rows(postgresql_rows: int, clickhouse_rows: int) -> str:
    return (
        f"{format_count(postgresql_rows, 'row')} of PostgreSQL and {format_count(clickhouse_rows, 'row')} of ClickHouse"
    )
