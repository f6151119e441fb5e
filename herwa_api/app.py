"""The FastAPI application: state, routers, error handlers, middleware, OpenAPI document."""

from fastapi import Depends, FastAPI
from starlette.types import Receive, Scope, Send

from herwa_api import texts
from herwa_api.app_state import create_app_state
from herwa_api.cors import CrossOriginMiddleware
from herwa_api.errors import add_error_handlers, refuse_repeated_parameters
from herwa_api.known_responses import KnownResponseMiddleware
from herwa_api.middleware import RequestMiddleware
from herwa_api.openapi import add_openapi_document
from herwa_api.operator_gate import OperatorGate
from herwa_api.rate_limits.middleware import RateLimitMiddleware
from herwa_api.rate_limits.rules import RATE_LIMITS
from herwa_api.routers import (
    admin_panel,
    admin_servers,
    auth,
    documentation,
    export_events,
    exports,
    guild,
    health,
    keys,
    leaked_keys,
    me,
    sessions,
    setting_changes,
    statistics,
    widgets,
)
from herwa_api.routers import settings as settings_router
from herwa_api.widgets.middleware import WidgetMiddleware
from herwa_shared.auth.account_cache import AccountCache
from herwa_shared.auth.sessions import get_cookie_name
from herwa_shared.config import Settings
from herwa_shared.discord.guild_reader import GuildReader
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.query_cache.cache import QueryCache
from herwa_shared.stores import Stores

PANEL_ROUTERS = (admin_servers.router, admin_panel.router)
"""The routes of the operator's panel, which `OperatorGate` hides."""


class Api(FastAPI):
    """The application. Widgets are served before everything else, also before the middleware of Starlette."""

    widgets: WidgetMiddleware

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.widgets(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve everything but widgets."""
        await super().__call__(scope, receive, send)


def create_app(
    stores: Stores,
    settings: Settings,
    policies: PolicyCache,
    query_cache: QueryCache | None = None,
    guild_reader: GuildReader | None = None,
    accounts: AccountCache | None = None,
) -> FastAPI:
    """Build the API application.

    The caller opens and closes `stores`, `policies` and `guild_reader`, and runs `query_cache` and `accounts`.
    """
    app = Api(
        title=texts.API_TITLE,
        version="1",
        description=texts.API_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect behind a proxy could lead from https to http, with the key
    )
    app_state = app.state.app_state = create_app_state(stores, settings, policies, query_cache, guild_reader, accounts)
    app.include_router(auth.router)
    routers = (
        me,
        sessions,
        guild,
        statistics,
        settings_router,
        setting_changes,
        exports,
        export_events,
        keys,
        widgets,
        leaked_keys,
    )
    for api_router in (module.router for module in routers):
        app.include_router(api_router, dependencies=[Depends(refuse_repeated_parameters)])
    for panel_router in PANEL_ROUTERS:
        app.include_router(panel_router, dependencies=[Depends(refuse_repeated_parameters)])
    app.include_router(documentation.router)
    app.include_router(health.router)
    add_openapi_document(app, cookie=get_cookie_name(settings))
    add_error_handlers(app)
    app.add_middleware(OperatorGate, settings=settings, sessions=app_state.sessions)
    app.add_middleware(KnownResponseMiddleware, responses=app_state.known_responses)
    app.add_middleware(
        RateLimitMiddleware, limiter=app_state.limiter, verifier=app_state.key_verifier, table=RATE_LIMITS
    )
    app.add_middleware(CrossOriginMiddleware, origins=settings.cors_origins)
    app.add_middleware(RequestMiddleware, usage=app_state.key_usage, counts=app_state.request_counts)
    app.widgets = WidgetMiddleware(
        app.serve, cards=app_state.widget_cards, uses=app_state.widget_uses, counts=app_state.request_counts
    )
    return app
