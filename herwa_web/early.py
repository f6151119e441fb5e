"""What a page is going to need, told with the page itself; or a browser learns of each script only from the one before.

Pages with an address of their own have this from their build. Those whose address holds an id share one page.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANIFEST = re.compile(r"__reactRouterManifest=(\{.*\})", re.DOTALL)
PLACEHOLDER = re.compile(r":(\w+)")
LATER = re.compile(r"\bimport\([\"'`]\./([\w.-]+\.js)[\"'`]\)")


def early_links(client: Path) -> dict[str, str]:
    """The `Link` header for pages of a route, by the route as Reflex writes it: `g/[guild_id]`."""
    manifest = next((client / "assets").glob("manifest-*.js")).read_text()
    found = MANIFEST.search(manifest)
    assert found, "the build has a manifest of another kind"
    told = (client / "404.html").read_text()
    links = {}
    for route in json.loads(found[1])["routes"].values():
        address = route.get("path", "")
        if ":" in address:
            wanted = [path for path in _scripts(client, route) if path not in told]
            links[PLACEHOLDER.sub(r"[\1]", address)] = ", ".join(f"<{path}>; rel=modulepreload" for path in wanted)
    return links


def _scripts(client: Path, route: dict[str, Any]) -> Iterator[str]:
    """The route's own script, what it imports, and what it loads when a component is first shown."""
    yield route["module"]
    yield from route["imports"]
    for name in sorted(set(LATER.findall((client / route["module"].lstrip("/")).read_text()))):
        yield f"/assets/{name}"
