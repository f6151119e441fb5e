"""Read the number of rows from the footer of a Parquet file, which proves that the file is complete.

The footer is a struct of Thrift's compact protocol: version (1), schema (2), number of rows (3), …
TableSource: parquet-format, `parquet.thrift`; Thrift's compact protocol specification.
"""

from pathlib import Path

from herwa_shared.errors import ServiceUnavailable

MAGIC = b"PAR1"
FOOTER_BYTES = 8  # its length in four bytes, then the magic number
ROW_COUNT_FIELD = 3
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)


def read_row_count(path: Path) -> int:
    """Read the number of rows. Raises ServiceUnavailable if the file is incomplete."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 2 * FOOTER_BYTES:
            raise ServiceUnavailable
        file.seek(size - FOOTER_BYTES)
        tail = file.read(FOOTER_BYTES)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or length > size - FOOTER_BYTES:
            raise ServiceUnavailable
        file.seek(size - FOOTER_BYTES - length)
        return _ThriftReader(file.read(length)).find_integer(ROW_COUNT_FIELD)


class _ThriftReader:
    """Reads one struct; only what the footer needs."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offset = 0

    def find_integer(self, wanted: int) -> int:
        """Return an integer field of the struct. Raises ServiceUnavailable if it is missing."""
        field = 0
        while header := self._read_byte():
            field = field + (header >> 4) if header >> 4 else self._read_integer()
            if field == wanted:
                return self._read_integer()
            self._skip(header & 15)
        raise ServiceUnavailable

    def _skip(self, kind: int) -> None:
        if kind == _BYTE:
            self._offset += 1
        elif kind in (_I16, _I32, _I64):
            self._read_varint()
        elif kind == _DOUBLE:
            self._offset += 8
        elif kind == _BINARY:
            length = self._read_varint()
            self._offset += length
        elif kind in (_LIST, _SET):
            self._skip_list()
        elif kind == _STRUCT:
            self._skip_struct()

    def _skip_list(self) -> None:
        header = self._read_byte()
        count = header >> 4 if header >> 4 != 15 else self._read_varint()
        for _ in range(count):
            if header & 15 in (_TRUE, _FALSE):
                self._offset += 1
            else:
                self._skip(header & 15)

    def _skip_struct(self) -> None:
        while header := self._read_byte():
            if not header >> 4:
                self._read_varint()
            self._skip(header & 15)

    def _read_byte(self) -> int:
        value = self._content[self._offset]
        self._offset += 1
        return value

    def _read_varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._read_byte()
            value |= (byte & 127) << shift
            if not byte & 128:
                return value
            shift += 7

    def _read_integer(self) -> int:
        """Read a zigzag integer."""
        value = self._read_varint()
        return (value >> 1) ^ -(value & 1)
