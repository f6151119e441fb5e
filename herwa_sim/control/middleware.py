"""Request handling of the control API: token check, JSON body, error responses."""

import hmac
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from herwa_shared.errors import BadRequest, HerwaError, NotFound, Unauthenticated
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import Json
from herwa_sim.rest.middleware import Handler, respond_json
from herwa_sim.texts import actions as texts
from herwa_sim.world import EntityNotFound

Action = Callable[[SimContext, Json], Awaitable[Json]]


def create_handler(action: Action) -> Handler:
    """Wrap a control action as an aiohttp request handler."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            _authorize(request)
            return respond_json(await action(get_context(request), _parse_body(await request.read())))
        except EntityNotFound as not_found:
            return _build_error_response(NotFound(str(not_found)))
        except KeyError as key_error:
            return _build_error_response(BadRequest(texts.format_missing_field(str(key_error))))
        except ValueError as value_error:
            return _build_error_response(BadRequest(texts.format_invalid_value(str(value_error))))
        except HerwaError as error:
            return _build_error_response(error)

    return handle


def _authorize(request: web.Request) -> None:
    """Raise Unauthenticated unless the request carries the control token."""
    expected = f"Bearer {get_context(request).control_token}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        raise Unauthenticated(texts.INVALID_CONTROL_TOKEN)


def _parse_body(content: bytes) -> Json:
    """Return the body as a JSON object; an empty body is {}. Raises BadRequest."""
    try:
        data = orjson.loads(content or b"{}")
    except orjson.JSONDecodeError:
        raise BadRequest(texts.BODY_NOT_JSON) from None
    if not isinstance(data, dict):
        raise BadRequest(texts.BODY_NOT_OBJECT)
    return data


def _build_error_response(error: HerwaError) -> web.Response:
    """Return `code` and `error` as JSON, with the error's HTTP status."""
    return respond_json({"code": error.code, "error": str(error)}, error.status)
