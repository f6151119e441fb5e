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

from herwa_shared.catalog import Surfaces
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError
from herwa_shared.guardrail.compiler import CompiledPolicy, compile_policy
from herwa_shared.guardrail.policy import GuildPolicy, Offer
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.notifications import EVERY_GUILD, Watch
from herwa_shared.services.policies import load_offer, load_policy


def _wall() -> float:
    return utc_now().timestamp()


class SteadyClock:
    """A wall clock that is set back is not followed: what has ended stays ended, and time goes on.

    One that is set forward is followed, also by mistake, until the process ends: rather too little than too much.
    """

    def __init__(self, *, wall: Callable[[], float] = _wall, ticks: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._ticks = ticks
        self._now = wall()
        self._ticked = ticks()

    def now(self) -> float:
        """Seconds since 1970."""
        ticks = self._ticks()
        self._now = max(self._wall(), self._now + ticks - self._ticked)
        self._ticked = ticks
        return self._now


log = get_logger(__name__)

KEPT_SECONDS = 300.0
LOAD_SECONDS = 1.5  # who asks may have Discord's three seconds to answer
RETRY_SECONDS = 5.0
MOST_GUILDS = 20_000

NOT_LOADED = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)


class PolicyAway(HerwaError):
    """A guild's policy can neither be found in memory nor loaded, so nothing is allowed."""

    code = "policy_away"
    status = 503
    message = "Herwa cannot look up what this server allows at the moment. Try again in a moment."


class PolicyLoader(Protocol):
    """Reads one guild's policy; a guild never seen has one too."""

    def __call__(self, session: AsyncSession, *, guild_id: int, offer: Offer) -> Awaitable[GuildPolicy]: ...


OfferLoader = Callable[[AsyncSession], Awaitable[Offer]]


@dataclass(slots=True)
class _Kept:
    """A compiled policy, and until when (by a clock of its own) it is used without looking again."""

    compiled: CompiledPolicy
    good_until: float


class PolicyCache:
    """What this process decides by. `async with cache.running():` keeps it fresh.

    A policy that is known to have changed is never used again. One that merely may have, by its age or after the
    database was away, is loaded anew, and goes on where that fails.
    """

    def __init__(
        self,
        database: Database,
        database_url: str,
        surfaces: Surfaces,
        *,
        offer_loader: OfferLoader = load_offer,
        policy_loader: PolicyLoader = load_policy,
        clock: SteadyClock | None = None,
        kept_seconds: float = KEPT_SECONDS,
        load_seconds: float = LOAD_SECONDS,
        most_guilds: int = MOST_GUILDS,
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
    ) -> None:
        self.surfaces = surfaces
        self._database = database
        self._offer_loader = offer_loader
        self._policy_loader = policy_loader
        self._clock = clock or SteadyClock()
        self._kept_seconds = kept_seconds
        self._load_seconds = load_seconds
        self._most_guilds = most_guilds
        self._watch = Watch(database_url, changed=self._drop, doubt=self._doubt, connection_class=connection_class)
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._offer: tuple[Offer, float] | None = None
        # The newest load of each guild. A change takes it out, and what it then brings is not kept.
        self._loads: dict[int, asyncio.Task[CompiledPolicy | None]] = {}
        self._under_way: set[asyncio.Task[CompiledPolicy | None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear of changes as long as the block lasts. A database that is away ends nothing."""
        watching = asyncio.create_task(self._watch.run())
        try:
            yield
        finally:
            tasks = [watching, *self._under_way]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def now(self) -> float:
        """Seconds since 1970 by a clock that never goes back: the `at` of an invocation."""
        return self._clock.now()

    def cached(self, guild_id: int) -> CompiledPolicy | None:
        """The policy in force at this moment, without waiting. None: `get` it."""
        kept = self._kept.get(guild_id)
        if kept is None or time.monotonic() >= kept.good_until:
            return None
        self._kept.move_to_end(guild_id)
        if (now := self.now()) >= kept.compiled.until:
            kept.compiled = compile_policy(kept.compiled.policy, self.surfaces, now)
        return kept.compiled

    async def get(self, guild_id: int) -> CompiledPolicy:
        """The policy in force, loaded if need be, once for all who ask. Raises PolicyAway."""
        compiled = self.cached(guild_id)
        while compiled is None:
            load = self._loads.get(guild_id) or self._start(guild_id)
            try:
                async with asyncio.timeout(self._load_seconds):
                    compiled = await asyncio.shield(load)
            except NOT_LOADED as error:
                log.warning("a policy could not be loaded", guild_id=guild_id, error=repr(error)[:200])
                return self._unsure(guild_id)
        return compiled

    def detail(self) -> dict[str, Any]:
        """For signs of life: how many guilds are in memory, and seconds since the last sweep."""
        age = self._watch.age
        return {"policies": len(self._kept), "policy_sweep_age": None if age is None else round(age, 1)}

    def _start(self, guild_id: int) -> asyncio.Task[CompiledPolicy | None]:
        load = self._loads[guild_id] = asyncio.create_task(self._load(guild_id))
        self._under_way.add(load)
        load.add_done_callback(self._ended)
        return load

    def _ended(self, load: asyncio.Task[CompiledPolicy | None]) -> None:
        self._under_way.discard(load)
        if not load.cancelled():
            load.exception()  # whoever waited has seen it; if nobody did, nobody needs it

    async def _load(self, guild_id: int) -> CompiledPolicy | None:
        """None when a change came meanwhile, which this load may not have seen."""
        try:
            async with asyncio.timeout(self._load_seconds), self._database.transaction() as session:
                offer = await self._offer_for(guild_id, session)
                policy = await self._policy_loader(session, guild_id=guild_id, offer=offer)
        finally:
            if is_newest := self._is_newest(guild_id):
                del self._loads[guild_id]
        return self._keep(policy) if is_newest else None

    def _is_newest(self, guild_id: int) -> bool:
        return self._loads.get(guild_id) is asyncio.current_task()

    async def _offer_for(self, guild_id: int, session: AsyncSession) -> Offer:
        """From memory, or loaded and kept like a policy."""
        if self._offer is not None and time.monotonic() < self._offer[1]:
            return self._offer[0]
        offer = await self._offer_loader(session)
        if self._is_newest(guild_id):
            self._offer = (offer, time.monotonic() + self._kept_seconds)
        return offer

    def _keep(self, policy: GuildPolicy) -> CompiledPolicy:
        compiled = compile_policy(policy, self.surfaces, self.now())
        self._kept[policy.guild_id] = _Kept(compiled, time.monotonic() + self._kept_seconds)
        self._kept.move_to_end(policy.guild_id)
        if len(self._kept) > self._most_guilds:
            self._kept.popitem(last=False)
        return compiled

    def _unsure(self, guild_id: int) -> CompiledPolicy:
        """What is in memory goes on for a while, if nothing is known against it."""
        if (kept := self._kept.get(guild_id)) is None:
            raise PolicyAway
        kept.good_until = time.monotonic() + RETRY_SECONDS
        compiled = self.cached(guild_id)
        assert compiled is not None
        return compiled

    def _drop(self, guild_id: int) -> None:
        """It has changed."""
        if guild_id == EVERY_GUILD:
            self._kept.clear()
            self._loads.clear()
            self._offer = None
        else:
            self._kept.pop(guild_id, None)
            self._loads.pop(guild_id, None)

    def _doubt(self) -> None:
        """Anything may have changed."""
        self._loads.clear()
        self._offer = None
        for kept in self._kept.values():
            kept.good_until = 0.0
