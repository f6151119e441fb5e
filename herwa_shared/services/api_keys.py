"""API keys: create, authenticate, list and revoke. A key gives read access to one guild.

A key is shown once, when it is created; only its keyed hash (HMAC-SHA-256) is stored.
"""

import hmac
import secrets
import string
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, literal_column, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.config import Settings
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import ApiKey, Guild
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.runtime.data_dir import DataFolder

KEY_PREFIX = "sk_live_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH, CHECKSUM_LENGTH = 43, 6  # 256 and 32 bits in base 62
MAX_LISTED_GUILDS = 20

# The version of `services.policies`, read in the same statement as the key.
POLICY_VERSION = literal_column(
    "(SELECT max(version) FROM policy_change WHERE guild_id IN (api_key.guild_id, 0))", BigInteger
)


class Scope(StrEnum):
    """What a key may read."""

    STATS = "stats:read"
    MEMBERS = "members:read"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated API key: the guild that it may read and its scopes."""

    key_id: int
    guild_id: int
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class ValidKey:
    """A key that is valid until `expires_at`, and while the policy of its guild has this version.

    A change of a key changes the policy's version, so that every process notices it as it notices a change of settings.
    """

    principal: Principal
    expires_at: datetime | None
    policy_version: int


class KeyRefusal(StrEnum):
    """Why a key was refused, for the log. The caller learns only that it is not valid."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A key without its secret, for lists; `hint` is its last four characters."""

    id: int
    name: str
    hint: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def load_pepper(settings: Settings, folder: DataFolder) -> bytes:
    """Load the key of the keyed hash: the configured secret key, else one from the data folder.

    Changing it invalidates every API key.
    """
    secret_key = settings.secret_key
    return (secret_key.get_secret_value() if secret_key else folder.get_or_create_secret("api_key_pepper")).encode()


async def create_key(
    session: AsyncSession,
    *,
    guild_id: int,
    name: str,
    scopes: Collection[Scope],
    pepper: bytes,
    expires_at: datetime | None = None,
) -> str:
    """Create a key for a guild and return it; it cannot be read again later.

    Raises BadRequest for an invalid name, and NotFound for an unknown guild; its message lists the known guilds.
    """
    if not name.strip() or len(name) > 80:
        raise BadRequest("Give the key a name of 1 to 80 characters.")
    if await session.get(Guild, guild_id) is None:
        raise NotFound(await _format_unknown_guild(session, guild_id))
    body = KEY_PREFIX + _encode_base62(int.from_bytes(secrets.token_bytes(32)), SECRET_LENGTH)
    key = body + _compute_checksum(body)
    session.add(
        ApiKey(
            guild_id=guild_id,
            name=name,
            digest=hash_key(key, pepper),
            hint=key[-4:],
            scopes=sorted(scopes),
            expires_at=expires_at,
        )
    )
    await session.flush()
    return key


def is_well_formed(key: str) -> bool:
    """Return whether a text has the format of a key, with the right checksum. Queries no database."""
    body = key[:-CHECKSUM_LENGTH]
    return key.startswith(KEY_PREFIX) and hmac.compare_digest(key.encode(), (body + _compute_checksum(body)).encode())


async def authenticate_key(session: AsyncSession, *, key: str, pepper: bytes, now: datetime) -> ValidKey | KeyRefusal:
    """Authenticate a key. Returns why if it is not valid."""
    if not is_well_formed(key):
        return KeyRefusal.MALFORMED
    query = select(ApiKey, POLICY_VERSION).where(col(ApiKey.digest) == hash_key(key, pepper))
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return KeyRefusal.UNKNOWN
    row, policy_version = found
    if row.revoked_at is not None:
        return KeyRefusal.REVOKED
    if row.expires_at is not None and row.expires_at <= now:
        return KeyRefusal.EXPIRED
    assert row.id is not None
    return ValidKey(Principal(row.id, row.guild_id, _parse_scopes(row)), row.expires_at, policy_version or 0)


async def record_key_use(session: AsyncSession, *, key_id: int, now: datetime) -> None:
    """Record that a key was used now, unless a later use is recorded already."""
    is_older = or_(col(ApiKey.last_used_at).is_(None), col(ApiKey.last_used_at) < now)
    await session.execute(update(ApiKey).where(col(ApiKey.id) == key_id, is_older).values(last_used_at=now))


async def list_keys(session: AsyncSession, *, guild_id: int) -> tuple[KeyStatus, ...]:
    """List all keys of the guild, including revoked ones, newest first."""
    rows = await session.execute(select(ApiKey).where(col(ApiKey.guild_id) == guild_id).order_by(col(ApiKey.id).desc()))
    return tuple(_to_status(row) for row in rows.scalars())


async def revoke_key(session: AsyncSession, *, guild_id: int, key_id: int, now: datetime) -> None:
    """Revoke a key at once; idempotent. Raises NotFound if the guild has no such key."""
    key = await session.get(ApiKey, key_id)
    if key is None or key.guild_id != guild_id:
        raise NotFound("This key doesn't exist in this server.")
    key.revoked_at = key.revoked_at or now
    await publish_policy_change(session, guild_id=guild_id)


def hash_key(key: str, pepper: bytes) -> bytes:
    """Compute the keyed hash of a key, under which it is stored (32 bytes)."""
    return hmac.digest(pepper, key.encode(), "sha256")


def _compute_checksum(body: str) -> str:
    """Compute the CRC-32 checksum of a key.

    It lets `authenticate_key` reject typing mistakes, and strings that are no keys, without a database query.
    """
    return _encode_base62(zlib.crc32(body.encode()), CHECKSUM_LENGTH)


def _encode_base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def _parse_scopes(key: ApiKey) -> frozenset[Scope]:
    """Parse the scopes of a key; ignores unknown ones, which a newer version may have stored."""
    return frozenset(scope for scope in Scope if scope in key.scopes)


def _to_status(key: ApiKey) -> KeyStatus:
    assert key.id is not None
    return KeyStatus(
        id=key.id,
        name=key.name,
        hint=key.hint,
        scopes=_parse_scopes(key),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


async def _format_unknown_guild(session: AsyncSession, guild_id: int) -> str:
    query = select(Guild).where(col(Guild.left_at).is_(None)).order_by(col(Guild.name)).limit(MAX_LISTED_GUILDS)
    names = [f"{guild.id} ({guild.name})" for guild in (await session.execute(query)).scalars()]
    known_guilds = f"The bot is in {', '.join(names)}." if names else "The bot isn't in any server yet."
    return f"Unknown server {guild_id}. {known_guilds}"
