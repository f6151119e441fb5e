"""Texts of the editor of tiers."""

from collections.abc import Iterable

from herwa_shared.charts.formatting import format_int
from herwa_shared.operators.tier_editor import TierEffect
from herwa_web.pages.admin.server.texts import LIMIT_TITLES

LEAD = "Changes take effect within a second. A smaller tier deletes nothing: it hides what it does not include."
INHERITS, NOTHING = "Inherits from", "no tier"
FEATURES, FEATURES_HINT = "Features", "Those of the tier that it inherits from can't be taken out here."
LIMITS, LIMITS_HINT = "Limits", "Empty: unlimited."
INHERITED, SAME_AS_PARENT = "inherited", "Same as the inherited tier"
SALE = "Sale in Discord"
SALE_HINT = "With a SKU, servers can buy this tier in Discord. What was bought remains when you remove it."
SKU = "SKU id"
SKU_PLACEHOLDER = "Not for sale"
INVALID_SKU = "The id of a SKU is a number of 17 to 19 digits."
NEW_TIER, NEW_TIER_HINT = "New tier", "It inherits from the tier below it until you change it."
KEY, KEY_HINT, NAME, ABOVE = "Key", "starter", "Title", "Better than"
CREATE, CREATED = "Create", "Tier created."
DELETE_TIER = "Delete this tier"
DELETE_HINT = "Only a tier that no server has or had, and that nothing else uses."
DELETE, DELETED = "Delete", "Tier deleted."
SHOW_EFFECT = "Show effect"
NO_EFFECT = "No server gains or loses anything."
SAVE = "Save"
SAVED = "Tier saved."
INVALID_LIMIT = "A limit is a whole number, or empty for unlimited."


def format_servers(count: int) -> str:
    """Say how many servers have the tier."""
    return "1 server has it now." if count == 1 else f"{format_int(count)} servers have it now."


def format_effect(effect: TierEffect) -> str:
    """Say how many servers gain or lose a feature, or get a higher or lower limit."""
    title = LIMIT_TITLES.get(effect.key, effect.title) if effect.is_limit else effect.title
    gain, loss = ("get more", "get less") if effect.is_limit else ("gain it", "lose it")
    parts = [
        f"{_format_count(count)} {verb}" for count, verb in ((effect.gaining, gain), (effect.losing, loss)) if count
    ]
    return f"{title}: {' and '.join(parts)}" if parts else f"{title}: no server is concerned"


def format_effects(effects: Iterable[TierEffect]) -> list[str]:
    """Format each effect as a sentence."""
    return [format_effect(effect) for effect in effects]


def _format_count(count: int) -> str:
    return "1 server" if count == 1 else f"{format_int(count)} servers"
