"""Who is at the other end of a connection: the address that counts, however many proxies stand before us."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from and what it believes to have asked, as far as that can be trusted."""

    address: str
    scheme: str
    host: str


def visitor_of(scope: Scope, *, trusted_proxies: int) -> Visitor:
    """Each trusted proxy has added the address before it to `X-Forwarded-For`; what stands further left is hearsay."""
    headers = Headers(scope=scope)
    peer = scope["client"][0] if scope.get("client") else "unknown"
    scheme = "https" if scope["scheme"] in {"https", "wss"} else "http"
    host = headers.get("host") or ""
    if not trusted_proxies:
        return Visitor(peer, scheme, host)
    told = [part.strip() for line in headers.getlist("x-forwarded-for") for part in line.split(",") if part.strip()]
    chain = [*told, peer]
    return Visitor(
        address=chain[max(0, len(chain) - 1 - trusted_proxies)],
        scheme=_last(headers.get("x-forwarded-proto")) or scheme,
        host=_last(headers.get("x-forwarded-host")) or host,
    )


def _last(line: str | None) -> str:
    return (line or "").rpartition(",")[2].strip()
