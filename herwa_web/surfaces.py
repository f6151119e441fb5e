"""The surfaces of the dashboard: one per guild page, each part of a feature.

The downloads of a page belong to the page's surface.
`python -m herwa_web.surfaces` prints the surfaces as JSON for `herwa discover`.
"""

import json
import sys

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.services.discovery import to_json

KINDS = (SurfaceKind.PAGE,)
OVERVIEW = Surface(SurfaceKind.PAGE, "overview", FeatureKey.OVERVIEW, "Overview", Audience.MANAGERS)
FEATURES = Surface(SurfaceKind.PAGE, "features", FeatureKey.FEATURES, "Features", Audience.MANAGERS)
AUDIT = Surface(SurfaceKind.PAGE, "audit", FeatureKey.AUDIT, "Audit log", Audience.MANAGERS)
RULES = Surface(SurfaceKind.PAGE, "rules", FeatureKey.PERMISSIONS, "Access rules", Audience.MANAGERS)
CHANNELS = Surface(SurfaceKind.PAGE, "channels", FeatureKey.CHANNELS, "Channel lists", Audience.MANAGERS)
SETTINGS = Surface(SurfaceKind.PAGE, "settings", FeatureKey.SETTINGS, "Settings", Audience.MANAGERS)
PRIVACY = Surface(SurfaceKind.PAGE, "privacy", FeatureKey.SETTINGS, "Privacy", Audience.MANAGERS)
START = Surface(SurfaceKind.PAGE, "start", FeatureKey.SETTINGS, "First steps", Audience.MANAGERS)
KEYS = Surface(SurfaceKind.PAGE, "keys", FeatureKey.API_STATISTICS, "API keys", Audience.MANAGERS)
SURFACES = SurfaceRegistry((OVERVIEW, FEATURES, RULES, CHANNELS, AUDIT, SETTINGS, KEYS, PRIVACY, START))


def _build_command(key: str, feature: FeatureKey) -> Surface:
    return Surface(SurfaceKind.COMMAND, key, feature, "", Audience.MANAGERS)


FEATURE_COMMANDS = tuple(_build_command(f"features {name}", FeatureKey.FEATURES) for name in ("enable", "disable"))
RULE_COMMANDS = tuple(
    _build_command(f"permissions {name}", FeatureKey.PERMISSIONS) for name in ("allow", "deny", "remove")
)
TICKET_COMMANDS = tuple(_build_command(f"tickets {name}", FeatureKey.SUPPORT_CHANNELS) for name in ("mark", "unmark"))
HISTORY_COMMANDS = (_build_command("history import", FeatureKey.HISTORY),)
CHANNEL_COMMANDS = tuple(_build_command(f"channels {name}", FeatureKey.CHANNELS) for name in ("allow", "clear"))
"""Commands that make the same changes as a page: who is refused the commands cannot save on the page either."""


def main() -> None:
    """Print kinds and surfaces as JSON."""
    surfaces = json.loads(to_json(SURFACES.all))
    sys.stdout.write(json.dumps({"kinds": list(KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
