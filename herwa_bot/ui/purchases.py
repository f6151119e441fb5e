"""Buttons that open Discord's dialog for buying a tier."""

from collections.abc import Iterable
from typing import Any

import discord

from herwa_shared.guardrail.policy import Tier
from herwa_shared.log import get_logger

log = get_logger(__name__)


def build_premium_buttons(tiers: Iterable[Tier]) -> tuple[discord.ui.Button[Any], ...]:
    """Build a button for each tier that is for sale. Discord labels it and handles its presses."""
    return tuple(
        discord.ui.Button(style=discord.ButtonStyle.premium, sku_id=tier.sku_id)
        for tier in tiers
        if tier.sku_id is not None
    )


def is_invalid_button(error: discord.HTTPException) -> bool:
    """Return whether Discord may have rejected a reply for its premium button, and log it.

    It does so while the SKU is not published, or of another application. The reply is then sent without the button.
    """
    if error.status != 400:
        return False
    log.warning("reply with a premium button rejected", code=error.code)
    return True
