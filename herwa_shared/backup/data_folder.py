"""The parts of the data folder that belong to a backup: keys that the data needs, and the digests of the audit log."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from herwa_shared.backup.archive import SECRETS_NAME
from herwa_shared.runtime.data_dir import DataFolder

ANCHORS_FOLDER = "audit"
BACKUPS_FOLDER = "backups"
KEPT_BACKUPS = 3
SECRET_NAMES = ("api_key_pepper", "token_key", "audit_key")
"""Hashes API keys, encrypts log-ins, authenticates audit entries. Passwords of the engines are not part of the data."""


def format_secrets(folder: DataFolder) -> str:
    """Format the keys of the data folder as JSON. Keys from the environment are not in it."""
    known_secrets = folder.read_secrets()
    return json.dumps({name: known_secrets[name] for name in SECRET_NAMES if name in known_secrets})


def restore_secrets(folder: DataFolder, archive: zipfile.ZipFile) -> None:
    """Replace the keys of the data folder by those of the backup."""
    folder.update_secrets(json.loads(archive.read(SECRETS_NAME)))


def list_anchor_files(folder: DataFolder) -> list[Path]:
    """List the files with digests of the audit log."""
    return sorted((folder.path / ANCHORS_FOLDER).glob("*.jsonl"))


def restore_anchors(folder: DataFolder, archive: zipfile.ZipFile, *, now: datetime) -> None:
    """Replace the digests of the audit log by those of the backup.

    The newer ones do not fit the restored audit log. They are kept in `audit/before-restore-…`.
    """
    old_files = list_anchor_files(folder)
    if old_files:
        kept_dir = folder.path / ANCHORS_FOLDER / f"before-restore-{now:%Y%m%d-%H%M%S}"
        kept_dir.mkdir(mode=0o700, exist_ok=True)
        for path in old_files:
            path.rename(kept_dir / path.name)
    for name in archive.namelist():
        if name.startswith(f"{ANCHORS_FOLDER}/"):
            path = folder.path / ANCHORS_FOLDER / Path(name).name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(archive.read(name))


def build_backup_path(folder: DataFolder, kind: str, *, now: datetime) -> Path:
    """Build the path of a backup in the data folder. `kind` is the reason, such as `before-migration`."""
    return folder.path / BACKUPS_FOLDER / f"{kind}-{now:%Y%m%d-%H%M%S}.zip"


def list_backup_times(folder: DataFolder) -> list[datetime]:
    """List when the backups in the data folder were written, of every kind."""
    files = (folder.path / BACKUPS_FOLDER).glob("*.zip")
    return [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in files]


def delete_old_backups(folder: DataFolder, kind: str) -> None:
    """Delete automatic backups of this kind, except the newest ones."""
    for path in sorted((folder.path / BACKUPS_FOLDER).glob(f"{kind}-*.zip"))[:-KEPT_BACKUPS]:
        path.unlink(missing_ok=True)
