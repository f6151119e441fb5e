"""Verify API keys. A valid key is remembered in memory, so that a further request with it needs no database.

A remembered key is valid while the policy of its guild has the version with which the key was loaded. Every change of a
key changes that version, and the policy cache of every process learns of it within a second.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.api_key_authentication import (
    KeyRefusal,
    Principal,
    ValidKey,
    authenticate_key,
    record_key_use,
)
from herwa_shared.services.api_key_format import hash_key, is_well_formed

limited_log = RateLimitedLogger(get_logger(__name__))
MAX_KEYS = 50_000
USE_RECORD_INTERVAL = timedelta(minutes=1)


@dataclass(slots=True)
class _Entry:
    key: ValidKey
    recorded_at: datetime


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
        self._peppers = peppers
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._recordings: set[asyncio.Task[None]] = set()

    @property
    def pepper(self) -> bytes:
        """The key of the keyed hash of new API keys."""
        return self._peppers[0]

    async def find_known(self, key: str, address: str) -> VerifiedKey | None:
        """Find a key that was verified before and is still valid, without a query for the key.

        `address` is the client's. Raises PolicyUnavailable.
        """
        if not is_well_formed(key):
            return None
        digest = hash_key(key, self.pepper)
        entry = self._entries.get(digest)
        if entry is None:
            return None
        now = utc_now()
        policy = await self._policies.get(entry.key.principal.guild_id)
        is_expired = entry.key.expires_at is not None and entry.key.expires_at <= now
        if is_expired or policy.version != entry.key.policy_version:
            self._entries.pop(digest, None)
            return None
        if not entry.key.allows_address(address):
            return None
        self._entries.move_to_end(digest)
        self._record_use(entry, now)
        return VerifiedKey(entry.key.principal, policy)

    async def verify(self, key: str, address: str) -> VerifiedKey | KeyRefusal:
        """Verify a key in the database, and remember it if it is valid. `address` is the client's.

        Raises PolicyUnavailable.
        """
        if not is_well_formed(key):
            return KeyRefusal.MALFORMED
        now = utc_now()
        async with self._database.transaction() as session:
            loaded = await authenticate_key(session, key=key, peppers=self._peppers, now=now)
            if isinstance(loaded, KeyRefusal):
                return loaded
            if not loaded.allows_address(address):
                return KeyRefusal.ADDRESS
            await record_key_use(session, key_id=loaded.principal.key_id, now=now)
        policy = await self._policies.get(loaded.principal.guild_id)
        self._entries[hash_key(key, self.pepper)] = _Entry(loaded, now)
        if len(self._entries) > MAX_KEYS:
            self._entries.popitem(last=False)
        return VerifiedKey(loaded.principal, policy)

    def _record_use(self, entry: _Entry, now: datetime) -> None:
        """Record the use of a key in the background, at most once a minute."""
        if now - entry.recorded_at < USE_RECORD_INTERVAL:
            return
        entry.recorded_at = now
        recording = asyncio.create_task(self._save_use(entry.key.principal.key_id, now))
        self._recordings.add(recording)
        recording.add_done_callback(self._recordings.discard)

    async def _save_use(self, key_id: int, now: datetime) -> None:
        try:
            async with self._database.transaction() as session:
                await record_key_use(session, key_id=key_id, now=now)
        except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            limited_log.warning("use of an API key not recorded", kind=type(error).__name__, error=format_reason(error))
