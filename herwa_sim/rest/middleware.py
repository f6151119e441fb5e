"""Middleware of the REST API: authorization, rate limits, error responses, journal."""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from herwa_shared.log import get_logger
from herwa_sim.context import get_context
from herwa_sim.rate_limits import BucketExhausted, RateLimitBucket
from herwa_sim.rest.auth import GRANT_KEY, authorize_bearer
from herwa_sim.world import EntityNotFound

API_PREFIX = "/api/v10"
_PUBLIC_ROUTES = ("/interactions/", "/webhooks/{webhook_id}/{webhook_token}", "/gateway")
_MAJOR_PARAMETERS = ("channel_id", "guild_id", "webhook_id")
_NOT_FOUND_CODES = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "SKU": 10027,
    "Entitlement": 10029,
    "Interaction": 10062,
    "Command": 10063,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]

log = get_logger(__name__)


class RestError(Exception):
    """An error response of Discord: HTTP status, Discord's error code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def respond_json(data: object, status: int = 200) -> web.Response:
    """Return a JSON response with exactly the content type that discord.py expects."""
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


def respond_no_content() -> web.Response:
    """Return an empty 204 response."""
    return web.Response(status=204)


def respond_error(error: RestError) -> web.Response:
    """Return the error as JSON, in Discord's format."""
    return respond_json({"message": str(error), "code": error.code}, error.status)


def get_path_id(request: web.Request, name: str) -> int:
    """Return an id of the path. Raises RestError if it is not a number."""
    try:
        return int(request.match_info[name])
    except ValueError:
        raise RestError(400, 50035, "Invalid Form Body") from None


async def handle_unknown_route(request: web.Request) -> web.Response:
    """Return 404 and log an error, because a bot may rely on the missing route."""
    log.error("no such route in the local Discord", method=request.method, path=request.path)
    return respond_json({"message": "404: Not Found", "code": 0}, 404)


@web.middleware
async def handle_rest_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Authorize and rate-limit the request, convert errors, record the call in the journal."""
    if not request.path.startswith(API_PREFIX):
        return await handler(request)
    route = get_route(request)
    headers: dict[str, str] = {}
    try:
        _authorize(request, route)
        headers = _count_request(request, route)
        response = await handler(request)
    except RestError as error:
        response = respond_error(error)
    except EntityNotFound as not_found:
        response = respond_error(RestError(404, _NOT_FOUND_CODES[not_found.kind], f"Unknown {not_found.kind}"))
    except (KeyError, ValueError) as invalid:
        log.warning("invalid request body", method=request.method, route=route, error=repr(invalid))
        response = respond_error(RestError(400, 50035, "Invalid Form Body"))
    except _RateLimited as rate_limited:
        headers = {}
        response = respond_rate_limited(
            rate_limited.exhausted.retry_after, is_global=rate_limited.exhausted.is_global, headers=rate_limited.headers
        )
    response.headers.update(headers)
    _record_call(request, route, response)
    return response


def respond_rate_limited(retry_after: float, *, is_global: bool, headers: dict[str, str]) -> web.Response:
    """Return 429 with the retry time in seconds.

    `headers` are those of the route's bucket; a global limit has none.
    """
    retry_after = round(retry_after, 3)
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": is_global}
    response = respond_json(body, 429)
    # Without the Via header discord.py treats a 429 as a ban by the proxy in front of Discord, and does not retry.
    response.headers.update(headers | {"Via": "1.1 local", "Retry-After": str(retry_after)})
    response.headers.update(
        {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"} if is_global else {"X-RateLimit-Scope": "user"}
    )
    return response


def get_route(request: web.Request) -> str:
    """Return the route template of the request, without the API prefix."""
    resource = request.match_info.route.resource
    return resource.canonical.removeprefix(API_PREFIX) if resource is not None else request.path


def get_bucket(request: web.Request, route: str) -> RateLimitBucket:
    """Return the rate limit bucket that the request counts against."""
    major_parameter = next((request.match_info[name] for name in _MAJOR_PARAMETERS if name in request.match_info), "")
    return get_context(request).rate_limiter.get_bucket(request.method, route, major_parameter)


class _RateLimited(Exception):
    def __init__(self, exhausted: BucketExhausted, headers: dict[str, str]) -> None:
        super().__init__()
        self.exhausted = exhausted
        self.headers = headers


def _authorize(request: web.Request, route: str) -> None:
    """Raise RestError (401) unless the token grants the route; some routes are public."""
    if route.startswith(_PUBLIC_ROUTES) and route != "/gateway/bot":
        return
    if request.headers.get("Authorization") != f"Bot {get_context(request).bot_token}" and not authorize_bearer(
        request, route
    ):
        raise RestError(401, 0, "401: Unauthorized")


def _count_request(request: web.Request, route: str) -> dict[str, str]:
    """Count the request and return the rate limit headers. Raises _RateLimited.

    Interaction callbacks and requests with an access token are not limited.
    """
    if route.startswith("/interactions/") or GRANT_KEY in request:
        return {}
    bucket = get_bucket(request, route)
    exhausted = get_context(request).rate_limiter.take(bucket)
    headers = bucket.build_headers()
    if exhausted is not None:
        raise _RateLimited(exhausted, {} if exhausted.is_global else headers)
    return headers


def _record_call(request: web.Request, route: str, response: web.StreamResponse) -> None:
    journal = get_context(request).journal
    if journal.enabled:
        body = response.body if isinstance(response, web.Response) else None
        response_body = orjson.loads(body) if isinstance(body, bytes) and body else None
        request_body = request.get("request_body")
        journal.record_call(
            method=request.method,
            route=route,
            request_body=request_body,
            status=response.status,
            response_body=response_body,
        )
