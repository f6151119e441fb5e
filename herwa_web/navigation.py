"""The pages of a server and their groups, for side bar, bottom bar and menus."""

from dataclasses import dataclass

from herwa_web import texts


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """A page of a server.

    `path` follows the URL of the server. `is_frequent`: it has a place in the bottom bar of phones, with `short_label`
    if set.
    """

    name: str
    icon: str
    label: str
    path: str = ""
    short_label: str = ""
    is_frequent: bool = False


@dataclass(frozen=True, slots=True)
class NavigationGroup:
    """Pages of a server under one heading."""

    title: str
    items: tuple[NavigationItem, ...]


OVERVIEW_ITEM = NavigationItem("overview", "chart-line", texts.OVERVIEW, is_frequent=True)
FEATURES_ITEM = NavigationItem("features", "toggle-right", texts.FEATURES, "/features", is_frequent=True)
RULES_ITEM = NavigationItem(
    "rules", "shield-check", texts.ACCESS_RULES, "/rules", short_label=texts.RULES, is_frequent=True
)
CHANNELS_ITEM = NavigationItem("channels", "hash", texts.CHANNEL_LISTS, "/channels")
AUDIT_ITEM = NavigationItem("audit", "history", texts.AUDIT_LOG, "/audit")
SETTINGS_ITEM = NavigationItem("settings", "settings", texts.SETTINGS, "/settings")
WIDGETS_ITEM = NavigationItem("widgets", "panels-top-left", texts.WIDGETS, "/widgets")
KEYS_ITEM = NavigationItem("keys", "key-round", texts.API_KEYS, "/keys")
EXPORTS_ITEM = NavigationItem("exports", "package", texts.EXPORTS, "/exports")
PRIVACY_ITEM = NavigationItem("privacy", "shield-user", texts.PRIVACY, "/privacy")
START_ITEM = NavigationItem("start", "list-checks", texts.FIRST_STEPS, "/start")
GROUPS = (
    NavigationGroup(texts.INSIGHTS, (OVERVIEW_ITEM, START_ITEM)),
    NavigationGroup(texts.GOVERN, (FEATURES_ITEM, RULES_ITEM, CHANNELS_ITEM, AUDIT_ITEM, PRIVACY_ITEM, SETTINGS_ITEM)),
    NavigationGroup(texts.SHARE, (WIDGETS_ITEM, EXPORTS_ITEM, KEYS_ITEM)),
)
PAGES = tuple(item for group in GROUPS for item in group.items)
