"""Sell SKUs to guilds through the control API. Without `event`, the bot receives no gateway event."""

from dataclasses import dataclass
from datetime import datetime

from herwa_sim.client.client import SimClient

PURCHASES_ROUTE = "/entitlements"


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a guild bought. `state` is `active`, `ended` or `refunded`."""

    id: int
    state: str
    sku_id: int
    sku_name: str
    guild_id: int
    guild_name: str
    starts_at: datetime | None
    ends_at: datetime | None


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


def list_purchases(client: SimClient, *, guild_id: int | None = None) -> tuple[Purchase, ...]:
    """List what a guild, or all guilds, bought, oldest first."""
    response = client.call("entitlement/list", guild_id=None if guild_id is None else str(guild_id))
    return tuple(
        Purchase(
            int(entry["id"]),
            entry["state"],
            int(entry["sku_id"]),
            entry["sku_name"],
            int(entry["guild_id"]),
            entry["guild_name"],
            *(entry[name] and datetime.fromisoformat(entry[name]) for name in ("starts_at", "ends_at")),
        )
        for entry in response["entitlements"]
    )


def set_failing(client: SimClient, *, status: int | None) -> None:
    """Let every REST request about purchases fail with this status; None: let them respond again."""
    share = 0 if status is None else 1
    client.enable_faults(fail={"share": share, "status": status or 502, "route": PURCHASES_ROUTE})
