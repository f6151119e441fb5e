"""The edge of REST: who may ask, how often, what an error looks like, and the journal."""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from herwa_shared.log import get_logger
from herwa_sim.context import parts_of
from herwa_sim.rate_limits import Bucket, Refused
from herwa_sim.rest.auth import GRANT, bearer_may
from herwa_sim.world import Missing

API = "/api/v10"
_OPEN = ("/interactions/", "/webhooks/{webhook_id}/{webhook_token}", "/gateway")
_MAJOR = ("channel_id", "guild_id", "webhook_id")
_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "Interaction": 10062,
    "Command": 10063,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]

log = get_logger(__name__)


class Refusal(Exception):
    """Discord says no: an HTTP status, Discord's own number, and a sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def answer(data: object, status: int = 200) -> web.Response:
    """JSON with exactly the content type that discord.py looks for."""
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


def nothing() -> web.Response:
    return web.Response(status=204)


def refused(refusal: Refusal) -> web.Response:
    return answer({"message": str(refusal), "code": refusal.code}, refusal.status)


def id_in(request: web.Request, name: str) -> int:
    """An id from the path."""
    try:
        return int(request.match_info[name])
    except ValueError:
        raise Refusal(400, 50035, "Invalid Form Body") from None


async def unknown(request: web.Request) -> web.Response:
    """A route that this Discord does not have is worth a loud line: a bot may rely on it."""
    log.error("no such route in the local Discord", method=request.method, path=request.path)
    return answer({"message": "404: Not Found", "code": 0}, 404)


@web.middleware
async def rest_edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Authorize, count, answer, translate refusals, and note it all in the journal."""
    if not request.path.startswith(API):
        return await handler(request)
    route = route_of(request)
    headers: dict[str, str] = {}
    try:
        _authorize(request, route)
        headers = _count(request, route)
        response = await handler(request)
    except Refusal as refusal:
        response = refused(refusal)
    except Missing as missing:
        response = refused(Refusal(404, _UNKNOWN[missing.kind], f"Unknown {missing.kind}"))
    except (KeyError, ValueError) as wrong:
        log.warning("a request that Discord would not take", method=request.method, route=route, wrong=repr(wrong))
        response = refused(Refusal(400, 50035, "Invalid Form Body"))
    except _TooMany as excess:
        headers = {}
        response = too_many(excess.refused.wait, everywhere=excess.refused.everywhere, headers=excess.headers)
    response.headers.update(headers)
    _note(request, route, response)
    return response


class _TooMany(Exception):
    def __init__(self, refused_: Refused, headers: dict[str, str]) -> None:
        super().__init__()
        self.refused = refused_
        self.headers = headers


def too_many(wait: float, *, everywhere: bool, headers: dict[str, str]) -> web.Response:
    """429: wait so many seconds, with this route (`headers` of its bucket) or with everything."""
    wait = round(wait, 3)
    told = {"message": "You are being rate limited.", "retry_after": wait, "global": everywhere}
    response = answer(told, 429)
    # Without Via discord.py takes a 429 for a ban by the proxy in front of Discord, and gives up.
    response.headers.update(headers | {"Via": "1.1 local", "Retry-After": str(wait)})
    response.headers.update(
        {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"} if everywhere else {"X-RateLimit-Scope": "user"}
    )
    return response


def route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical.removeprefix(API) if resource is not None else request.path


def _authorize(request: web.Request, route: str) -> None:
    if route.startswith(_OPEN) and route != "/gateway/bot":
        return
    if request.headers.get("Authorization") != f"Bot {parts_of(request).bot_token}" and not bearer_may(request, route):
        raise Refusal(401, 0, "401: Unauthorized")


def bucket_of(request: web.Request, route: str) -> Bucket:
    """The rate limit that the call counts against."""
    major = next((request.match_info[name] for name in _MAJOR if name in request.match_info), "")
    return parts_of(request).limits.bucket(request.method, route, major)


def _count(request: web.Request, route: str) -> dict[str, str]:
    if route.startswith("/interactions/") or GRANT in request:
        return {}
    bucket = bucket_of(request, route)
    too_much = parts_of(request).limits.take(bucket)
    headers = bucket.headers()
    if too_much is not None:
        raise _TooMany(too_much, {} if too_much.everywhere else headers)
    return headers


def _note(request: web.Request, route: str, response: web.StreamResponse) -> None:
    journal = parts_of(request).journal
    if journal.on:
        body = response.body if isinstance(response, web.Response) else None
        answered = orjson.loads(body) if isinstance(body, bytes) and body else None
        asked = request.get("asked")
        journal.note(method=request.method, route=route, asked=asked, status=response.status, answered=answered)
