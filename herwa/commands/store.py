"""`herwa sim store`: buy, refund and end Premium in the local Discord, and let its list of purchases fail."""

from typing import Any

from herwa.commands.local_discord import open_sim_client
from herwa.commands.operator_session import choose_guild
from herwa.texts import store as texts
from herwa_shared.config import Settings
from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.client import store
from herwa_sim.client.client import SimClient
from herwa_sim.client.store import Purchase


def load_store(settings: Settings, *, guild: str | None) -> dict[str, Any]:
    """Load what can be bought, and what a server or all servers bought, newest first. Raises NotFound."""
    with open_sim_client(settings) as client:
        guild_id = None if guild is None else choose_guild(client.get_snapshot().guilds, guild).id
        skus = [{"id": str(id_), "name": name} for id_, name in store.list_skus(client).items()]
        purchases = reversed(store.list_purchases(client, guild_id=guild_id))
        return {"skus": skus, "purchases": [_serialize(purchase) for purchase in purchases]}


def buy_for_guild(
    settings: Settings, *, guild: str, sku_id: int | None, days: int | None, has_event: bool
) -> dict[str, Any]:
    """Sell a SKU, by default the only one, to a server, and return the purchase. Raises NotFound, BadRequest."""
    with open_sim_client(settings) as client:
        target, skus = choose_guild(client.get_snapshot().guilds, guild), store.list_skus(client)
        if sku_id is None and len(skus) != 1:
            raise BadRequest(texts.CHOOSE_SKU)
        purchase_id = store.buy(client, target.id, sku_id or next(iter(skus)), days=days, event=has_event)
        return _serialize(_get_purchase(client, purchase_id))


def refund_purchase(settings: Settings, *, purchase_id: int, has_event: bool) -> dict[str, Any]:
    """Refund a purchase and return it. Raises NotFound, BadRequest for one that is over."""
    with open_sim_client(settings) as client:
        _require_active(_get_purchase(client, purchase_id))
        store.refund(client, purchase_id, event=has_event)
        return _serialize(_get_purchase(client, purchase_id))


def end_purchase(settings: Settings, *, purchase_id: int, has_event: bool) -> dict[str, Any]:
    """End a purchase now and return it. Raises NotFound, BadRequest for one that is over."""
    with open_sim_client(settings) as client:
        _require_active(_get_purchase(client, purchase_id))
        store.end_entitlement(client, purchase_id, event=has_event)
        return _serialize(_get_purchase(client, purchase_id))


def set_failing(settings: Settings, *, status: int | None) -> dict[str, Any]:
    """Let requests for purchases fail with this status, or respond again if it is None."""
    with open_sim_client(settings) as client:
        store.set_failing(client, status=status)
    return {"fails_with": status}


def _get_purchase(client: SimClient, purchase_id: int) -> Purchase:
    for purchase in store.list_purchases(client):
        if purchase.id == purchase_id:
            return purchase
    raise NotFound(texts.UNKNOWN_PURCHASE)


def _require_active(purchase: Purchase) -> None:
    if purchase.state != "active":
        raise BadRequest(texts.format_not_active(purchase.state))


def _serialize(purchase: Purchase) -> dict[str, Any]:
    return {
        "id": str(purchase.id),
        "state": purchase.state,
        "sku_id": str(purchase.sku_id),
        "sku": purchase.sku_name,
        "guild_id": str(purchase.guild_id),
        "guild": purchase.guild_name,
        "starts_at": purchase.starts_at and purchase.starts_at.isoformat(),
        "ends_at": purchase.ends_at and purchase.ends_at.isoformat(),
    }
