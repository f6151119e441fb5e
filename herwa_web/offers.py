"""The tier that a server can buy in Discord, for the pages that show what its tier lacks."""

from dataclasses import dataclass

from herwa_shared.discord.endpoints import build_store_url
from herwa_shared.runtime.data_dir import DataFolder
from herwa_web import app_context
from herwa_web.offer_texts import format_offer, format_offer_link


@dataclass(frozen=True, slots=True)
class Offer:
    """A tier for sale: a sentence, and the link to the store. Both are empty without one."""

    sentence: str = ""
    label: str = ""
    href: str = ""


async def find_offer(guild_id: int, *, feature: str | None = None) -> Offer:
    """Find the lowest tier for sale above that of a guild, with the feature if one is given; read from memory."""
    compiled = await app_context.get_authorizer().policy_cache.get(guild_id)
    tier = compiled.policy.global_policy.find_tier_for_sale(compiled.entitlement.tier, feature=feature)
    settings = app_context.get_settings()
    if tier is None or tier.sku_id is None:
        return Offer()
    url = build_store_url(settings, DataFolder(settings.data_dir), tier.sku_id)
    return Offer(format_offer(tier.title), format_offer_link(tier.title), url) if url else Offer()
