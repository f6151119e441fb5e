"""Parser for multipart forms. Clients use a form for queries with large parameters."""

import re

from herwa_shared.embedded.clickhouse_server.errors import INCORRECT_DATA, NOT_IMPLEMENTED, EngineError

_BOUNDARY_PATTERN = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_NAME_PATTERN = re.compile(rb'\bname="([^"]*)"')


def is_form(content_type: str) -> bool:
    """Check for a multipart form.

    As in ClickHouse, a body of `curl -d` is a statement, although curl declares it as a URL-encoded form.
    """
    return content_type.startswith("multipart/form-data")


def read_form(content_type: str, body: bytes) -> dict[str, str]:
    """Read the text fields of a form by name.

    Raises EngineError for files (external data) and for a malformed form.
    """
    boundary = _BOUNDARY_PATTERN.search(content_type)
    if boundary is None:
        raise EngineError.from_code(INCORRECT_DATA, "INCORRECT_DATA", "The form names no boundary")
    delimiter = b"\r\n--" + boundary.group(1).encode()
    parts = (b"\r\n" + body).split(delimiter)[1:-1]
    return dict(_read_part(part) for part in parts)


def _read_part(part: bytes) -> tuple[str, str]:
    head, _, content = part.partition(b"\r\n\r\n")
    name = _NAME_PATTERN.search(head)
    if name is None:
        raise EngineError.from_code(INCORRECT_DATA, "INCORRECT_DATA", "A field of the form has no name")
    if b"filename=" in head:
        raise EngineError.from_code(
            NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "External data is not supported by the embedded engine"
        )
    return name.group(1).decode(), content.decode()
