"""Serve the built pages as precompressed files from memory, with cache headers, CSP and preload links.

A build has a few megabytes and never changes. Files from memory need no thread, so many requests do not wait for each
other's.
Without preload links a browser finds each script only after it has parsed the one before. Prerendered pages have these
links in their HTML. Pages with an id in their path share one HTML file (404.html), so they get a `Link` header.
"""

import json
import os
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from reflex.utils.precompressed_staticfiles import PrecompressedStaticFiles
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from herwa_web.panel import UNKNOWN_PAGE, is_panel_path
from herwa_web.serving.security_headers import build_content_security_policy

INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
MANIFEST = re.compile(r"__reactRouterManifest=(\{.*\})", re.DOTALL)
PLACEHOLDER = re.compile(r":(\w+)")
DYNAMIC_IMPORT = re.compile(r"\bimport\([\"'`]\./([\w.-]+\.js)[\"'`]\)")
CACHE_IMMUTABLE = "public, max-age=31536000, immutable"  # an asset's name contains a hash of its content
CACHE_REVALIDATE = "no-cache"
MAX_PATH_LENGTH = 2000


class PageFiles(PrecompressedStaticFiles):
    """ASGI application for the files of a build.

    A path that `router` maps to a Reflex route gets 404.html, which renders that route in the browser (SPA fallback).
    Unless `is_operator(scope)`, each path of the operator's panel is an unknown one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        router: Callable[[str], str | None],
        cdn: str,
        is_operator: Callable[[Scope], Awaitable[bool]],
    ) -> None:
        super().__init__(directory=folder, html=True, encodings=["gzip"], router=router)
        self._folder = folder
        self._is_operator = is_operator
        self._match_route = router
        self._preload_links = build_preload_links(folder)
        self._policies = {path: build_page_policy(path, cdn=cdn) for path in folder.rglob("*.html")}
        self._files = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
        self._contents = {str(path): path.read_bytes() for path in self._files}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in {"GET", "HEAD"} and len(scope["path"]) <= MAX_PATH_LENGTH and "\0" not in scope["path"]:
            await super().__call__(scope, receive, send)
        else:
            await Response(status_code=405, headers={"Allow": "GET, HEAD"})(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Respond with a file or a page.

        The path of a folder gets its index.html directly: Starlette would redirect to a URL that contains the host.
        """
        if is_panel_path(path) and not await self._is_operator(scope):
            path = UNKNOWN_PAGE
        for file in (self._folder / path / "index.html", self._folder / path):
            if file in self._files:
                return self.file_response(file, self._files[file], scope)
        response = await super().get_response(path, scope)
        if "Content-Security-Policy" in response.headers and (
            link := self._preload_links.get(self._match_route(f"/{path}") or "")
        ):
            response.headers["Link"] = link
        return response

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Respond with the file, or 304 if the browser has it; add cache headers and the page's CSP."""
        response = self._load_content(super().file_response(full_path, stat_result, scope, status_code))
        file = Path(full_path)
        response.headers["Cache-Control"] = (
            CACHE_IMMUTABLE if file.parent == self._folder / "assets" else CACHE_REVALIDATE
        )
        if page_policy := self._policies.get(file):
            response.headers["Content-Security-Policy"] = page_policy
        return response

    def _load_content(self, response: Response) -> Response:
        """Return the same response with the content from memory. It answers no requests for parts of a file."""
        if not isinstance(response, FileResponse):
            return response
        loaded = Response(self._contents[str(response.path)], response.status_code)
        loaded.raw_headers = [(name, value) for name, value in response.raw_headers if name != b"accept-ranges"]
        return loaded


def build_page_policy(page: Path, *, cdn: str) -> str:
    """Build the CSP of a page: own files, and the inline scripts of the build by their digests."""
    hashes = {b64encode(sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(page.read_bytes())}
    return build_content_security_policy(scripts=[f"'sha256-{digest}'" for digest in sorted(hashes)], cdn=cdn)


def build_preload_links(client: Path) -> dict[str, str]:
    """Build the `Link` header of each route with a path parameter.

    The keys are Reflex routes (`g/[guild_id]`). The scripts come from React Router's manifest in the build; those that
    404.html preloads already are left out.
    """
    manifest = next((client / "assets").glob("manifest-*.js")).read_text()
    match = MANIFEST.search(manifest)
    assert match, "the build's route manifest has an unknown format"
    preloaded = (client / "404.html").read_text()
    links = {}
    for route in json.loads(match[1])["routes"].values():
        route_path = route.get("path", "")
        if ":" in route_path:
            scripts = [path for path in _list_scripts(client, route) if path not in preloaded]
            links[PLACEHOLDER.sub(r"[\1]", route_path)] = ", ".join(f"<{path}>; rel=modulepreload" for path in scripts)
    return links


def _list_scripts(client: Path, route: dict[str, Any]) -> Iterator[str]:
    """Yield the paths of the route's own script, of its imports and of its dynamic imports."""
    yield route["module"]
    yield from route["imports"]
    for name in sorted(set(DYNAMIC_IMPORT.findall((client / route["module"].lstrip("/")).read_text()))):
        yield f"/assets/{name}"
