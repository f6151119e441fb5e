"""Hide the routes of the operator's panel: for everyone but operators each of them is an unknown path."""

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from herwa_api.app_state import AppDep
from herwa_api.csrf import SAFE_METHODS, require_same_origin
from herwa_shared.auth.operators import Operator, find_operator, require_recent_login
from herwa_shared.auth.sessions import SessionReader, parse_session_token
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger

PANEL_PREFIX = "/api/admin"
UNKNOWN_PATH = "/api/unknown"
limited_log = RateLimitedLogger(get_logger(__name__))


class OperatorGate:
    """Replace a path of the panel by an unknown one, unless the session is an operator's; before routing.

    So the response has nothing to do with the path, method, parameters or body.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, sessions: SessionReader) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and f"{scope['path']}/".startswith(f"{PANEL_PREFIX}/"):
            operator = await self._find_operator(scope)
            if operator is None:
                scope = {**scope, "path": UNKNOWN_PATH, "raw_path": UNKNOWN_PATH.encode()}
            else:
                scope.setdefault("state", {})["operator"] = operator
        await self._app(scope, receive, send)

    async def _find_operator(self, scope: Scope) -> Operator | None:
        """Find the operator of the session. With an API key, or while the database is unreachable, there is none."""
        headers = Headers(scope=scope)
        token = parse_session_token(headers.get("cookie", ""), self._settings)
        if token is None or "authorization" in headers:
            return None
        try:
            user = await self._sessions.find_user(token)
        except (OSError, SQLAlchemyError) as error:
            limited_log.warning("session lookup failed", kind=type(error).__name__, error=format_reason(error))
            return None
        return find_operator(self._settings, user)


def _get_operator(request: Request, app_state: AppDep) -> Operator:
    """Return the operator whom the gate has found (FastAPI dependency). A change must come from a page of ours."""
    operator: Any = getattr(request.state, "operator", None)
    if not isinstance(operator, Operator):
        raise HTTPException(404)
    if request.method not in SAFE_METHODS:
        require_same_origin(request, app_state.settings)
    return operator


OperatorDep = Annotated[Operator, Depends(_get_operator)]


def _get_recent_operator(operator: OperatorDep) -> Operator:
    """Return the operator, who has logged in recently (FastAPI dependency). Raises RecentLoginRequired."""
    require_recent_login(operator, utc_now())
    return operator


RecentOperatorDep = Annotated[Operator, Depends(_get_recent_operator)]
