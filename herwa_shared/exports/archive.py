"""The file of an export: an uncompressed ZIP64 file with README, schema, checksums and one member for each part."""

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from herwa_shared.exports import texts
from herwa_shared.exports.archive_file import ArchivePiece
from herwa_shared.exports.checksums import compute_crc
from herwa_shared.exports.tables import NAME_LISTS, SCHEMA_VERSION, TABLES, ExportFormat, ExportTable, TableSource
from herwa_shared.exports.zip_format import ZipMember, build_directory, build_local_header
from herwa_shared.models import ExportJob, ExportPart

README_NAME, SCHEMA_NAME, CHECKSUMS_NAME = "README.txt", "schema.json", "SHA256SUMS"


class PartDamaged(RuntimeError):
    """A part on the disk is not the one that was written, for example after a power failure."""


def build_archive(
    job: ExportJob, parts: Sequence[ExportPart], part_paths: Mapping[int, Path]
) -> tuple[list[ArchivePiece], bytes]:
    """Build the file of an export from its parts, by their positions. The parts are not copied, see `ArchiveFile`.

    Called in a thread: all parts are synchronized with the disk and compared with their CRC-32. Returns the pieces of
    the file and the digest of its content, of which the bytes of the file are a function. Raises PartDamaged.
    """
    members = {
        README_NAME: texts.build_readme(job, parts),
        SCHEMA_NAME: json.dumps(build_schema(job, parts), indent=2) + "\n",
        CHECKSUMS_NAME: "".join(f"{(part.digest or b'').hex()}  {part.name}\n" for part in parts),
    }
    for part in parts:
        _check_part(part, part_paths[part.position])
    contents = [*_list_texts(members), *_list_parts(parts, part_paths)]
    return list(_list_pieces(contents)), hashlib.sha256(json.dumps(members).encode()).digest()


def _check_part(part: ExportPart, path: Path) -> None:
    """Synchronize a part with the disk. Raises PartDamaged if it is missing or another one than that was written."""
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        is_intact = path.stat().st_size == part.size and compute_crc(path) == part.crc
    except FileNotFoundError:  # the data folder was replaced meanwhile
        is_intact = False
    if not is_intact:
        raise PartDamaged(part.name)


def _list_texts(members: Mapping[str, str]) -> Iterator[tuple[ZipMember, ArchivePiece]]:
    for name, text in members.items():
        content = text.encode()
        yield ZipMember(name, len(content), zlib.crc32(content)), ArchivePiece(len(content), content)


def _list_parts(
    parts: Sequence[ExportPart], part_paths: Mapping[int, Path]
) -> Iterator[tuple[ZipMember, ArchivePiece]]:
    for part in parts:
        assert part.size is not None
        assert part.crc is not None
        yield (
            ZipMember(part.name, part.size, part.crc),
            ArchivePiece(part.size, part_name=part_paths[part.position].name),
        )


def _list_pieces(contents: Sequence[tuple[ZipMember, ArchivePiece]]) -> Iterator[ArchivePiece]:
    """List the pieces of the file: a header before each member, and the directory at the end."""
    offset, placed = 0, []
    for member, piece in contents:
        header = build_local_header(member)
        placed.append((member, offset))
        offset += len(header) + piece.size
        yield ArchivePiece(len(header), header)
        yield piece
    directory = build_directory(placed, offset)
    yield ArchivePiece(len(directory), directory)


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
