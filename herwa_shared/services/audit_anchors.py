"""Anchors of the audit log: the newest digest of every chain, noted daily in the data folder, outside of the database.

A file `audit/<date>.jsonl` has a line per chain and, last, an HMAC of all lines with the audit key. A file is never
overwritten, so a chain that was cut off later does not match the files of earlier days.
"""

import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit_verification import ChainDigests, ChainHead

FOLDER_NAME = "audit"
MAX_FILES = 400


@dataclass(frozen=True, slots=True)
class AuditAnchors:
    """All anchors: digests by chain (None: the operator's) and number, and names of files that are not authentic."""

    noted: Mapping[int | None, ChainDigests]
    file_names: tuple[str, ...]
    invalid_file_names: tuple[str, ...]


def has_anchors(folder: DataFolder, *, day: date) -> bool:
    """Check whether the anchors of a day were written."""
    return _get_path(folder, day).exists()


def write_anchors(folder: DataFolder, heads: Sequence[ChainHead], *, audit_key: bytes, day: date) -> None:
    """Write the anchors of a day, atomically, and delete files beyond the newest MAX_FILES.

    Raises FileExistsError if they were written before.
    """
    path = _get_path(folder, day)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    body = "".join(f"{_format_head(head)}\n" for head in heads).encode()
    mac_line = json.dumps({"mac": _compute_mac(audit_key, path.stem, body).hex()}).encode()
    temp_path = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temp_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body + mac_line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temp_path, path)  # unlike a rename, this fails if the file exists
    finally:
        temp_path.unlink()
    for old_path in _list_paths(folder)[:-MAX_FILES]:
        old_path.unlink(missing_ok=True)


def read_anchors(folder: DataFolder, *, audit_key: bytes) -> AuditAnchors:
    """Read all anchors. A file that is not authentic is only reported by its name."""
    noted: dict[int | None, dict[int, bytes]] = {}
    paths, invalid_names = _list_paths(folder), []
    for path in paths:
        heads = _read_file(path, audit_key)
        if heads is None:
            invalid_names.append(path.name)
        for head in heads or ():
            noted.setdefault(head.guild_id, {})[head.number] = head.digest
    return AuditAnchors(noted, tuple(path.name for path in paths), tuple(invalid_names))


def _read_file(path: Path, audit_key: bytes) -> list[ChainHead] | None:
    """Read one file; None if it is not authentic."""
    body, _, mac_line = path.read_bytes().removesuffix(b"\n").rpartition(b"\n")
    body = body + b"\n" if body else body
    try:
        mac = bytes.fromhex(json.loads(mac_line)["mac"])
    except (ValueError, KeyError, TypeError):
        return None
    if not hmac.compare_digest(mac, _compute_mac(audit_key, path.stem, body)):
        return None
    return [_parse_head(line) for line in body.splitlines()]


def _format_head(head: ChainHead) -> str:
    guild_id = None if head.guild_id is None else str(head.guild_id)
    return json.dumps({"guild_id": guild_id, "number": head.number, "digest": head.digest.hex()})


def _parse_head(line: bytes) -> ChainHead:
    fields = json.loads(line)
    guild_id = None if fields["guild_id"] is None else int(fields["guild_id"])
    return ChainHead(guild_id, fields["number"], bytes.fromhex(fields["digest"]))


def _compute_mac(audit_key: bytes, day: str, body: bytes) -> bytes:
    return hmac.digest(audit_key, f"audit anchors {day}\n".encode() + body, "sha256")


def _get_path(folder: DataFolder, day: date) -> Path:
    return folder.path / FOLDER_NAME / f"{day.isoformat()}.jsonl"


def _list_paths(folder: DataFolder) -> list[Path]:
    """List the files, oldest first."""
    return sorted((folder.path / FOLDER_NAME).glob("????-??-??.jsonl"))
