"""What the API serves about a guild, each a surface of a feature: its key is what stands behind the guild's id.

`python -m herwa_api.surfaces` prints them for `herwa discover`.
"""

import json
import sys

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, Surfaces
from herwa_shared.services.discovery import as_json

KINDS = (SurfaceKind.API,)


def _statistics(key: str, title: str) -> Surface:
    return Surface(SurfaceKind.API, key, FeatureKey.API_STATISTICS, title, Audience.MANAGERS)


STATS = _statistics("stats", "One metric over time")
TOP_CHANNELS = _statistics("top/channels", "Channels with most activity")
TOP_MEMBERS = _statistics("top/members", "Members with most activity")
HEATMAP = _statistics("heatmap", "Activity by hour of the week")
SURFACES = Surfaces((STATS, TOP_CHANNELS, TOP_MEMBERS, HEATMAP))


def main() -> None:
    """Entry point."""
    surfaces = json.loads(as_json(SURFACES.all))
    sys.stdout.write(json.dumps({"kinds": list(KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
