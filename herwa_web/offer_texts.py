"""Texts of the offer to buy a tier."""


def format_offer(tier: str) -> str:
    """Say what a higher tier is for."""
    return f"{tier} includes more features and higher limits."


def format_offer_link(tier: str) -> str:
    """Label the link to the store."""
    return f"Get {tier} in Discord"
