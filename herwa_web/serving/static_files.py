"""The built pages as files: compressed when built, kept by browsers as long as they hold, each with its policy.

What a page is going to need, told with the page itself; or a browser learns of each script only from the one before.

Pages with an address of their own have this from their build. Those whose address holds an id share one page.
"""

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from reflex.utils.precompressed_staticfiles import PrecompressedStaticFiles
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from herwa_web.serving.security_headers import build_content_security_policy

INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
CACHE_IMMUTABLE = "public, max-age=31536000, immutable"  # the name of an asset changes with its content
CACHE_REVALIDATE = "no-cache"
MAX_PATH_LENGTH = 2000


class PageFiles(PrecompressedStaticFiles):
    """Every file of a build. An address that a route of `router` matches gets the page that finds its way by itself."""

    def __init__(self, folder: Path, *, router: Callable[[str], str | None], cdn: str) -> None:
        super().__init__(directory=folder, html=True, encodings=["gzip"], router=router)
        self._folder = folder
        self._match_route = router
        self._preload_links = build_preload_links(folder)
        self._policies = {path: build_page_policy(path, cdn=cdn) for path in folder.rglob("*.html")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in {"GET", "HEAD"} and len(scope["path"]) <= MAX_PATH_LENGTH and "\0" not in scope["path"]:
            await super().__call__(scope, receive, send)
        else:
            await Response(status_code=405, headers={"Allow": "GET, HEAD"})(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A folder is its page, without the detour of a redirect, which would name a host."""
        page = self._folder / path / "index.html"
        if page in self._policies:
            return self.file_response(page, page.stat(), scope)
        response = await super().get_response(path, scope)
        if "Content-Security-Policy" in response.headers and (
            link := self._preload_links.get(self._match_route(f"/{path}") or "")
        ):
            response.headers["Link"] = link
        return response

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or word that the browser has it already."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        file = Path(full_path)
        response.headers["Cache-Control"] = (
            CACHE_IMMUTABLE if file.parent == self._folder / "assets" else CACHE_REVALIDATE
        )
        if page_policy := self._policies.get(file):
            response.headers["Content-Security-Policy"] = page_policy
        return response


def build_page_policy(page: Path, *, cdn: str) -> str:
    """What a page may do: run its own files and exactly those inline scripts that the build wrote into it."""
    hashes = {b64encode(sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(page.read_bytes())}
    return build_content_security_policy(scripts=[f"'sha256-{digest}'" for digest in sorted(hashes)], cdn=cdn)


MANIFEST = re.compile(r"__reactRouterManifest=(\{.*\})", re.DOTALL)
PLACEHOLDER = re.compile(r":(\w+)")
DYNAMIC_IMPORT = re.compile(r"\bimport\([\"'`]\./([\w.-]+\.js)[\"'`]\)")


def build_preload_links(client: Path) -> dict[str, str]:
    """The `Link` header for pages of a route, by the route as Reflex writes it: `g/[guild_id]`."""
    manifest = next((client / "assets").glob("manifest-*.js")).read_text()
    match = MANIFEST.search(manifest)
    assert match, "the build has a manifest of another kind"
    preloaded = (client / "404.html").read_text()
    links = {}
    for route in json.loads(match[1])["routes"].values():
        route_path = route.get("path", "")
        if ":" in route_path:
            scripts = [path for path in _list_scripts(client, route) if path not in preloaded]
            links[PLACEHOLDER.sub(r"[\1]", route_path)] = ", ".join(f"<{path}>; rel=modulepreload" for path in scripts)
    return links


def _list_scripts(client: Path, route: dict[str, Any]) -> Iterator[str]:
    """The route's own script, what it imports, and what it loads when a component is first shown."""
    yield route["module"]
    yield from route["imports"]
    for name in sorted(set(DYNAMIC_IMPORT.findall((client / route["module"].lstrip("/")).read_text()))):
        yield f"/assets/{name}"
