"""Pagination by cursor. A cursor is an opaque text that belongs to the other parameters of its request.

It contains a position in the list and a digest of these parameters, no secret: whoever writes one by hand reads nothing
that the parameters would not give them.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

import orjson
from pydantic import BaseModel

from herwa_api import texts
from herwa_shared.errors import BadRequest

MAX_CURSOR_LENGTH = 200
CURSOR_PATTERN = f"^[A-Za-z0-9_-]{{1,{MAX_CURSOR_LENGTH}}}$"
CURSOR_EXAMPLE = "WyIyYjk3ZTg5YzRmM2QxYTBlIiw0Ml0"
POSITION_PARAMETERS = {"cursor", "limit"}
"""Parameters that may differ between the pages of one list."""
MAX_INTEGER = (1 << 63) - 1


def format_cursor(params: BaseModel, position: Sequence[int]) -> str:
    """Format the cursor of a list with these parameters; `position` is where its next page begins."""
    content = orjson.dumps([_compute_digest(params), *position])
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def parse_cursor(params: BaseModel, cursor: str, *, length: int) -> tuple[int, ...]:
    """Parse a cursor into its position: `length` integers. Raises BadRequest for any other cursor."""
    try:
        digest, *position = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        raise BadRequest(texts.INVALID_CURSOR, field="cursor") from None
    is_position = all(type(item) is int and 0 <= item <= MAX_INTEGER for item in position)
    if len(position) != length or not is_position or digest != _compute_digest(params):
        raise BadRequest(texts.INVALID_CURSOR, field="cursor")
    return tuple(position)


def _compute_digest(params: BaseModel) -> str:
    content = f"{type(params).__name__} {params.model_dump_json(exclude=POSITION_PARAMETERS)}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]
