"""What tests of the operator's decisions share: a registered catalogue, servers, and what holds for one now."""

from datetime import UTC, datetime

from herwa_shared.clock import utc_now
from herwa_shared.guardrail.entitlement import entitlement_of
from herwa_shared.guardrail.policy import Entitlement
from herwa_shared.services import discovery
from herwa_shared.services.audit import Actor, Entry, Via, entries, verify_chain
from herwa_shared.services.guilds import GuildSeen, save_guilds
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.stores import Stores

OPERATOR = Actor(Via.CLI, None, "operator")
JOINED = datetime(2024, 1, 1, tzinfo=UTC)


async def registered(stores: Stores) -> None:
    """The features and modules of the code."""
    async with stores.database.transaction() as session:
        await discovery.register(session, (), ())


async def server(stores: Stores, guild_id: int, name: str = "Tea") -> int:
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildSeen(guild_id, name, 1, None, 5, JOINED)])
    return guild_id


async def entitlement(stores: Stores, guild_id: int, at: datetime | None = None) -> Entitlement:
    """As the guardrail would have it."""
    async with stores.database.transaction() as session:
        policy = await load_policy(session, guild_id=guild_id, offer=await load_offer(session))
    return entitlement_of(policy, (at or utc_now()).timestamp())


async def log(stores: Stores, guild_id: int | None) -> list[Entry]:
    """A chain that holds, the oldest entry first."""
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild_id) is None
        return list(await entries(session, guild_id=guild_id, limit=1000))[::-1]


async def version(stores: Stores, guild_id: int) -> int:
    """How often processes were told that something changed for it, as a number that grows."""
    async with stores.database.raw() as connection:
        return await connection.fetchval("SELECT version FROM policy_change WHERE guild_id = $1", guild_id) or 0
