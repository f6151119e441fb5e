"""The two servers of the benchmark `widget`.

`python -m benchmarks.widget_server api` runs the API, with limits so high that one client does not reach them; with a
port and a file instead, an application that does nothing but send the response in the file.
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from herwa_shared.runtime import http_limits
from herwa_shared.runtime.fair_sharing import PoolLimit, RateLimit

MANY = 1_000_000
HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"


def raise_limits() -> None:
    """Raise the limits of connections and requests before any other module reads them."""
    rate = RateLimit(per_second=MANY, burst=MANY, min_per_second=MANY, min_burst=MANY, total_per_second=MANY)
    for name in ("REQUEST_RATE", "CONNECTION_RATE"):
        setattr(http_limits, name, rate)
    http_limits.RUNNING_REQUESTS = PoolLimit(total=1_000, per_address=1_000, free_share=1)


async def serve_bytes(port: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Serve the same response for every request, on uvicorn as the API uses it and without Herwa's limits."""

    async def send_bytes(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    options: Any = {"lifespan": "off", "log_config": None, "access_log": False, "server_header": False}
    await uvicorn.Server(uvicorn.Config(send_bytes, host=HOST, port=port, http="httptools", **options)).serve()


def main() -> int:
    """Run one of the servers."""
    if sys.argv[1] == "api":
        raise_limits()
        from herwa_api.__main__ import main as run_api  # noqa: PLC0415 - after `raise_limits`

        return run_api()
    head, _, body = Path(sys.argv[2]).read_bytes().partition(HEAD_END)
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:])]
    uvloop.run(serve_bytes(int(sys.argv[1]), [header for header in headers if header[0] != b"date"], body))
    return 0


if __name__ == "__main__":
    sys.exit(main())
