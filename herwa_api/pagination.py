"""Pagination by cursor. A cursor is an encrypted position that belongs to the other parameters of its request.

It is encrypted because the position in a ranking contains the id of a member, which a key may see only as a pseudonym.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from pydantic import BaseModel

from herwa_api import texts
from herwa_shared.auth.encryption import DeterministicEncryptor
from herwa_shared.errors import BadRequest

MAX_CURSOR_LENGTH = 300
CURSOR_PATTERN = f"^[A-Za-z0-9_-]{{1,{MAX_CURSOR_LENGTH}}}$"
CURSOR_EXAMPLE = "u2iCkBcjQz0nVtJrXl5yVqA0hEJ4mYb3ZBdT8y1kqWf"
POSITION_PARAMETERS = {"cursor", "limit"}
"""Parameters that may differ between the pages of one list."""


@dataclass(frozen=True, slots=True)
class CursorCodec:
    """Formats and parses cursors. Equal positions have equal cursors, so that a page keeps its ETag."""

    encryptor: DeterministicEncryptor

    def format(self, params: BaseModel, position: Sequence[int]) -> str:
        """Format the cursor of a list with these parameters; `position` is where its next page begins."""
        content = orjson.dumps([_compute_digest(params), *position])
        return urlsafe_b64encode(self.encryptor.encrypt(content)).rstrip(b"=").decode()

    def parse(self, params: BaseModel, cursor: str, *, length: int) -> tuple[int, ...]:
        """Parse a cursor into its position: `length` integers. Raises BadRequest for any other cursor."""
        try:
            content = self.encryptor.decrypt(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except ValueError:
            content = None
        digest, *position = orjson.loads(content) if content else [""]
        if digest != _compute_digest(params) or len(position) != length:
            raise BadRequest(texts.INVALID_CURSOR, field="cursor")
        return tuple(position)


def _compute_digest(params: BaseModel) -> str:
    content = f"{type(params).__name__} {params.model_dump_json(exclude=POSITION_PARAMETERS)}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]
