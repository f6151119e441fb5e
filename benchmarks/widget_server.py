"""The two servers of the benchmark `widget`, with limits so high that one client does not reach them.

`python -m benchmarks.widget_server api` runs the API; with a port and a file instead, an application that does nothing
but send the bytes of the file.
"""

import sys
from pathlib import Path
from typing import Any

import uvloop

from herwa_shared.runtime import http_limits
from herwa_shared.runtime.fair_sharing import PoolLimit, RateLimit

MANY = 1_000_000
HOST = "127.0.0.1"
HEADERS = [(b"content-type", b"image/svg+xml"), (b"cache-control", b"public, max-age=60")]


def raise_limits() -> None:
    """Raise the limits of connections and requests before any other module reads them."""
    rate = RateLimit(per_second=MANY, burst=MANY, min_per_second=MANY, min_burst=MANY, total_per_second=MANY)
    for name in ("REQUEST_RATE", "CONNECTION_RATE"):
        setattr(http_limits, name, rate)
    http_limits.RUNNING_REQUESTS = PoolLimit(total=1_000, per_address=1_000, free_share=1)


async def serve_bytes(port: int, body: bytes) -> None:
    """Serve the same bytes for every request, on the server of the API, until a signal."""
    from herwa_shared.runtime.connection_bounds import ServerRules  # noqa: PLC0415 - after `raise_limits`
    from herwa_shared.runtime.http_server import build_server, listen, serve  # noqa: PLC0415 - as above

    headers = [*HEADERS, (b"content-length", str(len(body)).encode())]

    async def send_bytes(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    rules = ServerRules(
        origin=f"http://{HOST}:{port}",
        hosts=frozenset({f"{HOST}:{port}"}),
        get_address=lambda scope: str(scope["client"][0]),
        get_host=lambda scope: dict(scope["headers"])[b"host"].decode(),
        accepts_body=lambda _method, _path: False,
        may_cancel=lambda _path: False,
        has_own_pool=lambda _path: False,
        is_proxy=lambda peer: peer == HOST,
    )
    listener = listen(port, hint="choose another port")
    assert listener is not None
    await serve(build_server(send_bytes, rules, lifespan="off", forwarded_allow_ips=HOST), listener)


def main() -> int:
    """Run one of the servers."""
    raise_limits()
    if sys.argv[1] == "api":
        from herwa_api.__main__ import main as run_api  # noqa: PLC0415 - after `raise_limits`

        return run_api()
    uvloop.run(serve_bytes(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
