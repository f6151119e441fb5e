"""The application: routes, errors, headers and the document, put together around open stores."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from herwa_api.app_state import create_app_state
from herwa_api.errors import add_error_handlers
from herwa_api.middleware import RequestMiddleware
from herwa_api.routers import auth, guilds, health, me
from herwa_api.schemas.problems import PROBLEM_SCHEMA
from herwa_shared.auth.sessions import get_cookie_name
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.stores import Stores

DESCRIPTION = """What happens in your server, counted, for your programs. Ids are strings, times ISO 8601 with offset.

Send a key of the server as `Authorization: Bearer sk_live_…`; a browser in which somebody is logged in needs none, and
reads the servers that they manage. Errors are `application/problem+json`.
"""


def create_app(stores: Stores, settings: Settings, policies: PolicyCache) -> FastAPI:
    """The API over these stores, by these policies, which the caller opens and closes."""
    app = FastAPI(
        title="Herwa API",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.app_state = create_app_state(stores, settings, policies)
    app.include_router(auth.router)
    app.include_router(me.router)
    app.include_router(guilds.router)
    app.include_router(health.router)
    add_error_handlers(app)
    app.add_middleware(RequestMiddleware)
    _customize_openapi(app, get_cookie_name(settings))
    return app


def _customize_openapi(app: FastAPI, cookie: str) -> None:
    """FastAPI's own document, with the shape of errors that only we know."""

    def build_openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
            document["components"]["securitySchemes"]["session"]["name"] = cookie
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = build_openapi  # type: ignore[method-assign]
