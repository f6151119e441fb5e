"""Sell SKUs to guilds, refund them, let them expire. Only REST shows it when an event is left out."""

from dataclasses import replace
from datetime import datetime, timedelta

from herwa_shared.clock import utc_now
from herwa_sim.entities import SimEntitlement, SimGuild, SimSku
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.purchases import serialize_entitlement
from herwa_sim.snowflakes import create_stable_snowflake
from herwa_sim.world import EntityNotFound, World


def create_sku(world: World, name: str) -> SimSku:
    """Create a SKU for guilds (idempotent by name). The id is derived from the name."""
    sku = SimSku(create_stable_snowflake("sku", name), name)
    world.skus[sku.id] = sku
    world.publish()
    return sku


def buy(
    world: World, guild: SimGuild, sku_id: int, *, user_id: int, days: float | None = None, has_event: bool = True
) -> SimEntitlement:
    """Sell a SKU to a guild, for `days` or until it is ended."""
    world.get_sku(sku_id)
    now = utc_now()
    entitlement = SimEntitlement(
        world.snowflakes.generate(),
        sku_id,
        guild.id,
        world.get_user(user_id).id,
        starts_at=now,
        ends_at=None if days is None else now + timedelta(days=days),
    )
    return _save(world, entitlement, "ENTITLEMENT_CREATE", has_event=has_event)


def create_test_entitlement(world: World, guild: SimGuild, sku_id: int, *, user_id: int) -> SimEntitlement:
    """Create a test entitlement of a guild, which has neither start nor end."""
    entitlement = SimEntitlement(world.snowflakes.generate(), world.get_sku(sku_id).id, guild.id, user_id)
    return _save(world, entitlement, "ENTITLEMENT_CREATE", has_event=True)


def end_subscription(
    world: World, entitlement_id: int, *, at: datetime | None = None, has_event: bool = True
) -> SimEntitlement:
    """End a subscription at a time, by default now. Raises EntityNotFound."""
    entitlement = replace(world.get_entitlement(entitlement_id), ends_at=at or utc_now())
    return _save(world, entitlement, "ENTITLEMENT_UPDATE", has_event=has_event)


def refund(world: World, entitlement_id: int, *, has_event: bool = True) -> SimEntitlement:
    """Refund a purchase, or delete a test entitlement: Discord marks it as deleted. Raises EntityNotFound."""
    entitlement = replace(world.get_entitlement(entitlement_id), deleted=True)
    return _save(world, entitlement, "ENTITLEMENT_DELETE", has_event=has_event)


def list_entitlements(world: World, guild_id: int | None = None) -> list[SimEntitlement]:
    """List the entitlements of a guild, or all, in the order of their ids."""
    found = [entry for entry in world.entitlements.values() if guild_id in (None, entry.guild_id)]
    return sorted(found, key=lambda entry: entry.id)


def _save(world: World, entitlement: SimEntitlement, event_name: str, *, has_event: bool) -> SimEntitlement:
    if entitlement.guild_id not in world.guilds:
        raise EntityNotFound("Guild", entitlement.guild_id)
    world.entitlements[entitlement.id] = entitlement
    # Discord sends these events on shard 0, whatever the guild.
    events = [GatewayEvent(event_name, serialize_entitlement(world, entitlement))] if has_event else []
    world.publish(*events)
    return entitlement
