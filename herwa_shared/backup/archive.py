"""The file of a backup: a ZIP archive whose last member, the manifest, marks it as complete.

It appears under its name only when it is complete. Only its owner can read it.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from herwa_shared.backup import texts
from herwa_shared.errors import HerwaError

FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
SECRETS_NAME = "secrets.json"
_COMPRESSION_LEVEL = 1


class BadBackup(HerwaError):
    """A file is not a backup, is damaged, or was written by a newer version."""

    code = "bad_backup"
    status = 400


@dataclass(frozen=True, slots=True)
class TableDump:
    """A dumped table: its columns in the order of the dump, and its number of rows."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class SequenceValue:
    """The state of a PostgreSQL sequence."""

    last_value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup contains. Revisions are those of the schemas, None for an empty database.

    `has_pending_batch` means that ClickHouse may already contain some events that are also in the buffer.
    """

    created_at: str
    postgresql_revision: str | None
    postgresql_tables: Mapping[str, TableDump]
    postgresql_sequences: Mapping[str, SequenceValue]
    has_pending_batch: bool
    clickhouse_revision: int | None
    clickhouse_tables: Mapping[str, TableDump]

    def to_json(self) -> str:
        """Serialize for the archive."""
        return json.dumps({"format": FORMAT_VERSION, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Parse a manifest. Raises BadBackup."""
        fields: dict[str, Any] = json.loads(text)
        if (version := fields.pop("format")) > FORMAT_VERSION:
            raise BadBackup(texts.format_newer_format(version))
        for name in ("postgresql_tables", "clickhouse_tables"):
            fields[name] = {key: TableDump(tuple(dump["columns"]), dump["rows"]) for key, dump in fields[name].items()}
        fields["postgresql_sequences"] = {
            key: SequenceValue(**value) for key, value in fields["postgresql_sequences"].items()
        }
        return cls(**fields)


@contextmanager
def create_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Create an archive; it gets its name when the block has ended without an error."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temp_path = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temp_path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        temp_path.replace(path)
    finally:
        temp_path.unlink(missing_ok=True)


def open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member of any size for writing."""
    return archive.open(name, "w", force_zip64=True)


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Open a backup and check all of it. Raises BadBackup."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise BadBackup(texts.NOT_A_BACKUP) from None
    with archive:
        try:
            manifest = Manifest.from_json(archive.read(MANIFEST_NAME))
            damaged_member = archive.testzip()
        except (KeyError, ValueError, TypeError, EOFError, zlib.error, zipfile.BadZipFile):
            raise BadBackup(texts.NOT_A_BACKUP) from None
        if damaged_member is not None:
            raise BadBackup(texts.format_damaged_member(damaged_member))
        yield archive, manifest
