"""Control actions for SKUs and entitlements. With `event` false, the bot receives no gateway event."""

from datetime import datetime

from herwa_sim.actions.purchases import buy, create_sku, end_subscription, list_entitlements, refund
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json
from herwa_sim.serialize.purchases import get_state, serialize_entitlement, serialize_sku


async def add_sku(context: SimContext, body: Json) -> Json:
    """Create a SKU with this `name` (idempotent)."""
    return {"id": str(create_sku(context.world, body["name"]).id)}


async def list_skus(context: SimContext, _: Json) -> Json:
    """List the SKUs."""
    return {"skus": [serialize_sku(context.world, sku) for sku in context.world.skus.values()]}


async def sell(context: SimContext, body: Json) -> Json:
    """Sell `sku_id` to `guild_id`, bought by `user_id` (its owner by default), for `days` if given."""
    guild = context.world.get_guild(int(body["guild_id"]))
    days = body.get("days")
    entitlement = buy(
        context.world,
        guild,
        int(body["sku_id"]),
        user_id=int(body.get("user_id", guild.owner_id)),
        days=None if days is None else float(days),
        has_event=bool(body.get("event", True)),
    )
    return {"id": str(entitlement.id)}


async def end(context: SimContext, body: Json) -> Json:
    """End `entitlement_id`, at the time `at` (ISO 8601) or now."""
    at = body.get("at")
    end_subscription(
        context.world,
        int(body["entitlement_id"]),
        at=datetime.fromisoformat(at) if at else None,
        has_event=bool(body.get("event", True)),
    )
    return {}


async def refund_purchase(context: SimContext, body: Json) -> Json:
    """Refund `entitlement_id`."""
    refund(context.world, int(body["entitlement_id"]), has_event=bool(body.get("event", True)))
    return {}


async def list_all(context: SimContext, body: Json) -> Json:
    """List the entitlements of `guild_id`, or all, each with its state and the names of its SKU and guild."""
    guild_id, world = int(body["guild_id"]) if "guild_id" in body else None, context.world
    return {
        "entitlements": [
            serialize_entitlement(world, entry)
            | {
                "state": get_state(entry),
                "sku_name": world.get_sku(entry.sku_id).name,
                "guild_name": world.get_guild(entry.guild_id).name,
            }
            for entry in list_entitlements(world, guild_id)
        ]
    }


ACTIONS: dict[str, Action] = {
    "sku/create": add_sku,
    "sku/list": list_skus,
    "entitlement/buy": sell,
    "entitlement/end": end,
    "entitlement/refund": refund_purchase,
    "entitlement/list": list_all,
}
