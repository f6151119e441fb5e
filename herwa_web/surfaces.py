"""The pages of a guild, each a surface of a feature; its downloads belong to it.

`python -m herwa_web.surfaces` prints them for `herwa discover`.
"""

import json
import sys

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.services.discovery import to_json

KINDS = (SurfaceKind.PAGE,)
OVERVIEW = Surface(SurfaceKind.PAGE, "overview", FeatureKey.OVERVIEW, "Overview", Audience.MANAGERS)
SURFACES = SurfaceRegistry((OVERVIEW,))


def main() -> None:
    """Entry point."""
    surfaces = json.loads(to_json(SURFACES.all))
    sys.stdout.write(json.dumps({"kinds": list(KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
