"""What a file is, judged by its first bytes."""

import codecs
from enum import StrEnum

HEAD_BYTES = 8192
"""The number of bytes from which a format is detected."""
GZIP_MAGIC = b"\x1f\x8b"
DEFAULT_ENCODING = "utf-8-sig"

_WHITESPACE = b" \t\r\n\xef\xbb\xbf"
_WIDE_ENCODINGS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class FileFormat(StrEnum):
    """The format of a file. Only `TEXT` can be a history."""

    TEXT = "text"
    EMPTY = "empty"
    EXCEL = "excel"
    OPEN_DOCUMENT = "open_document"
    ZIP = "zip"
    COMPRESSED = "compressed"
    TAR = "tar"
    JSON = "json"
    HTML = "html"
    XML = "xml"
    PDF = "pdf"
    IMAGE = "image"
    PARQUET = "parquet"
    DATABASE = "database"
    BINARY = "binary"


_FORMAT_BY_MAGIC = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileFormat.EXCEL),
    (b"%PDF-", FileFormat.PDF),
    (b"\x89PNG\r\n", FileFormat.IMAGE),
    (b"\xff\xd8\xff", FileFormat.IMAGE),
    (b"GIF8", FileFormat.IMAGE),
    (b"RIFF", FileFormat.IMAGE),
    (b"PAR1", FileFormat.PARQUET),
    (b"SQLite format 3", FileFormat.DATABASE),
    (GZIP_MAGIC, FileFormat.COMPRESSED),
    (b"BZh", FileFormat.COMPRESSED),
    (b"\xfd7zXZ\x00", FileFormat.COMPRESSED),
    (b"7z\xbc\xaf\x27\x1c", FileFormat.COMPRESSED),
    (b"\x28\xb5\x2f\xfd", FileFormat.COMPRESSED),
    (b"Rar!", FileFormat.COMPRESSED),
)


def detect_format(head: bytes) -> FileFormat:
    """Detect the format of a file from its first bytes. A file that was gzipped is judged by its content."""
    if head.startswith(b"PK\x03\x04"):
        return _detect_zip_content(head)
    for magic, file_format in _FORMAT_BY_MAGIC:
        if head.startswith(magic):
            return file_format
    if head[257:262] == b"ustar":
        return FileFormat.TAR
    encoding = detect_encoding(head)
    if encoding != DEFAULT_ENCODING:
        return FileFormat.TEXT
    return FileFormat.BINARY if b"\x00" in head else _detect_text_content(head)


def detect_encoding(head: bytes) -> str:
    """Detect the encoding of a text: UTF-8 unless a mark or the null bytes of Latin text show another one."""
    for mark, encoding in _WIDE_ENCODINGS:
        if head.startswith(mark):
            return encoding
    sample = head[: len(head) // 2 * 2][:256]
    half = len(sample) // 2
    if half and sample[1::2].count(0) > half * 0.9 and not sample[::2].count(0):
        return "utf-16-le"
    if half and sample[::2].count(0) > half * 0.9 and not sample[1::2].count(0):
        return "utf-16-be"
    return DEFAULT_ENCODING


def _detect_zip_content(head: bytes) -> FileFormat:
    if b"opendocument" in head[:128]:
        return FileFormat.OPEN_DOCUMENT
    return FileFormat.EXCEL if b"xl/" in head or b"[Content_Types].xml" in head else FileFormat.ZIP


def _detect_text_content(head: bytes) -> FileFormat:
    start = head.lstrip(_WHITESPACE)[:64].lower()
    if not start:
        return FileFormat.EMPTY
    if start.startswith((b"{", b"[")):
        return FileFormat.JSON
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<table")):
        return FileFormat.HTML
    return FileFormat.XML if start.startswith(b"<") else FileFormat.TEXT
