"""Responses that are complete in memory: headers and body of one form of a widget, and the answer to a known ETag."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from herwa_api.response_headers import encode_headers
from herwa_shared.runtime.asgi_types import Message, Scope

CACHE_CONTROL = "public, max-age=60, stale-while-revalidate=60, stale-if-error=604800"
"""For a minute a cache needs no new response; while Herwa is not reachable, it may show the last card for a week."""
UNKNOWN_CACHE_CONTROL = "public, max-age=60"
ALLOW_ORIGIN = b"access-control-allow-origin"
COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
NOT_MODIFIED_HEADERS = frozenset((b"content-length", b"content-type"))

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RenderedForm:
    """A response: its headers, those of an answer 304, its body and its ETag."""

    status: int
    headers: RawHeaders
    short_headers: RawHeaders
    body: bytes
    etag: bytes
    messages: tuple[Message, Message]
    """The usual response: to GET, with the body."""

    def build_messages(self, *, is_head: bool, is_known: bool, extra: RawHeaders) -> tuple[Message, Message]:
        """Build the two messages of the response, without a body if the client has it. `extra` are further headers."""
        if not (is_head or is_known or extra):
            return self.messages
        status = 304 if is_known and self.status == 200 else self.status
        headers = self.short_headers if status == 304 else self.headers
        return (
            {"type": "http.response.start", "status": status, "headers": [*headers, *extra]},
            {"type": "http.response.body", "body": b"" if is_head or status == 304 else self.body},
        )


def build_form(
    body: bytes,
    media_type: str,
    headers: Mapping[str, str],
    *,
    status: int = 200,
    cache_control: str = CACHE_CONTROL,
) -> RenderedForm:
    """Build a response with its ETag. `headers` are those besides the common ones."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    encoded = list(
        encode_headers(
            {
                "Content-Type": media_type,
                "Content-Length": str(len(body)),
                "Cache-Control": cache_control,
                "ETag": etag,
                **COMMON_HEADERS,
                **headers,
            }
        )
    )
    short = [(name, value) for name, value in encoded if name.lower() not in NOT_MODIFIED_HEADERS]
    messages: tuple[Message, Message] = (
        {"type": "http.response.start", "status": status, "headers": encoded},
        {"type": "http.response.body", "body": body},
    )
    return RenderedForm(status, encoded, short, body, etag.encode(), messages)


def read_conditions(scope: Scope) -> tuple[bytes | None, bytes | None]:
    """Read `If-None-Match` and `Origin`, the only headers that a widget looks at."""
    known = origin = None
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            known = value
        elif name == b"origin":
            origin = value
    return known, origin


def is_known_body(form: RenderedForm, known: bytes | None) -> bool:
    """Return whether the client has the body (weak comparison)."""
    return known is not None and (known in (form.etag, b"*") or _has_etag(known, form.etag))


def _has_etag(known: bytes, etag: bytes) -> bool:
    tags: Iterable[bytes] = (tag.strip().removeprefix(b"W/") for tag in known.split(b","))
    return etag in tags
