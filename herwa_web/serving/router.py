"""The ASGI application on the public port: pages, Reflex's WebSocket, proxy to the API."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from herwa_shared.auth.sessions import parse_session_token
from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import get_cdn_url
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.runtime import http_problems as problems
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.http_problems import RequestRefused
from herwa_web.app_context import AppContext
from herwa_web.auth import find_operator_by_session, find_user_by_session
from herwa_web.build.cache import ROOT
from herwa_web.serving.api_proxy import ApiProxy, is_api_path
from herwa_web.serving.security_headers import SecurityHeadersMiddleware
from herwa_web.serving.static_files import PageFiles
from herwa_web.serving.tab_bounds import bound_tabs
from herwa_web.serving.websocket_guard import WebSocketGuard

EVENTS_PATH = "/_rx/_event"
limited_log = RateLimitedLogger(get_logger(__name__))


@dataclass(frozen=True, slots=True)
class AsgiRouter:
    """Dispatch each connection by type and path. Of Reflex only the WebSocket is reachable."""

    pages: ASGIApp
    events: ASGIApp
    api: ASGIApp
    reflex: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.reflex(scope, receive, send)
        elif scope["type"] == "websocket":
            if scope["path"].rstrip("/") == EVENTS_PATH:
                await self.events(scope, receive, send)
            else:
                raise RequestRefused(problems.UNKNOWN_SOCKET)
        elif is_api_path(scope["path"]):
            await self.api(scope, receive, send)
        else:
            await self.pages(scope, receive, send)


def create_app(context: AppContext, build: Path) -> ASGIApp:
    """Build the ASGI application from an open context and the folder of a build."""
    settings = context.settings
    app = load_reflex_app(build, settings)
    tab_groups: dict[str, str] = {}
    app.register_lifespan_task(bound_tabs, reflex_app=app, groups=tab_groups)
    reflex = app()
    router = AsgiRouter(
        pages=PageFiles(
            build / "build" / "client",
            router=app.router,
            cdn=get_cdn_url(settings, DataFolder(settings.data_dir)),
            is_operator=partial(is_operator_request, settings),
        ),
        events=WebSocketGuard(reflex, settings, check_session, tab_groups),
        api=ApiProxy(context.api_client, context.api_url, trusted_proxies=settings.trusted_proxies),
        reflex=reflex,
    )
    return SecurityHeadersMiddleware(router, settings)


def load_reflex_app(build: Path, settings: Settings) -> Any:
    """Load the Reflex application with the build's folder as its work folder.

    Side effects: changes the working directory and sets environment variables, because Reflex reads its configuration
    from them when it is imported.
    """
    os.chdir(ROOT)
    os.environ.update(
        REFLEX_ENV_MODE="prod",
        REFLEX_WEB_WORKDIR=str(build),
        REFLEX_TELEMETRY_ENABLED="false",
        REFLEX_CORS_ALLOWED_ORIGINS=",".join(sorted(settings.origins)),
        __REFLEX_SKIP_COMPILE="true",
    )
    from herwa_web.herwa_web import app  # noqa: PLC0415 - it reads the environment variables above at import

    return app


async def check_session(session_token: str) -> bool:
    """Return whether a session is open. It counts as open while the database is unreachable.

    A database failure must not log users out. Handlers then look the session up themselves and show the error.
    """
    try:
        return await find_user_by_session(session_token) is not None
    except (OSError, SQLAlchemyError) as error:
        limited_log.warning("session lookup failed", kind=type(error).__name__, error=format_reason(error))
        return True


async def is_operator_request(settings: Settings, scope: Scope) -> bool:
    """Return whether a request has the session of an operator; False while the database is unreachable."""
    try:
        token = parse_session_token(Headers(scope=scope).get("cookie", ""), settings)
        return await find_operator_by_session(token) is not None
    except (OSError, SQLAlchemyError) as error:
        limited_log.warning("session lookup failed", kind=type(error).__name__, error=format_reason(error))
        return False
