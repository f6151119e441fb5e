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
SURFACES = SurfaceRegistry((OVERVIEW,))


def main() -> None:
    """Print kinds and surfaces as JSON."""
    surfaces = json.loads(to_json(SURFACES.all))
    sys.stdout.write(json.dumps({"kinds": list(KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
