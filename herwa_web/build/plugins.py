"""Reflex plugins for the build: bundled fonts, and pages that work at any origin.

Reflex writes the URL of its backend into the pages. They are built for `BUILD_ORIGIN`, which no server can have; after
bundling, `RelativeUrls` replaces it by an expression for the origin from which the page was loaded.
"""

import re
from pathlib import Path
from typing import Any

from reflex_base.plugins import Plugin

BUILD_ORIGIN = "http://herwa.invalid"
BUILD_HOST = BUILD_ORIGIN.removeprefix("http://")
BUILD_URL = re.compile(r"""(["'`])(http|ws)://""" + re.escape(BUILD_HOST) + r"""([^"'`$\\]*)\1""")
ORIGIN_EXPRESSIONS = {"http": "location.origin", "ws": 'location.origin.replace(/^http/,"ws")'}


class FontsPlugin(Plugin):
    """Bundle the font Inter, so that pages load nothing from other hosts.

    It is a variable font: one file per script (Latin, Greek, …) has all weights.
    """

    def get_stylesheet_paths(self, **_context: Any) -> tuple[str, ...]:
        """Return the style sheets that Reflex imports."""
        return ("@fontsource-variable/inter/index.css",)

    def get_frontend_dependencies(self, **_context: Any) -> tuple[str, ...]:
        """Return the npm packages that Reflex installs."""
        return ("@fontsource-variable/inter@5.2.8",)


class RelativeUrls(Plugin):
    """Replace the origin in the built scripts by the origin from which the page is loaded."""

    def post_build(self, *, static_dir: Path, **_context: Any) -> None:
        """Rewrite the scripts. Reflex calls it after bundling and before it compresses the files.

        Raises RuntimeError if the origin is still in a file, or if Reflex no longer writes it into `reflex-env-*.js`.
        """
        scripts = list((static_dir / "assets").glob("reflex-env-*.js"))
        for script in scripts:
            script.write_text(make_relative(script.read_text()))
        remaining = [
            path.name for path in static_dir.rglob("*") if path.is_file() and BUILD_HOST.encode() in path.read_bytes()
        ]
        if not scripts or remaining:
            message = f"the address the pages were built for is still in {remaining or 'an unknown place'}"
            raise RuntimeError(message)


def make_relative(script: str) -> str:
    """Replace each URL of `BUILD_ORIGIN` in a script by `location.origin` plus the URL's path."""
    return BUILD_URL.sub(lambda match: f'{ORIGIN_EXPRESSIONS[match[2]]}+"{match[3]}"', script)
