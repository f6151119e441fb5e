"""Texts of `herwa sim store`."""

from typing import Any

STORE_HELP = "Buy Premium for a server in the local Discord, refund it, or let it fail. Nothing costs money."
LIST_HELP = "List what can be bought, and what servers bought."
GUILD_OPTION = "ID or exact name of a server. Default: all servers."
BUY_HELP = "Buy a tier for a server. Give the tier the ID of the SKU first: herwa admin tier --sku."
BUY_EXAMPLE = "Example: herwa sim store buy 'Garden Club' --days 30"
SKU_OPTION = "ID of the SKU, from `herwa sim store list`. Default: the only one."
DAYS_OPTION = "Number of days. Default: no end."
EVENT_OPTION = "Whether the bot receives an event. Without, it finds the change at its hourly check."
PURCHASE_ARGUMENT = "ID of the purchase, from `herwa sim store list`."
REFUND_HELP = "Refund a purchase."
REFUND_EXAMPLE = "Example: herwa sim store refund 1124357902348746752"
END_HELP = "End a purchase now, as a subscription that isn't renewed."
FAIL_HELP = "Let requests for purchases fail, or respond again. While they fail, everyone keeps what they have."
FAIL_EXAMPLE = "Example: herwa sim store fail on --status 503"
FAIL_ARGUMENT = "on: requests fail. off: they respond again."
STATUS_OPTION = "HTTP status of the failed requests."
CHOOSE_SKU = "Choose one with --sku. `herwa sim store list` lists them."
UNKNOWN_PURCHASE = "Unknown purchase. `herwa sim store list` lists them."
NO_PURCHASES = "No purchases yet."


def format_store(store: dict[str, Any]) -> str:
    """Format what can be bought, and the purchases."""
    skus = [f"SKU {sku['id']}: {sku['name']}" for sku in store["skus"]]
    return "\n".join([*skus, *([format_purchase(entry) for entry in store["purchases"]] or [NO_PURCHASES])])


def format_purchase(purchase: dict[str, Any]) -> str:
    """Format a purchase in one line."""
    end = f", until {purchase['ends_at'][:10]}" if purchase["state"] == "active" and purchase["ends_at"] else ""
    return f"Purchase {purchase['id']}: {purchase['sku']} for {purchase['guild']}, {purchase['state']}{end}"


def format_not_active(state: str) -> str:
    """Format that a purchase is over."""
    return f"This purchase is {state} already."


def format_failing(result: dict[str, Any]) -> str:
    """Format whether requests for purchases fail."""
    if result["fails_with"] is None:
        return "Requests for purchases respond again."
    return f"Requests for purchases fail with {result['fails_with']}."
