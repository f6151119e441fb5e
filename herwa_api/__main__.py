"""`python -m herwa_api`: the API process.

It binds the API port of this installation, opens both databases and serves until a signal.
"""

import socket
import sys
from collections.abc import Iterator

import uvloop
from fastapi import FastAPI
from prometheus_client.core import Metric

from herwa_api import texts
from herwa_api.app import create_app
from herwa_api.periodic_saves import save_periodically
from herwa_api.request_metrics import RequestCounts
from herwa_api.server_rules import build_server_rules
from herwa_api.surfaces import KINDS, SURFACES
from herwa_shared.auth.account_cache import open_account_cache
from herwa_shared.authorization import open_policy_cache
from herwa_shared.config import Settings
from herwa_shared.discord.guild_reader import open_guild_reader
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.query_cache.cache import open_query_cache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.heartbeat import send_heartbeats
from herwa_shared.runtime.http_server import LOOPBACK_HOST, BoundedServer, build_server, listen, serve
from herwa_shared.runtime.metrics_server import serve_metrics
from herwa_shared.runtime.process_health import monitor_health
from herwa_shared.services.process_details import ServerDetail
from herwa_shared.services.process_metrics import build_process_metrics
from herwa_shared.stores import Stores, open_stores

log = get_logger("herwa_api")

SWITCH_SECONDS = 0.0005
"""How long a thread that builds a large response may run while the event loop has something to do; Python's default is
ten times as long, and a request needs about ten turns of the event loop."""


async def run(settings: Settings, server_socket: socket.socket) -> None:
    """Serve the API on this bound socket until the process gets SIGTERM or SIGINT.

    While it runs, the process sends heartbeats under the name `api`, with its health, its port
    and the state of the policy cache.
    """
    port = server_socket.getsockname()[1]
    async with (
        open_stores(settings) as stores,
        open_policy_cache(stores, KINDS, SURFACES) as policies,
        open_query_cache(stores.database_url, stores.redis) as query_cache,
        open_guild_reader(settings) as guild_reader,
        open_account_cache(stores.database_url) as accounts,
    ):
        # Only the proxy in herwa_web may set `X-Forwarded-*`: it connects from loopback and knows the client's address.
        # These headers are ignored from any other peer.
        app = create_app(stores, settings, policies, query_cache, guild_reader, accounts)
        rules = build_server_rules(app, settings, port)
        server = build_server(app, rules, lifespan="off", forwarded_allow_ips=LOOPBACK_HOST)
        await _serve(stores, settings, app, server, server_socket, policies)


async def _serve(
    stores: Stores,
    settings: Settings,
    app: FastAPI,
    server: BoundedServer,
    server_socket: socket.socket,
    policies: PolicyCache,
) -> None:
    """Serve with heartbeats and metrics until shutdown."""
    port = server_socket.getsockname()[1]
    counts: RequestCounts = app.state.app_state.request_counts
    async with monitor_health(server.bounds.count_connections) as monitor:

        def build_detail() -> ServerDetail:
            return ServerDetail(monitor.read_health(), port, policies.get_status())

        def collect_metrics() -> Iterator[Metric]:
            yield from build_process_metrics(build_detail())
            yield from counts.build_metrics()

        async with (
            save_periodically(app.state.app_state.key_usage.save),
            save_periodically(app.state.app_state.widget_uses.save),
            send_heartbeats(stores.database, name="api", build_detail=build_detail),
            serve_metrics(DataFolder(settings.data_dir), "api", collect_metrics),
        ):
            log.info("API server started", url=f"http://{LOOPBACK_HOST}:{port}")
            await serve(server, server_socket, announce_drain=app.state.app_state.readiness.announce_stop)


def main() -> int:
    """Run the API process and return its exit code; 1 if the port cannot be bound."""
    settings = Settings()
    folder = DataFolder(settings.data_dir)
    configure_logging(settings.log_level, process_name="api", user_key=folder.get_log_key())
    server_socket = listen(folder.get_or_create_port("api"), hint=texts.PORT_HINT)
    if server_socket is None:
        return 1
    sys.setswitchinterval(SWITCH_SECONDS)
    uvloop.run(run(settings, server_socket))
    return 0


if __name__ == "__main__":
    sys.exit(main())
