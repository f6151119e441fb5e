"""Runs an ASGI application in this process behind the server with its limits."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from herwa_shared.runtime.asgi_types import AsgiApp, Scope
from herwa_shared.runtime.connection_bounds import ConnectionBounds, ServerRules
from herwa_shared.runtime.http_server import BoundedServer, build_server

HOST = "herwa.example"
ORIGIN = f"https://{HOST}"


@dataclass(frozen=True)
class RunningServer:
    """A running server. `bounds` are those of its connections."""

    port: int
    server: BoundedServer
    bounds: ConnectionBounds


def get_peer(scope: Scope) -> str:
    return scope["client"][0]


def get_host(scope: Scope) -> str:
    return dict(scope["headers"]).get(b"host", b"").decode()


RULES = ServerRules(
    origin=ORIGIN,
    hosts=frozenset({HOST}),
    get_address=get_peer,
    get_host=get_host,
    accepts_body=lambda method, path: method == "POST" and path == "/upload",
    may_cancel=lambda path: path != "/change",
    has_own_pool=lambda _: False,
    is_proxy=lambda _: False,
)


@asynccontextmanager
async def run_bounded_server(
    app: AsgiApp, rules: ServerRules = RULES, *, has_websockets: bool = True
) -> AsyncIterator[RunningServer]:
    """Serve the application on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = build_server(app, rules, has_websockets=has_websockets, lifespan="off", proxy_headers=False)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield RunningServer(listener.getsockname()[1], server, server.bounds)
    finally:
        server.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(task, 10)
