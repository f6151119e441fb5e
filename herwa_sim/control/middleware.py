"""The edge of the control API: its token, its JSON, and errors in words."""

import hmac
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from herwa_shared.errors import BadRequest, HerwaError, NotFound, Unauthenticated
from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import Json
from herwa_sim.rest.middleware import Handler, answer
from herwa_sim.world import Missing

Action = Callable[[Parts, Json], Awaitable[Json]]


def handler(action: Action) -> Handler:
    """The action as a request handler."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            _authorize(request)
            return answer(await action(parts_of(request), _body(await request.read())))
        except Missing as missing:
            return _error(NotFound(str(missing)))
        except KeyError as missing_part:
            return _error(BadRequest(f"The part {missing_part} is missing."))
        except ValueError as wrong:
            return _error(BadRequest(f"A part is not what it should be: {wrong}."))
        except HerwaError as error:
            return _error(error)

    return handle


def _authorize(request: web.Request) -> None:
    expected = f"Bearer {parts_of(request).control_token}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        raise Unauthenticated("Send the control token of this copy as 'Authorization: Bearer …'.")


def _body(content: bytes) -> Json:
    try:
        data = orjson.loads(content or b"{}")
    except orjson.JSONDecodeError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(data, dict):
        raise BadRequest("The body is not a JSON object.")
    return data


def _error(error: HerwaError) -> web.Response:
    return answer({"code": error.code, "error": str(error)}, error.status)
