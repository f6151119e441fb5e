"""The surfaces of the dashboard: one per guild page, each part of a feature.

The downloads of a page belong to the page's surface.
`python -m herwa_web.surfaces` prints the surfaces as JSON for `herwa discover`.
"""

import json
import sys

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.services.discovery import to_json
from herwa_shared.settings_surfaces import (
    AUDIT_PAGE,
    CHANNELS_PAGE,
    EXPORTS_PAGE,
    FEATURES_PAGE,
    RULES_PAGE,
    WIDGETS_PAGE,
)

KINDS = (SurfaceKind.PAGE,)
OVERVIEW = Surface(SurfaceKind.PAGE, "overview", FeatureKey.OVERVIEW, "Overview", Audience.MANAGERS)
SETTINGS = Surface(SurfaceKind.PAGE, "settings", FeatureKey.SETTINGS, "Settings", Audience.MANAGERS)
PRIVACY = Surface(SurfaceKind.PAGE, "privacy", FeatureKey.SETTINGS, "Privacy", Audience.MANAGERS)
START = Surface(SurfaceKind.PAGE, "start", FeatureKey.SETTINGS, "First steps", Audience.MANAGERS)
KEYS = Surface(SurfaceKind.PAGE, "keys", FeatureKey.API_STATISTICS, "API keys", Audience.MANAGERS)
EXPORT_HISTORY = Surface(
    SurfaceKind.PAGE, "exports/history", FeatureKey.EXPORT_HISTORY, "History exports", Audience.MANAGERS
)
SETTINGS_SURFACES = (FEATURES_PAGE, RULES_PAGE, CHANNELS_PAGE, AUDIT_PAGE, SETTINGS, PRIVACY, START)
SURFACES = SurfaceRegistry((OVERVIEW, *SETTINGS_SURFACES, KEYS, WIDGETS_PAGE, EXPORTS_PAGE, EXPORT_HISTORY))


def main() -> None:
    """Print kinds and surfaces as JSON."""
    surfaces = json.loads(to_json(SURFACES.all))
    sys.stdout.write(json.dumps({"kinds": list(KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
