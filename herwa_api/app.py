"""The application: routes, errors, headers and the document, put together around open stores."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from herwa_api.dependencies import Access
from herwa_api.errors import add_error_handlers
from herwa_api.request_ids import RequestIds
from herwa_api.routers import guilds, health
from herwa_api.schemas.problems import PROBLEM_SCHEMA
from herwa_shared.config import Settings
from herwa_shared.folder import DataFolder
from herwa_shared.services.api_keys import pepper_of
from herwa_shared.stores import Stores

DESCRIPTION = """What happens in your server, counted, for your programs. Ids are strings, times ISO 8601 with offset.

Send a key of the server as `Authorization: Bearer sk_live_…`. Errors are `application/problem+json`.
"""


def create_app(stores: Stores, settings: Settings) -> FastAPI:
    """The API over these stores, which the caller opens and closes."""
    app = FastAPI(
        title="Herwa API",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.access = Access(stores, pepper_of(settings, DataFolder(settings.data_dir)))
    app.include_router(guilds.router)
    app.include_router(health.router)
    add_error_handlers(app)
    app.add_middleware(RequestIds)
    _document(app)
    return app


def _document(app: FastAPI) -> None:
    """FastAPI's own document, with the shape of errors that only we know."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
