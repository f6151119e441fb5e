"""Who is at the other end of a connection: the address that counts, however many proxies stand before us."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Where a request comes from and what it believes to have asked, as far as that can be trusted."""

    address: str
    scheme: str
    host: str


def parse_client_info(scope: Scope, *, trusted_proxies: int) -> ClientInfo:
    """Each trusted proxy has added the address before it to `X-Forwarded-For`; what stands further left is hearsay."""
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
