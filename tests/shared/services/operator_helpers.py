"""Helpers for tests of the operator's services: register the catalog, save guilds, load entitlements and audit entries."""

from datetime import UTC, datetime

from herwa_shared.clock import utc_now
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.guardrail.policy import Entitlement
from herwa_shared.services import discovery
from herwa_shared.services.audit import Actor, AuditLogEntry, ChangeSource, list_entries
from herwa_shared.services.audit_verification import verify_chain
from herwa_shared.services.guilds import GuildData, save_guilds
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.stores import Stores

OPERATOR = Actor(ChangeSource.CLI, None, "operator")
JOINED_AT = datetime(2024, 1, 1, tzinfo=UTC)


async def register_catalog(stores: Stores) -> None:
    """Register the features and modules of the code's catalog."""
    async with stores.database.transaction() as session:
        await discovery.register(session, (), ())


async def save_guild(stores: Stores, guild_id: int, name: str = "Tea") -> int:
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, name, 1, None, 5, JOINED_AT)])
    return guild_id


async def load_entitlement(stores: Stores, guild_id: int, at: datetime | None = None) -> Entitlement:
    """Load the guild's policy and resolve its entitlement, as the guardrail does."""
    async with stores.database.transaction() as session:
        policy = await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))
    return resolve_entitlement(policy, (at or utc_now()).timestamp())


async def list_audit_entries(stores: Stores, guild_id: int | None) -> list[AuditLogEntry]:
    """Verify an audit chain and list its entries, oldest first."""
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild_id) is None
        return list(await list_entries(session, guild_id=guild_id, limit=1000))[::-1]


async def load_policy_version(stores: Stores, guild_id: int) -> int:
    """Load the guild's policy version, which increases with every published change; 0 if there was none."""
    async with stores.database.acquire_connection() as connection:
        return await connection.fetchval("SELECT version FROM policy_change WHERE guild_id = $1", guild_id) or 0
