"""The API's surfaces: one per guild route, and one for all widgets; each is part of a feature.

The key of a route's surface is the part of its path after the guild's id, or `guild` for the guild itself;
`exports/history` is what exports hold beyond summaries.
`python -m herwa_api.surfaces` prints the surfaces as JSON for `herwa discover`.
"""

import json
import sys

from herwa_api import texts, widget_texts
from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.services.discovery import to_json

KINDS = (SurfaceKind.API, SurfaceKind.WIDGET)


def _build_statistics_surface(key: str, title: str) -> Surface:
    return Surface(SurfaceKind.API, key, FeatureKey.API_STATISTICS, title, Audience.MANAGERS)


def _build_settings_surface(key: str, title: str) -> Surface:
    return Surface(SurfaceKind.API, key, FeatureKey.API_SETTINGS, title, Audience.MANAGERS)


def _build_export_surface(key: str, feature: FeatureKey, title: str) -> Surface:
    return Surface(SurfaceKind.API, key, feature, title, Audience.MANAGERS)


GUILD = _build_statistics_surface("guild", texts.ROUTE_SUMMARIES["guild"])
STATS = _build_statistics_surface("stats", texts.ROUTE_SUMMARIES["stats"])
TOP_CHANNELS = _build_statistics_surface("top/channels", texts.ROUTE_SUMMARIES["top_channels"])
TOP_MEMBERS = _build_statistics_surface("top/members", texts.ROUTE_SUMMARIES["top_members"])
HEATMAP = _build_statistics_surface("heatmap", texts.ROUTE_SUMMARIES["heatmap"])
KEYS = _build_statistics_surface("keys", texts.ROUTE_SUMMARIES["list_keys"])
FEATURES = _build_settings_surface("features", texts.ROUTE_SUMMARIES["list_features"])
RULES = _build_settings_surface("rules", texts.ROUTE_SUMMARIES["list_rules"])
CHANNEL_LISTS = _build_settings_surface("channel-lists", texts.ROUTE_SUMMARIES["list_channel_lists"])
AUDIT = _build_settings_surface("audit", texts.ROUTE_SUMMARIES["audit"])
EXPLAIN = _build_settings_surface("explain", texts.ROUTE_SUMMARIES["explain"])
EXPORTS = _build_export_surface("exports", FeatureKey.EXPORTS, texts.ROUTE_SUMMARIES["list_exports"])
EXPORT_HISTORY = _build_export_surface(
    "exports/history", FeatureKey.EXPORT_HISTORY, texts.ROUTE_SUMMARIES["create_export"]
)
WIDGETS = Surface(
    SurfaceKind.API, "widgets", FeatureKey.WIDGETS, widget_texts.ROUTE_SUMMARIES["list_widgets"], Audience.MANAGERS
)
WIDGET = Surface(SurfaceKind.WIDGET, "widget", FeatureKey.WIDGETS, widget_texts.WIDGET_TITLE)
STATISTICS_SURFACES = (GUILD, STATS, TOP_CHANNELS, TOP_MEMBERS, HEATMAP, KEYS)
SETTINGS_SURFACES = (FEATURES, RULES, CHANNEL_LISTS, AUDIT, EXPLAIN)
SURFACES = SurfaceRegistry((*STATISTICS_SURFACES, *SETTINGS_SURFACES, EXPORTS, EXPORT_HISTORY, WIDGETS, WIDGET))


def main() -> None:
    """Print kinds and surfaces as JSON."""
    surfaces = json.loads(to_json(SURFACES.all))
    sys.stdout.write(json.dumps({"kinds": list(KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
