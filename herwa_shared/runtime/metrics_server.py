"""A small HTTP server on the loopback interface with the metrics of this process: `/metrics`, and `/healthz`.

It serves only clients of this machine, and refuses names of other hosts, so that no web page can read it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.metrics_format import CONTENT_TYPE, MetricFamily, format_metrics

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

LOOPBACK_HOST = "127.0.0.1"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})
MAX_HEAD_BYTES = 8_192
REQUEST_SECONDS = 5.0
MAX_CONNECTIONS = 8

CollectMetrics = Callable[[], Iterable[MetricFamily]]


@asynccontextmanager
async def serve_metrics(folder: DataFolder, process_name: str, collect: CollectMetrics) -> AsyncIterator[int]:
    """Serve the metrics of this process while the block runs; yield the port.

    The port is that of `metrics-NAME` in the data folder. A further process with this name gets a free one, which is in
    the log.
    """
    server = await _listen(folder.get_or_create_port(f"metrics-{process_name}"), _MetricsServer(collect))
    port = int(server.sockets[0].getsockname()[1])
    log.info("metrics served", url=f"http://{LOOPBACK_HOST}:{port}/metrics")
    try:
        yield port
    finally:
        server.close()


async def _listen(port: int, handler: "_MetricsServer") -> asyncio.Server:
    try:
        return await asyncio.start_server(handler.handle, LOOPBACK_HOST, port, limit=MAX_HEAD_BYTES)
    except OSError:
        return await asyncio.start_server(handler.handle, LOOPBACK_HOST, 0, limit=MAX_HEAD_BYTES)


class _MetricsServer:
    """Answers one request per connection."""

    def __init__(self, collect: CollectMetrics) -> None:
        self._collect = collect
        self._connections = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the request of a new connection, and close it."""
        self._connections += 1
        try:
            with suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                async with asyncio.timeout(REQUEST_SECONDS):
                    if self._connections <= MAX_CONNECTIONS:
                        writer.write(self._respond(await reader.readuntil(b"\r\n\r\n")))
                        await writer.drain()
        finally:
            self._connections -= 1
            writer.close()

    def _respond(self, head: bytes) -> bytes:
        request_line, *header_lines = head.decode("latin-1").split("\r\n")
        method, _, rest = request_line.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if not _is_for_loopback(header_lines):
            return _build_response("421 Misdirected Request", b"")
        if method != "GET":
            return _build_response("405 Method Not Allowed", b"")
        if path == "/healthz":
            return _build_response("200 OK", b"ok\n")
        if path != "/metrics":
            return _build_response("404 Not Found", b"")
        try:
            return _build_response("200 OK", format_metrics(self._collect()))
        except Exception as error:  # noqa: BLE001 - metrics must not end the process
            limited_log.error("metrics failed", kind=type(error).__name__, error=format_reason(error))
            return _build_response("500 Internal Server Error", b"")


def _is_for_loopback(header_lines: Iterable[str]) -> bool:
    hosts = [line.partition(":")[2].strip() for line in header_lines if line.lower().startswith("host:")]
    return len(hosts) == 1 and hosts[0].partition(":")[0].lower() in LOOPBACK_NAMES


def _build_response(status: str, body: bytes) -> bytes:
    headers = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*headers, "", ""]).encode() + body
