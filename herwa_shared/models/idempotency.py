"""Table of the responses to API writes that carried an `Idempotency-Key`."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import TIMESTAMPTZ, build_guild_key


class IdempotentResponse(SQLModel, table=True):
    """The response to a write, which is sent again if the same request is repeated.

    `digest` is the hash of caller and `Idempotency-Key`, `request_digest` that of method, path, query and body.
    `status` is 0 and `encrypted_body` empty until the write is finished, in the same transaction. Bodies are encrypted
    because one can contain a new API key.
    """

    __tablename__ = "idempotent_response"

    digest: bytes = Field(primary_key=True)
    guild_id: int = build_guild_key(index=True)
    request_digest: bytes
    status: int = 0
    encrypted_body: bytes = b""
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)
