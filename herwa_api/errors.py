"""Exception handlers: every error becomes `application/problem+json` (RFC 9457).

Browsers that load a page below `/auth/` get HTML instead. For an invalid parameter the problem says what is wrong and
what would be valid.
"""

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from slowapi.errors import RateLimitExceeded
from starlette.exceptions import HTTPException
from starlette.routing import Match

from herwa_api import texts
from herwa_api.error_pages import accepts_html, build_login_url, render_error_page
from herwa_api.etags import PreconditionFailed
from herwa_api.rate_limits.headers import build_limit_headers, format_retry_after
from herwa_api.rate_limits.rules import LimitName
from herwa_api.rate_limits.windows import Decision
from herwa_shared.analytics.history_limit import HistoryLimitReached
from herwa_shared.authorization import AccessDenied
from herwa_shared.errors import (
    BadRequest,
    DiscordUnavailable,
    Forbidden,
    HerwaError,
    NotFound,
    OAuthNotConfigured,
    QuestionTooLarge,
    ServiceUnavailable,
    Unauthenticated,
    format_reason,
)
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.policy_cache.cache import PolicyUnavailable
from herwa_shared.query_cache.question_slots import TooManyQuestions
from herwa_shared.runtime.http_problems import PROBLEM_MEDIA_TYPE
from herwa_shared.services.api_key_authentication import Principal

limited_log = RateLimitedLogger(get_logger(__name__))
MAX_FIELD_NAME_LENGTH = 32
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
TOO_MANY_REQUESTS = "too_many_requests"


class LimitReached(Exception):
    """A request is beyond a limit that is counted after its parameters are known."""

    def __init__(self, request: Request, decision: Decision) -> None:
        super().__init__(decision)
        self.request = request
        self.decision = decision


def build_problem(
    request: Request,
    status: int,
    detail: str,
    *,
    code: str,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """Build the problem response.

    `code` names the kind of error for programs; `extensions` are further members of the body. The log of an API key
    takes the code from the state of the request.
    """
    request.state.problem_code = code
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return Response(_encode(body | extensions), status, headers, PROBLEM_MEDIA_TYPE)


def _encode(body: Mapping[str, Any]) -> bytes:
    """Encode as JSON. A detail may quote a lone surrogate of the request, which UTF-8 does not have: it becomes `?`."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        return json.dumps(body, ensure_ascii=False).encode(errors="replace")


def build_limit_response(request: Request, decision: Decision) -> Response:
    """Build the response to a request beyond a limit. It names the limit, and when to try again."""
    charge = decision.refused_by
    assert charge is not None
    headers = {**build_limit_headers(decision), "Retry-After": format_retry_after(decision.retry_after_seconds)}
    return _build_too_many_requests(request, LimitName(charge.name), charge.limit, charge.window_seconds, headers)


def _build_too_many_requests(
    request: Request, name: LimitName, limit: int, window_seconds: int, headers: Mapping[str, str]
) -> Response:
    detail = texts.format_limit_reached(name, limit, window_seconds)
    if accepts_html(request):
        response = render_error_page(429, texts.WAIT_A_MINUTE, code=TOO_MANY_REQUESTS, login_url=None)
        response.headers.update(headers)
        return response
    return build_problem(
        request, 429, detail, code=TOO_MANY_REQUESTS, headers=headers, hint=texts.LIMIT_HINTS[name], limit=name
    )


async def _handle_declared_limit(request: Request, error: Exception) -> Response:
    """Handle a limit that a route declares with slowapi."""
    assert isinstance(error, RateLimitExceeded)
    assert error.limit is not None
    rule = error.limit.limit
    name = LimitName(error.detail)
    limited_log.warning("request limited", kind=name)
    seconds = rule.get_expiry()
    headers = {"Retry-After": str(seconds)}
    return _build_too_many_requests(request, name, rule.amount, seconds, headers)


async def _handle_limit(request: Request, error: Exception) -> Response:
    assert isinstance(error, LimitReached)
    assert error.decision.refused_by is not None
    limited_log.warning("request limited", kind=error.decision.refused_by.name)
    return build_limit_response(request, error.decision)


def add_error_handlers(app: FastAPI) -> None:
    """Register the exception handlers of this module.

    `RequestMiddleware` handles every other exception: it responds with 500 and a request id.
    """
    app.add_exception_handler(HerwaError, _handle_herwa_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(RateLimitExceeded, _handle_declared_limit)
    app.add_exception_handler(LimitReached, _handle_limit)
    app.add_exception_handler(HTTPException, _handle_http_error)
    app.add_exception_handler(OSError, _handle_store_error)


def build_unexpected_error(request: Request, request_id: str) -> Response:
    """Build the response for an unexpected error; it contains only the request id."""
    if accepts_html(request):
        sentence = texts.format_unexpected_error(request_id)
        return render_error_page(500, sentence, code=HerwaError.code, login_url=build_login_url(request))
    return build_problem(request, 500, texts.UNEXPECTED_ERROR, code=HerwaError.code, request_id=request_id)


async def _handle_herwa_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HerwaError)
    if isinstance(error, Forbidden | NotFound):
        _log_refusal(request, error)
    if accepts_html(request):
        return _render_login_error(request, error)
    return build_problem(
        request, error.status, str(error), code=error.code, headers=_build_headers(error), **_build_extensions(error)
    )


def _log_refusal(request: Request, error: Forbidden | NotFound) -> None:
    """Log which caller was refused what. A server of others and a missing one are the same here too."""
    principal = getattr(request.state, "api_key", None)
    limited_log.warning(
        "access refused",
        kind=error.reason if isinstance(error, AccessDenied) else error.code,
        method=request.method,
        route=getattr(request.scope.get("route"), "path", ""),
        guild=request.path_params.get("guild_id", "")[:MAX_FIELD_NAME_LENGTH],
        user=getattr(request.state, "user_id", None),
        key=principal.key_id if isinstance(principal, Principal) else None,
    )


def _build_extensions(error: HerwaError) -> dict[str, Any]:
    """Build the additional members of a problem: the reason of a refusal, the field of an invalid parameter."""
    if isinstance(error, AccessDenied):
        return {"reason": error.reason}
    if isinstance(error, HistoryLimitReached):
        return {"hint": error.hint, "history_start": error.start.isoformat()}
    if isinstance(error, TooManyQuestions):
        return {"hint": texts.QUESTIONS_HINT}
    if isinstance(error, QuestionTooLarge):
        return {"hint": texts.LARGE_QUESTION_HINT}
    if isinstance(error, BadRequest) and error.field is not None:
        return {"errors": [{"field": error.field, "message": str(error)}]}
    return {}


def _render_login_error(request: Request, error: HerwaError) -> Response:
    """Render the page for an error of a login; without a configured login, it offers none."""
    sentence = texts.LOGIN_UNAVAILABLE if isinstance(error, ServiceUnavailable) else str(error)
    login_url = None if isinstance(error, OAuthNotConfigured) else build_login_url(request)
    return render_error_page(error.status, sentence, code=error.code, login_url=login_url)


def _build_headers(error: HerwaError) -> dict[str, str]:
    if isinstance(error, PreconditionFailed):
        return {} if error.etag is None else {"ETag": error.etag}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="Herwa"'}
    if isinstance(error, DiscordUnavailable):
        return {"Retry-After": str(math.ceil(error.retry_after_seconds))}
    is_temporary = isinstance(error, ServiceUnavailable | PolicyUnavailable | TooManyQuestions)
    return {"Retry-After": "2"} if is_temporary else {}


async def _handle_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = texts.UNKNOWN_ENDPOINT
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = texts.format_wrong_method(request.method)
    else:
        detail = str(error.detail)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    if accepts_html(request):
        return render_error_page(error.status_code, texts.PAGE_NOT_FOUND, code=code, login_url=None)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(list_methods(request))
    return build_problem(request, error.status_code, detail, code=code, headers=headers)


def list_methods(request: Request) -> list[str]:
    """List the methods of this path. The framework names only those of the first of its routes."""
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]


async def _handle_store_error(request: Request, error: Exception) -> Response:
    limited_log.error("database unreachable", kind=type(error).__name__, error=format_reason(error))
    return await _handle_herwa_error(request, ServiceUnavailable())


async def _handle_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    parameter_names = list_query_parameters(request)
    errors = [
        {"field": _get_field_name(violation), "message": _describe_violation(violation, parameter_names)}
        for violation in error.errors()
    ]
    return build_problem(
        request, BadRequest.status, " ".join(entry["message"] for entry in errors), code=BadRequest.code, errors=errors
    )


async def refuse_repeated_parameters(request: Request) -> None:
    """Raise BadRequest if the query string has a parameter twice (FastAPI dependency).

    Otherwise one of the values would be ignored without notice.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        field = _shorten_name(repeated)
        raise BadRequest(texts.format_repeated_parameter(field), field=field)


def list_query_parameters(request: Request) -> Sequence[str]:
    """Return the names of the route's query parameters, from its OpenAPI operation; none if it is not documented."""
    operations = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    operation = operations.get(request.method.lower(), {})
    return [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]


def _get_field_name(violation: Mapping[str, Any]) -> str:
    return _shorten_name(str(violation["loc"][-1]))


def _shorten_name(name: str) -> str:
    """Truncate a parameter's name if it is long: it may be an API key."""
    return name if len(name) <= MAX_FIELD_NAME_LENGTH else f"{name[:8]}…"


def _describe_violation(violation: Mapping[str, Any], parameter_names: Sequence[str]) -> str:
    field = _get_field_name(violation)
    if violation["type"] == "extra_forbidden" and violation["loc"][0] == "query":
        return texts.format_unknown_parameter(field, parameter_names)
    context = violation.get("ctx", {})
    expected = context.get("expected") or context.get("error")
    if expected:
        return texts.format_invalid_parameter(field, expected)
    return texts.format_rejected_parameter(field, violation["msg"])
