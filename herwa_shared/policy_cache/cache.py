"""In-memory cache of compiled guild policies.

A policy is loaded on first use, dropped when it changes, and recompiled when something in it ends. Times are taken from
a clock that follows the wall clock but never goes back.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.changes.listener import EVERY_GUILD, ChangeListener
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError, format_reason
from herwa_shared.guardrail.compiler import CompiledPolicy, compile_policy
from herwa_shared.guardrail.policy import GlobalPolicy, GuildPolicy
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.notifications import POLICY_CHANGES
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.process_details import PolicyCacheStatus

log = get_logger(__name__)

CACHE_TTL_SECONDS = 300.0
LOAD_TIMEOUT_SECONDS = 1.5  # the caller may have to respond to Discord within three seconds
RETRY_DELAY_SECONDS = 5.0
MAX_GUILDS = 20_000

LOAD_ERRORS = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)


def _read_wall_clock() -> float:
    return utc_now().timestamp()


class NonDecreasingClock:
    """Clock that follows the wall clock forward but never back.

    If the wall clock is set back, this clock continues with the monotonic clock, so that nothing that has ended becomes
    valid again. If the wall clock is set forward, even by mistake, this clock follows it until the process ends: it is
    safer to allow too little than too much.
    """

    def __init__(
        self, *, read_wall: Callable[[], float] = _read_wall_clock, read_ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._read_wall = read_wall
        self._read_ticks = read_ticks
        self._now = read_wall()
        self._last_ticks = read_ticks()

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        ticks = self._read_ticks()
        self._now = max(self._read_wall(), self._now + ticks - self._last_ticks)
        self._last_ticks = ticks
        return self._now


class PolicyUnavailable(HerwaError):
    """The policy is neither cached nor can it be loaded, so nothing is allowed (fail closed)."""

    code = "policy_away"
    status = 503
    message = "Couldn't load this server's settings. Try again in a minute."


class PolicyLoader(Protocol):
    """Loads one guild's policy; an unknown guild has a default policy."""

    def __call__(
        self, session: AsyncSession, *, guild_id: int, global_policy: GlobalPolicy
    ) -> Awaitable[GuildPolicy]: ...


GlobalPolicyLoader = Callable[[AsyncSession], Awaitable[GlobalPolicy]]


@dataclass(slots=True)
class _Entry:
    """A compiled policy.

    `fresh_until` is a `time.monotonic` time, until which it is used without reloading.
    """

    compiled: CompiledPolicy
    fresh_until: float


class PolicyCache:
    """LRU cache of compiled guild policies; `async with cache.run():` keeps it up to date.

    A policy that is known to have changed is never used again. A policy that may have changed, because its TTL has
    passed or the database connection was lost, is reloaded; if that fails, the stale policy remains in use.
    """

    def __init__(
        self,
        database: Database,
        database_url: str,
        surfaces: SurfaceRegistry,
        *,
        global_policy_loader: GlobalPolicyLoader = load_global_policy,
        policy_loader: PolicyLoader = load_policy,
        clock: NonDecreasingClock | None = None,
        ttl_seconds: float = CACHE_TTL_SECONDS,
        load_timeout_seconds: float = LOAD_TIMEOUT_SECONDS,
        max_guilds: int = MAX_GUILDS,
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
    ) -> None:
        self.surfaces = surfaces
        self._database = database
        self._global_policy_loader = global_policy_loader
        self._policy_loader = policy_loader
        self._clock = clock or NonDecreasingClock()
        self._ttl_seconds = ttl_seconds
        self._load_timeout_seconds = load_timeout_seconds
        self._max_guilds = max_guilds
        self._listener = ChangeListener(
            database_url,
            POLICY_CHANGES,
            on_change=lambda guild_id, _: self._invalidate(guild_id),
            on_reconnect=self._expire_all,
            connection_class=connection_class,
        )
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._global_policy: tuple[GlobalPolicy, float] | None = None
        # The newest load task of each guild. A change removes it from here; its result is then discarded.
        self._loads: dict[int, asyncio.Task[CompiledPolicy | None]] = {}
        self._running_loads: set[asyncio.Task[CompiledPolicy | None]] = set()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Listen for policy changes while the block runs. An unavailable database does not end it."""
        listen_task = asyncio.create_task(self._listener.run())
        try:
            yield
        finally:
            tasks = [listen_task, *self._running_loads]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def now(self) -> float:
        """Return the time for the `at` of an invocation: seconds since 1970, never decreasing."""
        return self._clock.now()

    def find_cached(self, guild_id: int) -> CompiledPolicy | None:
        """Return the fresh cached policy, compiled for this moment, without I/O.

        Returns None if `get` must load it.
        """
        entry = self._entries.get(guild_id)
        if entry is None or time.monotonic() >= entry.fresh_until:
            return None
        self._entries.move_to_end(guild_id)
        if (now := self.now()) >= entry.compiled.until:
            entry.compiled = compile_policy(entry.compiled.policy, self.surfaces, now)
        return entry.compiled

    async def get(self, guild_id: int) -> CompiledPolicy:
        """Return the current policy; loads it if needed.

        Concurrent callers for one guild share one load. Raises PolicyUnavailable.
        """
        compiled = self.find_cached(guild_id)
        while compiled is None:
            load = self._loads.get(guild_id) or self._start_load(guild_id)
            try:
                async with asyncio.timeout(self._load_timeout_seconds):
                    compiled = await asyncio.shield(load)
            except LOAD_ERRORS as error:
                log.warning("policy load failed", guild_id=guild_id, error=format_reason(error))
                return self._serve_stale(guild_id)
        return compiled

    def get_status(self) -> PolicyCacheStatus:
        """Return the number of cached guilds and the seconds since the last sweep, for the heartbeat."""
        age = self._listener.sweep_age
        return PolicyCacheStatus(servers=len(self._entries), sweep_age_seconds=None if age is None else round(age, 1))

    def _start_load(self, guild_id: int) -> asyncio.Task[CompiledPolicy | None]:
        load = self._loads[guild_id] = asyncio.create_task(self._load(guild_id))
        self._running_loads.add(load)
        load.add_done_callback(self._on_load_done)
        return load

    def _on_load_done(self, load: asyncio.Task[CompiledPolicy | None]) -> None:
        self._running_loads.discard(load)
        if not load.cancelled():
            load.exception()  # retrieve it: waiting callers got it, and without any asyncio would log it

    async def _load(self, guild_id: int) -> CompiledPolicy | None:
        """Load and store the policy.

        Returns None if a change arrived meanwhile, which this load may have missed.
        """
        try:
            async with asyncio.timeout(self._load_timeout_seconds), self._database.transaction() as session:
                global_policy = await self._get_global_policy(guild_id, session)
                policy = await self._policy_loader(session, guild_id=guild_id, global_policy=global_policy)
        finally:
            if is_newest := self._is_newest(guild_id):
                del self._loads[guild_id]
        return self._store(policy) if is_newest else None

    def _is_newest(self, guild_id: int) -> bool:
        return self._loads.get(guild_id) is asyncio.current_task()

    async def _get_global_policy(self, guild_id: int, session: AsyncSession) -> GlobalPolicy:
        """Return the global policy; loaded and cached like a guild policy."""
        if self._global_policy is not None and time.monotonic() < self._global_policy[1]:
            return self._global_policy[0]
        global_policy = await self._global_policy_loader(session)
        if self._is_newest(guild_id):
            self._global_policy = (global_policy, time.monotonic() + self._ttl_seconds)
        return global_policy

    def _store(self, policy: GuildPolicy) -> CompiledPolicy:
        compiled = compile_policy(policy, self.surfaces, self.now())
        self._entries[policy.guild_id] = _Entry(compiled, time.monotonic() + self._ttl_seconds)
        self._entries.move_to_end(policy.guild_id)
        if len(self._entries) > self._max_guilds:
            self._entries.popitem(last=False)
        return compiled

    def _serve_stale(self, guild_id: int) -> CompiledPolicy:
        """Keep using a stale entry for RETRY_DELAY_SECONDS after a failed load.

        Raises PolicyUnavailable if there is no entry: it was never loaded, was evicted, or is known to have changed.
        """
        if (entry := self._entries.get(guild_id)) is None:
            raise PolicyUnavailable
        entry.fresh_until = time.monotonic() + RETRY_DELAY_SECONDS
        compiled = self.find_cached(guild_id)
        assert compiled is not None
        return compiled

    def _invalidate(self, guild_id: int) -> None:
        """Drop the policy of a guild, or of all guilds, after a change."""
        if guild_id == EVERY_GUILD:
            self._entries.clear()
            self._loads.clear()
            self._global_policy = None
        else:
            self._entries.pop(guild_id, None)
            self._loads.pop(guild_id, None)

    def _expire_all(self) -> None:
        """Mark all entries as stale, as anything may have changed."""
        self._loads.clear()
        self._global_policy = None
        for entry in self._entries.values():
            entry.fresh_until = 0.0
