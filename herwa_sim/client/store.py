"""Sell SKUs to guilds through the control API. Without `event`, the bot receives no gateway event."""

from datetime import datetime

from herwa_sim.client.client import SimClient


def list_skus(client: SimClient) -> dict[int, str]:
    """Return the names of the SKUs by id."""
    return {int(sku["id"]): sku["name"] for sku in client.call("sku/list")["skus"]}


def create_sku(client: SimClient, name: str) -> int:
    """Create a SKU (idempotent by name); return its id."""
    return int(client.call("sku/create", name=name)["id"])


def buy(
    client: SimClient,
    guild_id: int,
    sku_id: int,
    *,
    user_id: int | None = None,
    days: float | None = None,
    event: bool = True,
) -> int:
    """Sell a SKU to the guild, for `days` or until it is ended; return the entitlement's id.

    The buyer is the owner by default.
    """
    response = client.call(
        "entitlement/buy",
        guild_id=str(guild_id),
        sku_id=str(sku_id),
        user_id=None if user_id is None else str(user_id),
        days=days,
        event=event,
    )
    return int(response["id"])


def end_entitlement(client: SimClient, entitlement_id: int, *, at: datetime | None = None, event: bool = True) -> None:
    """End a bought subscription, now or at a time."""
    time = at.isoformat() if at else None
    client.call("entitlement/end", entitlement_id=str(entitlement_id), at=time, event=event)


def refund(client: SimClient, entitlement_id: int, *, event: bool = True) -> None:
    """Refund a purchase."""
    client.call("entitlement/refund", entitlement_id=str(entitlement_id), event=event)
