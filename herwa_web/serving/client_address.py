"""Determine the client's address, scheme and host behind a known number of trusted proxies."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """The client's IP address, and the scheme and host of the URL that it requested."""

    address: str
    scheme: str
    host: str


def parse_client_info(scope: Scope, *, trusted_proxies: int) -> ClientInfo:
    """Read the client's address, scheme and host from the ASGI scope.

    With `trusted_proxies` = 0 all `X-Forwarded-*` headers are ignored. Otherwise each trusted proxy has appended the
    address of its peer to `X-Forwarded-For`; entries further left come from the client and are not trusted.
    """
    headers = Headers(scope=scope)
    peer = scope["client"][0] if scope.get("client") else "unknown"
    scheme = "https" if scope["scheme"] in {"https", "wss"} else "http"
    host = headers.get("host") or ""
    if not trusted_proxies:
        return ClientInfo(peer, scheme, host)
    forwarded = [
        part.strip() for line in headers.getlist("x-forwarded-for") for part in line.split(",") if part.strip()
    ]
    chain = [*forwarded, peer]
    return ClientInfo(
        address=chain[max(0, len(chain) - 1 - trusted_proxies)],
        scheme=_get_last_value(headers.get("x-forwarded-proto")) or scheme,
        host=_get_last_value(headers.get("x-forwarded-host")) or host,
    )


def _get_last_value(line: str | None) -> str:
    return (line or "").rpartition(",")[2].strip()
