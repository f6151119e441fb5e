"""JSON of SKUs and entitlements."""

from enum import StrEnum

from herwa_shared.clock import utc_now
from herwa_sim.entities import Json, SimEntitlement, SimSku
from herwa_sim.world import World

APPLICATION_SUBSCRIPTION = 8
GUILD_SUBSCRIPTION_SKU = 5
AVAILABLE_TO_GUILDS = 1 << 2 | 1 << 7


def serialize_entitlement(world: World, entitlement: SimEntitlement) -> Json:
    """Return the entitlement object."""
    return {
        "id": str(entitlement.id),
        "sku_id": str(entitlement.sku_id),
        "application_id": str(world.application.id),
        "user_id": str(entitlement.user_id),
        "guild_id": str(entitlement.guild_id),
        "type": APPLICATION_SUBSCRIPTION,
        "deleted": entitlement.deleted,
        "consumed": False,
        "starts_at": entitlement.starts_at.isoformat() if entitlement.starts_at else None,
        "ends_at": entitlement.ends_at.isoformat() if entitlement.ends_at else None,
    }


def serialize_sku(world: World, sku: SimSku) -> Json:
    """Return the SKU object."""
    return {
        "id": str(sku.id),
        "type": GUILD_SUBSCRIPTION_SKU,
        "application_id": str(world.application.id),
        "name": sku.name,
        "slug": sku.name.lower().replace(" ", "-"),
        "flags": AVAILABLE_TO_GUILDS,
    }


class PurchaseState(StrEnum):
    """Whether a guild has what it bought, and if not, why."""

    ACTIVE = "active"
    ENDED = "ended"
    REFUNDED = "refunded"


def get_state(entitlement: SimEntitlement) -> PurchaseState:
    """Return the state of a purchase now."""
    if entitlement.deleted:
        return PurchaseState.REFUNDED
    has_ended = entitlement.ends_at is not None and entitlement.ends_at <= utc_now()
    return PurchaseState.ENDED if has_ended else PurchaseState.ACTIVE


def is_in_force(entitlement: SimEntitlement) -> bool:
    """True if the guild has what it bought now."""
    return get_state(entitlement) is PurchaseState.ACTIVE
