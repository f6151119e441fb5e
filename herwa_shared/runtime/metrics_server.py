"""Serve the metrics of this process for Prometheus on the loopback interface: `/metrics`, and `/healthz`.

The server refuses names of other hosts, so that no web page can read the metrics.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, make_asgi_app
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.runtime import http_texts as texts
from herwa_shared.runtime.asgi_types import AsgiApp, Receive, Scope, Send
from herwa_shared.runtime.connection_bounds import ServerRules
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.http_problems import HttpProblem, send_problem
from herwa_shared.runtime.http_server import LOOPBACK_HOST, SHUTDOWN_TIMEOUT_SECONDS, build_server
from herwa_shared.runtime.request_bounds import get_host_header

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

UNKNOWN_PATH = HttpProblem(404, "not_found", texts.UNKNOWN_METRICS_PATH)
WRONG_METHOD = HttpProblem(405, "method_not_allowed", texts.WRONG_METRICS_METHOD, {"Allow": "GET"})
FAILED = HttpProblem(500, "internal_error", texts.METRICS_FAILED)

CollectMetrics = Callable[[], Iterable[Metric]]


@asynccontextmanager
async def serve_metrics(folder: DataFolder, process_name: str, collect: CollectMetrics) -> AsyncIterator[int]:
    """Serve the metrics of this process while the block runs; yield the port.

    The port is that of `metrics-NAME` in the data folder. A further process with this name gets a free one, which is in
    the log.
    """
    listener = _listen(folder.get_or_create_port(f"metrics-{process_name}"))
    port = int(listener.getsockname()[1])
    server = build_server(_MetricsApp(collect), _build_rules(port), lifespan="off", proxy_headers=False)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    log.info("metrics served", url=f"http://{LOOPBACK_HOST}:{port}/metrics")
    try:
        yield port
    finally:
        server.stop()
        await asyncio.wait([task], timeout=2 * SHUTDOWN_TIMEOUT_SECONDS)
        listener.close()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK_HOST, port))
    except OSError:
        return socket.create_server((LOOPBACK_HOST, 0))


def _build_rules(port: int) -> ServerRules:
    return ServerRules(
        origin=f"http://{LOOPBACK_HOST}:{port}",
        hosts=frozenset({f"{LOOPBACK_HOST}:{port}", f"localhost:{port}"}),
        get_address=lambda _: LOOPBACK_HOST,
        get_host=get_host_header,
        accepts_body=lambda _method, _path: False,
        may_cancel=lambda _: True,
        has_own_pool=lambda _: False,
        is_proxy=lambda _: False,
    )


class _ProcessMetrics(Collector):
    """The metrics that a function returns at each request."""

    def __init__(self, collect: CollectMetrics) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the names are not known before the first request."""
        return ()


class _MetricsApp:
    """The ASGI application."""

    def __init__(self, collect: CollectMetrics) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_ProcessMetrics(collect))
        self._metrics_app: AsgiApp = make_asgi_app(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = _find_problem(scope)
        if problem is not None:
            await send_problem(problem, send)
        elif scope["path"] == "/healthz":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"ok\n"})
        else:
            try:
                await self._metrics_app(scope, receive, send)
            except Exception as error:  # noqa: BLE001 - nothing was sent yet, and metrics must not end the process
                limited_log.error("metrics failed", kind=type(error).__name__, error=format_reason(error))
                await send_problem(FAILED, send)


def _find_problem(scope: Scope) -> HttpProblem | None:
    if scope["path"] not in ("/metrics", "/healthz"):
        return UNKNOWN_PATH
    return None if scope["method"] == "GET" else WRONG_METHOD
