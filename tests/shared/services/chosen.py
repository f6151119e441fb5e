"""A guild that makes choices: each call is a use case of its own, and what it comes to is read as the guardrail does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, SubjectKind, TargetKind
from herwa_shared.services import audit
from herwa_shared.services.access_rules import NewRule, list_rules
from herwa_shared.services.audit import Actor, Entry, Via
from herwa_shared.services.discovery import register
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.stores import Stores
from tests.activity import add_guild

OLGA = Actor(Via.WEB, 7_000_000_000_000_000_001, "Olga")
KINDS = tuple(SurfaceKind)
SURFACES = (
    Surface(SurfaceKind.COMMAND, "server-stats", FeatureKey.SERVER_STATS, "Chart the messages"),
    Surface(SurfaceKind.COMMAND, "voice-stats", FeatureKey.VOICE_STATS, "Chart the voices"),
    Surface(SurfaceKind.COMMAND, "ticket-stats", FeatureKey.TICKET_STATS, "Chart the tickets"),
    Surface(SurfaceKind.COMMAND, "permissions allow", FeatureKey.PERMISSIONS, "Allow", Audience.MANAGERS),
    Surface(SurfaceKind.COMMAND, "permissions list", FeatureKey.PERMISSIONS, "Show rules", Audience.MANAGERS),
    Surface(SurfaceKind.COMMAND, "help", FeatureKey.HELP, "What you may use"),
    Surface(SurfaceKind.MENU, "Voice of a member", FeatureKey.VOICE_STATS, "Voice of a member"),
    Surface(SurfaceKind.PAGE, "overview", FeatureKey.OVERVIEW, "Overview", Audience.MANAGERS),
    Surface(SurfaceKind.API, "stats", FeatureKey.API_STATISTICS, "Statistics", Audience.MANAGERS),
)


@dataclass(frozen=True, slots=True)
class Home:
    """One guild of the test's own."""

    stores: Stores
    id: int

    async def does(self, verb: Callable[..., Awaitable[Any]], **more: Any) -> Any:
        """Olga changes something."""
        async with self.stores.database.transaction() as session:
            return await verb(session, **{"guild_id": self.id, "actor": OLGA} | more)

    async def asks(self, question: Callable[..., Awaitable[Any]], **more: Any) -> Any:
        async with self.stores.database.transaction() as session:
            return await question(session, **{"guild_id": self.id} | more)

    async def policy(self) -> GuildPolicy:
        return await policy_of(self.stores, self.id)

    async def rules(self) -> tuple[AccessRule, ...]:
        return await self.asks(list_rules, now=utc_now())

    async def log(self) -> tuple[Entry, ...]:
        """The guild's audit log, the newest first, after a look at its chain."""
        assert await self.asks(audit.verify_chain) is None
        return await self.asks(audit.entries)


async def new_home(stores: Stores) -> Home:
    """A guild that has chosen nothing, in a Herwa whose catalogue is registered."""
    async with stores.database.transaction() as session:
        await register(session, KINDS, SURFACES)
    return Home(stores, await add_guild(stores))


async def policy_of(stores: Stores, guild_id: int) -> GuildPolicy:
    async with stores.database.transaction() as session:
        return await load_policy(session, guild_id=guild_id, offer=await load_offer(session))


@asynccontextmanager
async def never_committed(stores: Stores) -> AsyncIterator[AsyncSession]:
    """For what would concern every other test: the operator's own rows."""
    async with stores.database.transaction() as session:
        yield session
        await session.rollback()


def rule(**said: Any) -> NewRule:
    """Everyone may use /server-stats, unless said otherwise."""
    return NewRule(
        **{
            "allow": True,
            "subject_kind": SubjectKind.EVERYONE,
            "subject_id": 0,
            "target_kind": TargetKind.COMMAND,
            "target_key": "server-stats",
        }
        | said
    )
