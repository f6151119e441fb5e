"""The FastAPI application: state, routers, error handlers, middleware, OpenAPI document."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from herwa_api import texts
from herwa_api.app_state import create_app_state
from herwa_api.errors import add_error_handlers
from herwa_api.middleware import RequestMiddleware
from herwa_api.rate_limits.middleware import RateLimitMiddleware
from herwa_api.rate_limits.rules import RATE_LIMITS
from herwa_api.routers import auth, health, keys, leaked_keys, me, sessions, statistics
from herwa_api.schemas.problems import PROBLEM_SCHEMA
from herwa_shared.auth.sessions import get_cookie_name
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.query_cache.cache import QueryCache
from herwa_shared.stores import Stores


def create_app(
    stores: Stores, settings: Settings, policies: PolicyCache, query_cache: QueryCache | None = None
) -> FastAPI:
    """Build the API application. The caller opens and closes `stores` and `policies`, and runs `query_cache`."""
    app = FastAPI(
        title=texts.API_TITLE,
        version="1",
        description=texts.API_DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app_state = app.state.app_state = create_app_state(stores, settings, policies, query_cache)
    app.include_router(auth.router)
    app.include_router(me.router)
    app.include_router(sessions.router)
    app.include_router(statistics.router)
    app.include_router(keys.router)
    app.include_router(leaked_keys.router)
    app.include_router(health.router)
    add_error_handlers(app)
    app.add_middleware(
        RateLimitMiddleware, limiter=app_state.limiter, verifier=app_state.key_verifier, table=RATE_LIMITS
    )
    app.add_middleware(RequestMiddleware, usage=app_state.key_usage)
    _customize_openapi(app, get_cookie_name(settings))
    return app


def _customize_openapi(app: FastAPI, cookie: str) -> None:
    """Add the `Problem` schema and the real name of the session cookie to the OpenAPI document.

    FastAPI knows neither: error bodies are built by hand, and the cookie's name depends on the settings.
    The document is built on first use and cached in `app.openapi_schema`.
    """

    def build_openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
            document["components"]["securitySchemes"]["session"]["name"] = cookie
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = build_openapi  # type: ignore[method-assign]
