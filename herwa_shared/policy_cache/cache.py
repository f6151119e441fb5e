"""The time by which policies end: the wall clock's, but it never goes back.

The policies of the guilds that are asked for, compiled: loaded once, dropped when changed, ended on time.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError
from herwa_shared.guardrail.compiler import CompiledPolicy, compile_policy
from herwa_shared.guardrail.policy import GlobalPolicy, GuildPolicy
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.notifications import EVERY_GUILD, PolicyChangeListener
from herwa_shared.services.policies import load_global_policy, load_policy


def _read_wall_clock() -> float:
    return utc_now().timestamp()


class NonDecreasingClock:
    """A wall clock that is set back is not followed: what has ended stays ended, and time goes on.

    One that is set forward is followed, also by mistake, until the process ends: rather too little than too much.
    """

    def __init__(
        self, *, read_wall: Callable[[], float] = _read_wall_clock, read_ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._read_wall = read_wall
        self._read_ticks = read_ticks
        self._now = read_wall()
        self._last_ticks = read_ticks()

    def now(self) -> float:
        """Seconds since 1970."""
        ticks = self._read_ticks()
        self._now = max(self._read_wall(), self._now + ticks - self._last_ticks)
        self._last_ticks = ticks
        return self._now


log = get_logger(__name__)

CACHE_TTL_SECONDS = 300.0
LOAD_TIMEOUT_SECONDS = 1.5  # who asks may have Discord's three seconds to answer
RETRY_DELAY_SECONDS = 5.0
MAX_GUILDS = 20_000

LOAD_ERRORS = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)


class PolicyUnavailable(HerwaError):
    """A guild's policy can neither be found in memory nor loaded, so nothing is allowed."""

    code = "policy_away"
    status = 503
    message = "Herwa cannot look up what this server allows at the moment. Try again in a moment."


class PolicyLoader(Protocol):
    """Reads one guild's policy; a guild never seen has one too."""

    def __call__(
        self, session: AsyncSession, *, guild_id: int, global_policy: GlobalPolicy
    ) -> Awaitable[GuildPolicy]: ...


GlobalPolicyLoader = Callable[[AsyncSession], Awaitable[GlobalPolicy]]


@dataclass(slots=True)
class _Entry:
    """A compiled policy, and until when (by a clock of its own) it is used without looking again."""

    compiled: CompiledPolicy
    fresh_until: float


class PolicyCache:
    """What this process decides by. `async with cache.running():` keeps it fresh.

    A policy that is known to have changed is never used again. One that merely may have, by its age or after the
    database was away, is loaded anew, and goes on where that fails.
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
        self._listener = PolicyChangeListener(
            database_url, on_change=self._invalidate, on_reconnect=self._expire_all, connection_class=connection_class
        )
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._global_policy: tuple[GlobalPolicy, float] | None = None
        # The newest load of each guild. A change takes it out, and what it then brings is not kept.
        self._loads: dict[int, asyncio.Task[CompiledPolicy | None]] = {}
        self._running_loads: set[asyncio.Task[CompiledPolicy | None]] = set()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Hear of changes as long as the block lasts. A database that is away ends nothing."""
        listen_task = asyncio.create_task(self._listener.run())
        try:
            yield
        finally:
            tasks = [listen_task, *self._running_loads]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def now(self) -> float:
        """Seconds since 1970 by a clock that never goes back: the `at` of an invocation."""
        return self._clock.now()

    def find_cached(self, guild_id: int) -> CompiledPolicy | None:
        """The policy in force at this moment, without waiting. None: `get` it."""
        entry = self._entries.get(guild_id)
        if entry is None or time.monotonic() >= entry.fresh_until:
            return None
        self._entries.move_to_end(guild_id)
        if (now := self.now()) >= entry.compiled.until:
            entry.compiled = compile_policy(entry.compiled.policy, self.surfaces, now)
        return entry.compiled

    async def get(self, guild_id: int) -> CompiledPolicy:
        """The policy in force, loaded if need be, once for all who ask. Raises PolicyAway."""
        compiled = self.find_cached(guild_id)
        while compiled is None:
            load = self._loads.get(guild_id) or self._start_load(guild_id)
            try:
                async with asyncio.timeout(self._load_timeout_seconds):
                    compiled = await asyncio.shield(load)
            except LOAD_ERRORS as error:
                log.warning("a policy could not be loaded", guild_id=guild_id, error=repr(error)[:200])
                return self._serve_stale(guild_id)
        return compiled

    def get_status(self) -> dict[str, Any]:
        """For signs of life: how many guilds are in memory, and seconds since the last sweep."""
        age = self._listener.sweep_age
        return {"policies": len(self._entries), "policy_sweep_age": None if age is None else round(age, 1)}

    def _start_load(self, guild_id: int) -> asyncio.Task[CompiledPolicy | None]:
        load = self._loads[guild_id] = asyncio.create_task(self._load(guild_id))
        self._running_loads.add(load)
        load.add_done_callback(self._on_load_done)
        return load

    def _on_load_done(self, load: asyncio.Task[CompiledPolicy | None]) -> None:
        self._running_loads.discard(load)
        if not load.cancelled():
            load.exception()  # whoever waited has seen it; if nobody did, nobody needs it

    async def _load(self, guild_id: int) -> CompiledPolicy | None:
        """None when a change came meanwhile, which this load may not have seen."""
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
        """From memory, or loaded and kept like a policy."""
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
        """What is in memory goes on for a while, if nothing is known against it."""
        if (entry := self._entries.get(guild_id)) is None:
            raise PolicyUnavailable
        entry.fresh_until = time.monotonic() + RETRY_DELAY_SECONDS
        compiled = self.find_cached(guild_id)
        assert compiled is not None
        return compiled

    def _invalidate(self, guild_id: int) -> None:
        """It has changed."""
        if guild_id == EVERY_GUILD:
            self._entries.clear()
            self._loads.clear()
            self._global_policy = None
        else:
            self._entries.pop(guild_id, None)
            self._loads.pop(guild_id, None)

    def _expire_all(self) -> None:
        """Anything may have changed."""
        self._loads.clear()
        self._global_policy = None
        for entry in self._entries.values():
            entry.fresh_until = 0.0
