"""Verify API keys. A valid key is remembered in memory, so that a further request with it needs no database.

A remembered key is valid while the policy of its guild has the version with which the key was loaded. Every change of a
key changes that version, and the policy cache of every process learns of it within a second.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.api_key_authentication import (
    KeyRefusal,
    Principal,
    ValidKey,
    authenticate_key,
)

MAX_KEYS = 50_000


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    """A valid key, and the policy of its guild."""

    principal: Principal
    policy: CompiledPolicy


class KeyVerifier:
    """The API keys that this process knows. `peppers` are the keys of the keyed hash."""

    def __init__(self, database: Database, policies: PolicyCache, peppers: tuple[bytes, ...]) -> None:
        self._database = database
        self._policies = policies
        self.peppers = peppers
        self._memory_key = secrets.token_bytes(16)
        self._entries: OrderedDict[bytes, ValidKey] = OrderedDict()

    @property
    def pepper(self) -> bytes:
        """The key of the keyed hash of new API keys."""
        return self.peppers[0]

    async def find_known(self, key: str, address: str) -> VerifiedKey | None:
        """Find a key that was verified before and is still valid, without a query for the key.

        `address` is the client's. Raises PolicyUnavailable.
        """
        digest = self._hash_for_memory(key)
        known = self._entries.get(digest)
        if known is None:
            return None
        guild_id = known.principal.owner_id
        policy = self._policies.find_cached(guild_id) or await self._policies.get(guild_id)
        is_expired = known.expires_at is not None and known.expires_at <= utc_now()
        if is_expired or policy.version != known.policy_version:
            self._entries.pop(digest, None)
            return None
        if not known.allows_address(address):
            return None
        self._entries.move_to_end(digest)
        return VerifiedKey(known.principal, policy)

    async def verify(self, key: str, address: str) -> VerifiedKey | KeyRefusal:
        """Verify a key in the database, and remember it if it is valid. `address` is the client's.

        Raises PolicyUnavailable.
        """
        async with self._database.transaction() as session:
            loaded = await authenticate_key(session, key=key, peppers=self.peppers, now=utc_now())
        if isinstance(loaded, KeyRefusal):
            return loaded
        if not loaded.allows_address(address):
            return KeyRefusal.ADDRESS
        policy = await self._policies.get(loaded.principal.owner_id)
        self._entries[self._hash_for_memory(key)] = loaded
        if len(self._entries) > MAX_KEYS:
            self._entries.popitem(last=False)
        return VerifiedKey(loaded.principal, policy)

    def _hash_for_memory(self, key: str) -> bytes:
        """Hash a key for the look-up in memory: faster than the stored hash, and different in each process."""
        return blake2b(key.encode(), key=self._memory_key, digest_size=16).digest()
