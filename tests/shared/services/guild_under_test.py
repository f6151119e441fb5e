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
from herwa_shared.services.audit import Actor, AuditLogEntry, ChangeSource
from herwa_shared.services.discovery import register
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.stores import Stores
from tests.support.row_factories import add_guild

MANAGER = Actor(ChangeSource.WEB, 7_000_000_000_000_000_001, "Olga")
SURFACE_KINDS = tuple(SurfaceKind)
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
class GuildUnderTest:
    """One guild of the test's own."""

    stores: Stores
    id: int

    async def call_as_manager(self, function: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
        """Olga changes something."""
        async with self.stores.database.transaction() as session:
            return await function(session, **{"guild_id": self.id, "actor": MANAGER} | arguments)

    async def call(self, function: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
        async with self.stores.database.transaction() as session:
            return await function(session, **{"guild_id": self.id} | arguments)

    async def load_policy(self) -> GuildPolicy:
        return await load_guild_policy(self.stores, self.id)

    async def list_rules(self) -> tuple[AccessRule, ...]:
        return await self.call(list_rules, now=utc_now())

    async def list_audit_entries(self) -> tuple[AuditLogEntry, ...]:
        """The guild's audit log, the newest first, after a look at its chain."""
        assert await self.call(audit.verify_chain) is None
        return await self.call(audit.list_entries)


async def create_guild(stores: Stores) -> GuildUnderTest:
    """A guild that has chosen nothing, in a Herwa whose catalogue is registered."""
    async with stores.database.transaction() as session:
        await register(session, SURFACE_KINDS, SURFACES)
    return GuildUnderTest(stores, await add_guild(stores))


async def load_guild_policy(stores: Stores, guild_id: int) -> GuildPolicy:
    async with stores.database.transaction() as session:
        return await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))


@asynccontextmanager
async def open_rollback_session(stores: Stores) -> AsyncIterator[AsyncSession]:
    """For what would concern every other test: the operator's own rows."""
    async with stores.database.transaction() as session:
        yield session
        await session.rollback()


def build_rule(**overrides: Any) -> NewRule:
    """Everyone may use /server-stats, unless said otherwise."""
    return NewRule(
        **{
            "allow": True,
            "subject_kind": SubjectKind.EVERYONE,
            "subject_id": 0,
            "target_kind": TargetKind.COMMAND,
            "target_key": "server-stats",
        }
        | overrides
    )
