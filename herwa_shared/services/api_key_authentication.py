"""Authenticate API keys by their keyed hash. The caller of a request learns only that a key is not valid."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address

from sqlalchemy import BigInteger, literal_column
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Scope
from herwa_shared.demo_guild import DEMO_GUILD_ID
from herwa_shared.models import ApiKey, Guild
from herwa_shared.services.api_key_format import hash_key, is_well_formed
from herwa_shared.services.api_keys import Network, parse_networks, parse_scopes

# The version of `services.policies`, read in the same statement as the key.
POLICY_VERSION = literal_column(
    "(SELECT max(version) FROM policy_change WHERE guild_id IN (api_key.guild_id, 0))", BigInteger
)


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated API key: the guild that it may read and its scopes.

    `owner_id` is the guild that the key belongs to, whose tier and settings apply. It is the guild that the key reads,
    except for test keys, which read the demo guild. `pseudonym_secret` is the key of the pseudonyms under which it sees
    members.
    """

    key_id: int
    guild_id: int
    owner_id: int
    scopes: frozenset[Scope]
    pseudonym_secret: bytes = field(repr=False)

    @property
    def identity(self) -> str:
        """Tells callers apart for `Idempotency-Key`: the same for a key and its rotations, and for no other key."""
        return f"key {sha256(self.pseudonym_secret).hexdigest()}"

    @property
    def is_test(self) -> bool:
        """Whether it is a test key."""
        return self.guild_id == DEMO_GUILD_ID


@dataclass(frozen=True, slots=True)
class ValidKey:
    """A key that is valid until `expires_at`, and while the policy of its guild has this version.

    A change of a key changes the policy's version, so that every process notices it as it notices a change of settings.
    """

    principal: Principal
    networks: tuple[Network, ...]
    expires_at: datetime | None
    policy_version: int

    def allows_address(self, address: str) -> bool:
        """Return whether a client with this address may use the key."""
        if not self.networks:
            return True
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in network for network in self.networks)


class KeyRefusal(StrEnum):
    """Why a key was refused, for the log."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    BOT_LEFT = "bot_left"
    ADDRESS = "address"


async def authenticate_key(
    session: AsyncSession, *, key: str, peppers: Sequence[bytes], now: datetime
) -> ValidKey | KeyRefusal:
    """Authenticate a key. Returns why if it is not valid. `allows_address` is for the caller to check."""
    if not is_well_formed(key):
        return KeyRefusal.MALFORMED
    digests = [hash_key(key, pepper) for pepper in peppers]
    query = (
        select(ApiKey, Guild.left_at, POLICY_VERSION)
        .join(Guild, col(Guild.id) == col(ApiKey.guild_id))
        .where(col(ApiKey.digest).in_(digests))
    )
    found = (await session.execute(query)).first()
    if found is None:
        return KeyRefusal.UNKNOWN
    row, left_at, policy_version = found
    if row.revoked_at is not None:
        return KeyRefusal.REVOKED
    if left_at is not None:
        return KeyRefusal.BOT_LEFT
    if row.expires_at is not None and row.expires_at <= now:
        return KeyRefusal.EXPIRED
    assert row.id is not None
    principal = Principal(
        row.id,
        DEMO_GUILD_ID if row.is_test else row.guild_id,
        row.guild_id,
        parse_scopes(row.scopes),
        row.pseudonym_secret,
    )
    return ValidKey(principal, parse_networks(row.networks), row.expires_at, policy_version or 0)
