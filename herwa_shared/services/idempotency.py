"""Writes of the API that clients may repeat: the first response to an `Idempotency-Key` is kept and sent again.

A key is claimed in the transaction of the write itself. So a write and its response are stored together or not at all,
and of two concurrent requests with one key the second waits for the first. A write that fails releases the key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import asyncpg
from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.auth.encryption import Encryptor
from herwa_shared.errors import HerwaError
from herwa_shared.models import IdempotentResponse
from herwa_shared.services import texts

RETENTION = timedelta(days=1)
MAX_RESPONSES_PER_GUILD = 1_000
MAX_BODY_BYTES = 64 * 1024
LOCK_TIMEOUT_MS = 5_000


class IdempotencyKeyReused(HerwaError):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    status = 422
    message = texts.IDEMPOTENCY_KEY_REUSED


class RequestInProgress(HerwaError):
    """A request with the same key is still running."""

    code = "request_in_progress"
    status = 409
    message = texts.REQUEST_IN_PROGRESS


class ResponseLost(HerwaError):
    """The request was done, but its response can no longer be sent."""

    code = "response_lost"
    status = 409
    message = texts.RESPONSE_LOST


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A write with an `Idempotency-Key`.

    `caller` identifies who sent it: keys of different callers are independent. `content` is everything that makes two
    requests the same: method, path, query and body.
    """

    guild_id: int
    caller: str
    key: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """The hash that identifies the key of this caller."""
        return sha256(f"{self.guild_id}\n{self.caller}\n{self.key}".encode()).digest()

    @property
    def content_digest(self) -> bytes:
        """The hash of the content."""
        return sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """Status and body of a response; None is a response without a body."""

    status: int
    body: bytes | None


async def claim_key(
    session: AsyncSession, request: IdempotentRequest, *, encryptor: Encryptor, now: datetime
) -> StoredResponse | None:
    """Claim the key for the write in this transaction; return its response if the write was done before.

    Raises IdempotencyKeyReused for another request, RequestInProgress if the first one takes longer than
    LOCK_TIMEOUT_MS, ResponseLost.
    """
    if await _insert_claim(session, request, now):
        await _purge_guild(session, guild_id=request.guild_id, now=now)
        return None
    query = select(IdempotentResponse).where(col(IdempotentResponse.digest) == request.digest).with_for_update()
    row = await session.scalar(query)
    if row is None:  # deleted since, because it was one of the oldest
        raise ResponseLost
    if row.created_at <= now - RETENTION:
        row.request_digest, row.created_at = request.content_digest, now
        await session.flush()
        return None
    if row.request_digest != request.content_digest:
        raise IdempotencyKeyReused
    content = encryptor.decrypt(row.encrypted_body)
    if content is None:  # its secret is no longer configured
        raise ResponseLost
    return StoredResponse(row.status, None if content["body"] is None else content["body"].encode())


async def store_response(
    session: AsyncSession, request: IdempotentRequest, response: StoredResponse, *, encryptor: Encryptor
) -> None:
    """Store the response to a claimed key, encrypted. A body beyond MAX_BODY_BYTES is not kept."""
    body = response.body
    if body is not None and len(body) > MAX_BODY_BYTES:
        encrypted = b""
    else:
        encrypted = encryptor.encrypt({"body": None if body is None else body.decode()})
    await session.execute(
        update(IdempotentResponse)
        .where(col(IdempotentResponse.digest) == request.digest)
        .values(status=response.status, encrypted_body=encrypted)
    )


async def delete_old_responses(session: AsyncSession, *, now: datetime) -> int:
    """Delete responses older than RETENTION; returns their number."""
    is_old = col(IdempotentResponse.created_at) <= now - RETENTION
    deleted = await session.execute(delete(IdempotentResponse).where(is_old).returning(col(IdempotentResponse.digest)))
    return len(deleted.all())


async def _insert_claim(session: AsyncSession, request: IdempotentRequest, now: datetime) -> bool:
    """Insert the key; False if it exists. Waits for a concurrent transaction that has inserted it."""
    statement = (
        insert(IdempotentResponse)
        .values(
            digest=request.digest,
            guild_id=request.guild_id,
            request_digest=request.content_digest,
            status=0,
            encrypted_body=b"",
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(col(IdempotentResponse.digest))
    )
    try:
        await session.execute(select(func.set_config("lock_timeout", f"{LOCK_TIMEOUT_MS}ms", True)))
        return (await session.execute(statement)).first() is not None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != asyncpg.LockNotAvailableError.sqlstate:
            raise
        raise RequestInProgress from error


async def _purge_guild(session: AsyncSession, *, guild_id: int, now: datetime) -> None:
    """Delete the guild's responses beyond the newest MAX_RESPONSES_PER_GUILD, and those that are too old."""
    in_guild = col(IdempotentResponse.guild_id) == guild_id
    surplus = (
        select(IdempotentResponse.digest)
        .where(in_guild)
        .order_by(col(IdempotentResponse.created_at).desc())
        .offset(MAX_RESPONSES_PER_GUILD)
    )
    is_old = col(IdempotentResponse.created_at) <= now - RETENTION
    await session.execute(delete(IdempotentResponse).where(in_guild, is_old))
    await session.execute(delete(IdempotentResponse).where(col(IdempotentResponse.digest).in_(surplus)))
