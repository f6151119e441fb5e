"""ASGI middleware: repeat a cached response to the same question of the same key, without the route.

A route of statistics registers each response to a key. While the guild's data and policy have not changed, the same
request gets the same response: the body comes from the query cache, and only its headers are kept here. The middleware
runs behind `RateLimitMiddleware`, which has verified the key and counted the request.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from herwa_api.rate_limits.middleware import get_verified_key
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.query_cache.cache import QueryCache
from herwa_shared.services.api_key_authentication import Principal

MAX_RESPONSES = 5_000
MAX_BODY_BYTES = 32 << 20
"""Of all bodies together, at most. Most of them are those of the query cache, so that they take no memory twice."""
LIFETIME_SECONDS = 60.0
"""After this time the route runs again, since what it allows may depend on the time."""

_RequestKey = tuple[int, str, bytes]
"""Key id, path and query string."""


@dataclass(frozen=True, slots=True)
class _KnownResponse:
    """A response, the question and the body in the query cache of which it was made, and the policy that allowed it."""

    question: str
    shared_body: bytes
    body: bytes
    headers: list[tuple[bytes, bytes]]
    policy: CompiledPolicy
    route: Any
    valid_until: float

    @property
    def size(self) -> int:
        return len(self.body) + len(self.shared_body)


class KnownResponses:
    """The responses that this process can repeat."""

    def __init__(self, query_cache: QueryCache) -> None:
        self._query_cache = query_cache
        self._responses: OrderedDict[_RequestKey, _KnownResponse] = OrderedDict()
        self._body_bytes = 0

    def register(self, request: Request, question: str, shared_body: bytes, response: Response) -> None:
        """Register a response made of this body in the query cache, if the request was made with a key."""
        verified = get_verified_key(request.scope)
        if verified is None:
            return
        key = _build_key(request.scope, verified.principal)
        self._remove(key)
        known = self._responses[key] = _KnownResponse(
            question,
            shared_body,
            bytes(response.body),  # no copy
            response.raw_headers,
            verified.policy,
            request.scope["route"],
            time.monotonic() + LIFETIME_SECONDS,
        )
        self._body_bytes += known.size
        while len(self._responses) > MAX_RESPONSES or self._body_bytes > MAX_BODY_BYTES:
            self._remove(next(iter(self._responses)))

    def find(self, scope: Scope) -> _KnownResponse | None:
        """Find the response to this request, if it is still current."""
        verified = get_verified_key(scope)
        if verified is None:
            return None
        key = _build_key(scope, verified.principal)
        known = self._responses.get(key)
        if known is None:
            return None
        body = self._query_cache.find_object(verified.principal.guild_id, known.question)
        if (
            body is not known.shared_body
            or verified.policy is not known.policy
            or time.monotonic() >= known.valid_until
        ):
            self._remove(key)
            return None
        return known

    def _remove(self, key: _RequestKey) -> None:
        if (known := self._responses.pop(key, None)) is not None:
            self._body_bytes -= known.size


class KnownResponseMiddleware:
    """Send known responses; pass all other requests on."""

    def __init__(self, app: ASGIApp, responses: KnownResponses) -> None:
        self._app = app
        self._responses = responses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = self._responses.find(scope)
        if known is None or any(name == b"if-none-match" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        scope["route"] = known.route
        await send({"type": "http.response.start", "status": 200, "headers": known.headers})
        await send({"type": "http.response.body", "body": known.body})


def _build_key(scope: Scope, principal: Principal) -> _RequestKey:
    return principal.key_id, scope["path"], scope["query_string"]
