"""The pages that show settings, the page of exports, and the commands that change settings.

Who may not use a command cannot make the same change on its page or through the API either; who may not see a page
cannot read its settings through the API.
"""

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind

FEATURES_PAGE = Surface(SurfaceKind.PAGE, "features", FeatureKey.FEATURES, "Features", Audience.MANAGERS)
AUDIT_PAGE = Surface(SurfaceKind.PAGE, "audit", FeatureKey.AUDIT, "Audit log", Audience.MANAGERS)
RULES_PAGE = Surface(SurfaceKind.PAGE, "rules", FeatureKey.PERMISSIONS, "Access rules", Audience.MANAGERS)
CHANNELS_PAGE = Surface(SurfaceKind.PAGE, "channels", FeatureKey.CHANNELS, "Channel lists", Audience.MANAGERS)

WIDGETS_PAGE = Surface(SurfaceKind.PAGE, "widgets", FeatureKey.WIDGETS, "Widgets", Audience.MANAGERS)
EXPORTS_PAGE = Surface(SurfaceKind.PAGE, "exports", FeatureKey.EXPORTS, "Exports", Audience.MANAGERS)


def _build_command(key: str, feature: FeatureKey) -> Surface:
    return Surface(SurfaceKind.COMMAND, key, feature, "", Audience.MANAGERS)


FEATURE_COMMANDS = tuple(_build_command(f"features {name}", FeatureKey.FEATURES) for name in ("enable", "disable"))
RULE_COMMANDS = tuple(
    _build_command(f"permissions {name}", FeatureKey.PERMISSIONS) for name in ("allow", "deny", "remove")
)
TICKET_COMMANDS = tuple(_build_command(f"tickets {name}", FeatureKey.SUPPORT_CHANNELS) for name in ("mark", "unmark"))
CHANNEL_COMMANDS = tuple(_build_command(f"channels {name}", FeatureKey.CHANNELS) for name in ("allow", "clear"))
HISTORY_COMMANDS = (_build_command("history import", FeatureKey.HISTORY),)
