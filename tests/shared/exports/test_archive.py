"""The ZIP file of an export: the bytes of `zipfile`, also beyond 4 GiB, and reading from any position."""

import io
import zipfile
import zlib
from itertools import accumulate
from pathlib import Path

import pytest

from herwa_shared.exports.archive_file import ArchiveChanged, ArchiveFile, ArchivePiece, write_index
from herwa_shared.exports.checksums import compute_checksums, compute_crc
from herwa_shared.exports.files import ExportFolder
from herwa_shared.exports.zip_format import FILE_MODE, ZipMember, build_directory, build_local_header

CONTENTS = {"README.txt": b"Hello", "messages/messages-2026-01.csv": b"a,b\r\n" * 1000, "empty.csv": b""}


def place(members: list[ZipMember]) -> list[tuple[ZipMember, int]]:
    """Return the members with the offsets of their headers."""
    sizes = [len(build_local_header(member)) + member.size for member in members]
    return list(zip(members, accumulate(sizes, initial=0), strict=False))


def test_bytes_are_those_of_zipfile():
    expected = io.BytesIO()
    with zipfile.ZipFile(expected, "w") as archive:
        for name, content in CONTENTS.items():
            info = zipfile.ZipInfo(name)
            info.external_attr, info.create_system = FILE_MODE, 3
            with archive.open(info, "w", force_zip64=True) as member:
                member.write(content)
    members = [ZipMember(name, len(content), zlib.crc32(content)) for name, content in CONTENTS.items()]
    built = b"".join(
        build_local_header(member) + content for member, content in zip(members, CONTENTS.values(), strict=True)
    )
    assert built + build_directory(place(members), len(built)) == expected.getvalue()


def test_members_beyond_four_gibibytes_are_found(tmp_path: Path):
    last = b"the last member"
    members = [ZipMember("zeros.csv", 5 << 30, 0), ZipMember("last.csv", len(last), zlib.crc32(last))]
    placed = place(members)
    path = tmp_path / "large.zip"
    with path.open("wb") as file:  # a sparse file: the zeros take no space
        for member, offset in placed:
            file.seek(offset)
            file.write(build_local_header(member))
        file.write(last)
        file.write(build_directory(placed, file.tell()))
    with zipfile.ZipFile(path) as archive:
        assert [(info.filename, info.file_size) for info in archive.infolist()] == [
            ("zeros.csv", 5 << 30),
            ("last.csv", len(last)),
        ]
        assert archive.read("last.csv") == last


def test_seventy_thousand_members_are_listed():
    members = [ZipMember(f"{number}.csv", 0, 0) for number in range(70_000)]
    headers = b"".join(build_local_header(member) for member in members)
    with zipfile.ZipFile(io.BytesIO(headers + build_directory(place(members), len(headers)))) as archive:
        assert archive.namelist() == [member.name for member in members]


def write_export(folder: Path) -> bytes:
    """Write the index and the parts of a file; return its content."""
    (folder / "part-00000").write_bytes(b"0123456789")
    (folder / "part-00001").write_bytes(b"")
    (folder / "part-00002").write_bytes(b"abc")
    names = ("part-00000", "part-00001", "part-00002")
    parts = [ArchivePiece((folder / name).stat().st_size, part_name=name) for name in names]
    header = ArchivePiece(2, b"<\xff")
    write_index(folder / "index.json", [header, parts[0], header, parts[1], parts[2], ArchivePiece(0), header])
    return b"<\xff0123456789<\xffabc<\xff"


def test_file_is_read_from_any_position(tmp_path: Path):
    expected = write_export(tmp_path)
    with io.BufferedReader(ArchiveFile(tmp_path)) as file:
        assert (file.read(), file.read()) == (expected, b"")
        for start in range(len(expected) + 3):
            assert file.seek(start) == start
            assert file.read() == expected[start:]
        assert file.seek(-3, io.SEEK_END) == len(expected) - 3
        assert file.read(1) == b"c"
        assert (file.seek(1, io.SEEK_CUR), file.tell()) == (len(expected) - 1, len(expected) - 1)
        with pytest.raises(ValueError, match="negative"):
            file.seek(-100)
    with pytest.raises(ValueError, match="closed"):
        file.read()


@pytest.mark.parametrize("content", [b"012345678", b"0123456789+"])
def test_part_of_another_size_is_not_read(tmp_path: Path, content: bytes):
    write_export(tmp_path)
    (tmp_path / "part-00000").write_bytes(content)
    with ArchiveFile(tmp_path) as file, pytest.raises(ArchiveChanged):
        file.read()


def test_export_without_index_has_no_file(tmp_path: Path):
    folder = ExportFolder(tmp_path)
    with pytest.raises(FileNotFoundError):
        folder.open_file(7)
    folder.prepare(7)
    with pytest.raises(FileNotFoundError):
        folder.open_file(7)


def test_checksums_do_not_depend_on_the_blocks(tmp_path: Path):
    content = bytes(range(256)) * 5_000
    path = tmp_path / "content"
    path.write_bytes(content)
    checksums = compute_checksums(path)
    assert (checksums.size, checksums.crc) == (len(content), zlib.crc32(content))
    assert compute_crc(path) == checksums.crc
