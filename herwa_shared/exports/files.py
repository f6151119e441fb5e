"""The files of exports: one folder for each, below `exports` in the data folder.

API and worker need the same folder. Names contain nothing but numbers of rows in PostgreSQL.
"""

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from herwa_shared.config import Settings
from herwa_shared.exports.archive_file import INDEX_NAME, ArchiveFile
from herwa_shared.runtime.data_dir import DataFolder

MIN_FREE_BYTES = 256 << 20
"""What exports leave free on the disk, for the databases."""


class DiskFull(OSError):
    """Exports have used all disk space that they may use."""


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """The files of all exports of a copy."""

    path: Path

    def get_index(self, job_id: int) -> Path:
        """Return the path of the index of a finished file. Without it, the export has no file."""
        return self.path / str(job_id) / INDEX_NAME

    def open_file(self, job_id: int) -> BinaryIO:
        """Open the file of an export for reading. Raises FileNotFoundError if it has none."""
        return io.BufferedReader(ArchiveFile(self.path / str(job_id)))

    def get_part(self, job_id: int, position: int) -> Path:
        """Return the path of a part that is complete."""
        return self.path / str(job_id) / f"part-{position:05}"

    def get_draft(self, job_id: int, lease: UUID) -> Path:
        """Return the path of what the holder of a lease is writing. No other process writes there."""
        return self.path / str(job_id) / f"{lease}.draft"

    def publish_part(self, job_id: int, lease: UUID, position: int) -> None:
        """Make what the holder of a lease has written a part that is complete."""
        self.get_draft(job_id, lease).replace(self.get_part(job_id, position))

    def publish_index(self, job_id: int, lease: UUID) -> None:
        """Make what the holder of a lease has written the index of the file."""
        self.get_draft(job_id, lease).replace(self.get_index(job_id))

    def prepare(self, job_id: int) -> None:
        """Create the folder of an export, readable by its owner only, and delete earlier files."""
        self.delete(job_id)
        (self.path / str(job_id)).mkdir(parents=True, mode=0o700)

    def delete(self, job_id: int) -> None:
        """Delete all files of an export."""
        shutil.rmtree(self.path / str(job_id), ignore_errors=True)

    def delete_drafts(self, job_id: int) -> None:
        """Delete what writers before have left."""
        for pattern in ("*.draft", "*.rows"):
            for path in (self.path / str(job_id)).glob(pattern):
                path.unlink(missing_ok=True)

    def list_ids(self) -> Iterator[int]:
        """List the exports that have a folder."""
        if self.path.exists():
            yield from (int(folder.name) for folder in self.path.iterdir() if folder.name.isdecimal())

    def require_space(self) -> None:
        """Raise DiskFull if less than MIN_FREE_BYTES are free."""
        if shutil.disk_usage(self.path).free < MIN_FREE_BYTES:
            raise DiskFull


def open_export_folder(settings: Settings) -> ExportFolder:
    """Open the folder of exports, readable by its owner only."""
    path = DataFolder(settings.data_dir).path / "exports"
    path.mkdir(exist_ok=True, mode=0o700)
    return ExportFolder(path)
