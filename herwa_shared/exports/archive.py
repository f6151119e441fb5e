"""The file of an export: an uncompressed ZIP64 file with README, schema, checksums and one member for each part.

Times of members are fixed, so that equal parts give equal files.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, BinaryIO

from herwa_shared.exports import texts
from herwa_shared.exports.tables import NAME_LISTS, SCHEMA_VERSION, TABLES, ExportFormat, ExportTable, TableSource
from herwa_shared.models import ExportJob, ExportPart

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
COPY_BYTES = 4 << 20
FILE_MODE = 0o100644 << 16
README_NAME, SCHEMA_NAME, CHECKSUMS_NAME = "README.txt", "schema.json", "SHA256SUMS"


class PartDamaged(RuntimeError):
    """A part on the disk is not the one that was written, for example after a power failure."""


def write_archive(path: Path, job: ExportJob, parts: Sequence[ExportPart], part_paths: Mapping[int, Path]) -> bytes:
    """Write the file of an export from its parts, by their positions, and synchronize it with the disk.

    Called in a thread. Returns the digest of its content, of which the bytes of the file are a function. Raises
    PartDamaged.
    """
    members = {
        README_NAME: texts.build_readme(job, parts),
        SCHEMA_NAME: json.dumps(build_schema(job, parts), indent=2) + "\n",
        CHECKSUMS_NAME: "".join(f"{(part.digest or b'').hex()}  {part.name}\n" for part in parts),
    }
    with path.open("wb") as file:
        _write_members(file, members, parts, part_paths)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(json.dumps(members).encode()).digest()


def _write_members(
    file: BinaryIO, members: Mapping[str, str], parts: Sequence[ExportPart], part_paths: Mapping[int, Path]
) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, text in members.items():
            _add_text(archive, name, text)
        for part in parts:
            with part_paths[part.position].open("rb") as source, _open_member(archive, part.name) as member:
                _copy_part(part, source, member)


def _copy_part(part: ExportPart, source: BinaryIO, member: IO[bytes]) -> None:
    """Copy a part and compare its digest, which a thread computes meanwhile: both release the GIL."""
    digest = hashlib.sha256()
    with ThreadPoolExecutor(1) as hasher:
        while block := source.read(COPY_BYTES):
            hashing = hasher.submit(digest.update, block)
            member.write(block)
            hashing.result()
    if digest.digest() != part.digest:
        raise PartDamaged(part.name)


def build_schema(job: ExportJob, parts: Sequence[ExportPart]) -> dict[str, Any]:
    """Build the content of `schema.json`: tables with their columns, and the files of each with their rows."""
    return {
        "version": SCHEMA_VERSION,
        "guild_id": str(job.guild_id),
        "format": job.format,
        "from": job.from_at.isoformat(),
        "to": job.to_at.isoformat(),
        "precise_from": job.border_at.isoformat(),
        "channel_id": str(job.channel_id) if job.channel_id else None,
        "with_members": job.with_members,
        "with_pseudonyms": job.with_pseudonyms,
        "created_at": job.created_at.isoformat(),
        "tables": {
            key: _describe_table(job, TABLES[key], [part for part in parts if part.table == key])
            for key in dict.fromkeys(part.table for part in parts)
        },
    }


def get_extension(table: ExportTable, export_format: ExportFormat) -> str:
    """Return the extension of a table's files. Lists of names are JSON lines instead of Parquet."""
    if table.source in NAME_LISTS and export_format is ExportFormat.PARQUET:
        return ExportFormat.JSON_LINES.value
    return export_format.value


def _describe_table(job: ExportJob, table: ExportTable, parts: list[ExportPart]) -> dict[str, Any]:
    return {
        "columns": [
            {"name": column.name, "type": column.type.value, "meaning": column.meaning}
            for column in table.list_columns(with_members=job.with_members)
        ],
        "kinds": [kind.value for kind in table.kinds],
        "precise": table.source is TableSource.EVENTS,
        "files": [
            {
                "name": part.name,
                "from": part.from_at.isoformat(),
                "to": part.to_at.isoformat(),
                "rows": part.rows,
                "sha256": (part.digest or b"").hex(),
            }
            for part in parts
        ],
    }


def _add_text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    with _open_member(archive, name) as member:
        member.write(text.encode())


def _open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, FIXED_TIME)
    info.external_attr = FILE_MODE
    info.create_system = 3
    return archive.open(info, "w", force_zip64=True)
