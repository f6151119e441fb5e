"""Texts of the store page."""

PURCHASES = "Purchases"
NOTHING_BOUGHT = "Your servers have bought nothing yet."
CHOOSE_SERVER = "Server"
BUY = "Buy"
REFUND, END = "Refund", "End now"
REFUND_HINT = "A refund or an end reaches the bot like Discord's own."
STATES = {"active": "active", "ended": "ended", "refunded": "refunded"}
"""How a purchase is shown, by `PurchaseState`."""
NO_SERVER = "You don't manage a server with this bot. Choose another user."
CANNOT_BUY = "You don't manage this server."
BACK_TO_SERVERS = "Back to the servers"
UNKNOWN_APPLICATION = "Unknown application."


def format_title(application: str) -> str:
    """Name the store of an application."""
    return f"{application} · Store"


def format_lead(user: str) -> str:
    """Say that nothing costs money here."""
    return f"You buy as {user}. This is a simulated Discord: nothing costs money."


def format_bought(sku: str, guild: str) -> str:
    """Say what a server bought."""
    return f"{sku} for {guild}"
