"""A guild on which tests call services, each in its own transaction, and whose policy they read back."""

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
from herwa_shared.services.audit_verification import verify_chain
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
    Surface(SurfaceKind.WIDGET, "widget", FeatureKey.WIDGETS, "Widget"),
)


@dataclass(frozen=True, slots=True)
class GuildUnderTest:
    """A guild of one test."""

    stores: Stores
    id: int

    async def call_as_manager(self, function: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
        """Call a service that changes the guild, with the manager Olga as actor."""
        async with self.stores.database.transaction() as session:
            return await function(session, **{"guild_id": self.id, "actor": MANAGER} | arguments)

    async def call(self, function: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
        """Call a service that reads the guild or that has no actor."""
        async with self.stores.database.transaction() as session:
            return await function(session, **{"guild_id": self.id} | arguments)

    async def load_policy(self) -> GuildPolicy:
        return await load_guild_policy(self.stores, self.id)

    async def list_rules(self) -> tuple[AccessRule, ...]:
        return await self.call(list_rules, now=utc_now())

    async def list_audit_entries(self) -> tuple[AuditLogEntry, ...]:
        """Verify the guild's audit chain and list its entries, newest first."""
        assert await self.call(verify_chain) is None
        return await self.call(audit.list_entries)


async def create_guild(stores: Stores) -> GuildUnderTest:
    """Register the catalog and create a guild with default settings."""
    async with stores.database.transaction() as session:
        await register(session, SURFACE_KINDS, SURFACES)
    return GuildUnderTest(stores, await add_guild(stores, has_all_history=False))


async def load_guild_policy(stores: Stores, guild_id: int) -> GuildPolicy:
    async with stores.database.transaction() as session:
        return await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))


@asynccontextmanager
async def open_rollback_session(stores: Stores) -> AsyncIterator[AsyncSession]:
    """Open a transaction that is rolled back, for changes that would affect every guild and thus other tests."""
    async with stores.database.transaction() as session:
        yield session
        await session.rollback()


def build_rule(**overrides: Any) -> NewRule:
    """Build a rule, by default one that allows everyone to use /server-stats."""
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
