"""Every error as a problem (RFC 9457): what is wrong, in words, and for a wrong parameter what would be right."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from herwa_api.error_pages import error_page, wants_page
from herwa_shared.authorization import Refused
from herwa_shared.errors import BadRequest, DiscordAway, HerwaError, LogInNotSetUp, Unauthenticated, Unreachable
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.cache import PolicyAway

log = get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
LONGEST_NAME = 32


def problem(status: int, detail: str, *, code: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """The answer for one error. `code` names its kind for programs."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return Response(orjson.dumps(body | more), status, headers, MEDIA_TYPE)


def add_error_handlers(app: FastAPI) -> None:
    """Translate what routes raise. What nobody expected is answered in `request_ids`."""
    app.add_exception_handler(HerwaError, _herwa_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OSError, _store_lost)


async def _herwa_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HerwaError)
    if wants_page(request):
        return error_page(error.status, str(error), log_in=not isinstance(error, LogInNotSetUp))
    more = {"reason": error.reason} if isinstance(error, Refused) else {}
    return problem(error.status, str(error), code=error.code, headers=_headers(error), **more)


def _headers(error: HerwaError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="Herwa"'}
    if isinstance(error, DiscordAway):
        return {"Retry-After": str(math.ceil(error.seconds))}
    return {"Retry-After": "2"} if isinstance(error, Unreachable | PolicyAway) else {}


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "There is no such address. The addresses are listed at /api/openapi.json."
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible here."
    else:
        detail = str(error.detail)
    if wants_page(request):
        return error_page(error.status_code, detail)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return problem(error.status_code, detail, code=code, headers=error.headers)


async def _store_lost(request: Request, error: Exception) -> Response:
    log.error("a store does not answer", error=str(error))
    return await _herwa_error(request, Unreachable())


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    known = known_parameters(request)
    errors = [{"field": _field(fault), "message": _sentence(fault, known)} for fault in error.errors()]
    return problem(BadRequest.status, " ".join(e["message"] for e in errors), code=BadRequest.code, errors=errors)


def known_parameters(request: Request) -> Sequence[str]:
    """The names that this route takes in the query string, as its document says."""
    operation = request.app.openapi()["paths"][request.scope["route"].path]["get"]
    return [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]


def _field(fault: Mapping[str, Any]) -> str:
    """The parameter's name; of a long one the beginning only, for it may be a key."""
    name = str(fault["loc"][-1])
    return name if len(name) <= LONGEST_NAME else f"{name[:8]}…"


def _sentence(fault: Mapping[str, Any], known: Sequence[str]) -> str:
    field = _field(fault)
    if fault["type"] == "extra_forbidden":
        return f"There is no parameter '{field}' here; there are {', '.join(known)}."
    context = fault.get("ctx", {})
    expected = context.get("expected") or context.get("error")
    return f"'{field}' must be {expected}." if expected else f"'{field}': {fault['msg'].lower()}."
