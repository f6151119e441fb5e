"""Rules of the API's port: its hosts, its clients' addresses, and which routes take a body."""

import re
from functools import cache
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.routing import compile_path

from herwa_api.error_pages import LEAK_FORM_PATH
from herwa_api.widgets.forms import is_widget_path
from herwa_shared.config import Settings
from herwa_shared.runtime.connection_bounds import ServerRules
from herwa_shared.runtime.http_server import LOOPBACK_HOST
from herwa_shared.runtime.request_bounds import get_host_header, normalize_host

CANCELLABLE_PREFIX = "/api/"
"""Reading routes. A log-in below `/auth/` changes something and runs to its end."""


def build_server_rules(app: FastAPI, settings: Settings, port: int) -> ServerRules:
    """Build the rules. The proxy of the pages connects from this machine and names the client's address."""
    urls = {*settings.origins, *filter(None, [settings.api_url])}
    own_hosts = {f"{LOOPBACK_HOST}:{port}", f"localhost:{port}"}
    list_routes = cache(lambda: list_body_routes(app))
    return ServerRules(
        origin=settings.origin,
        hosts=frozenset(normalize_host(urlsplit(url).netloc) for url in urls) | own_hosts,
        get_address=lambda scope: scope["client"][0] if scope.get("client") else "",
        get_host=get_host_header,
        accepts_body=lambda method, path: any(
            method == route_method and pattern.fullmatch(path) for route_method, pattern in list_routes()
        ),
        may_cancel=lambda path: path.startswith(CANCELLABLE_PREFIX),
        has_own_pool=is_widget_path,  # a card in memory needs no slot, and `WidgetCards` limits what loads one
        is_proxy=lambda peer: peer == LOOPBACK_HOST,
    )


def list_body_routes(app: FastAPI) -> list[tuple[str, re.Pattern[str]]]:
    """List method and path of the routes that take a request body: those of the OpenAPI document, and the form."""
    return [
        ("POST", compile_path(LEAK_FORM_PATH)[0]),
        *_list_documented_body_routes(app),
    ]


def _list_documented_body_routes(app: FastAPI) -> list[tuple[str, re.Pattern[str]]]:
    return [
        (method.upper(), compile_path(path)[0])
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    ]
