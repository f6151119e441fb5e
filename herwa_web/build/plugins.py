"""The address for which pages are built: one that nobody has.

What Reflex does not do by itself when it builds: fonts of our own, and pages that work at any address.
"""

import re
from pathlib import Path
from typing import Any

from reflex_base.plugins import Plugin

# A page finds out where it is when it runs: see build_plugins.py.
BUILD_ORIGIN = "http://herwa.invalid"


BUILD_HOST = BUILD_ORIGIN.removeprefix("http://")
BUILD_URL = re.compile(r"""(["'`])(http|ws)://""" + re.escape(BUILD_HOST) + r"""([^"'`$\\]*)\1""")
ORIGIN_EXPRESSIONS = {"http": "location.origin", "ws": 'location.origin.replace(/^http/,"ws")'}


class FontsPlugin(Plugin):
    """Inter, as one variable file a script. No page asks a foreign host for anything."""

    def get_stylesheet_paths(self, **_context: Any) -> tuple[str, ...]:
        return ("@fontsource-variable/inter/index.css",)

    def get_frontend_dependencies(self, **_context: Any) -> tuple[str, ...]:
        return ("@fontsource-variable/inter@5.2.8",)


class RelativeUrls(Plugin):
    """Reflex writes one address into the pages. They shall ask wherever they were loaded from instead."""

    def post_build(self, *, static_dir: Path, **_context: Any) -> None:
        """Runs after bundling, before files are compressed. Raises where Reflex has changed how it does it."""
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
    """The script with every address of the build as an expression: the same place below the page's own origin."""
    return BUILD_URL.sub(lambda match: f'{ORIGIN_EXPRESSIONS[match[2]]}+"{match[3]}"', script)
