"""The OpenAPI document: what FastAPI derives from the routes, with errors, security and examples."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from herwa_api import texts
from herwa_api.etags import respond_with_etag
from herwa_api.schemas.problems import PROBLEM_SCHEMA

JSON_MEDIA_TYPE = "application/json"
EXAMPLES_BY_TYPE: Mapping[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}


OPENAPI_PATH = "/api/openapi.json"


def add_openapi_document(app: FastAPI, *, cookie: str) -> None:
    """Serve the OpenAPI document, with what FastAPI does not know; `cookie` is the real name of the session cookie.

    Error bodies are built by hand, and the cookie's name depends on the settings. The document is built on first use
    and cached in `app.openapi_schema`. It is encoded once: FastAPI would do so for each request, which takes long.
    """

    def build_openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=[{"name": name, "description": text} for name, text in texts.TAGS.items()],
            )
            document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
            document["components"]["securitySchemes"]["session"]["name"] = cookie
            _add_examples(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = build_openapi  # type: ignore[method-assign]

    @cache
    def encode_openapi() -> bytes:
        return orjson.dumps(build_openapi())

    @app.get(OPENAPI_PATH, include_in_schema=False)
    async def get_openapi_document(request: Request) -> Response:
        return respond_with_etag(request, encode_openapi())


def _add_examples(document: dict[str, Any]) -> None:
    """Give every JSON body an example, built from those of its fields."""
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                content = body.get("content", {}).get(JSON_MEDIA_TYPE)
                if content is not None and content["schema"] and "example" not in content:
                    content["example"] = build_example(content["schema"], schemas)


def build_example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Build an example of a JSON schema: its own, or one of all required properties. `schemas` are the components."""
    for keyword in ("examples", "enum"):
        if schema.get(keyword):
            return schema[keyword][0]
    if "$ref" in schema:
        return build_example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for keyword in ("const", "default"):
        if schema.get(keyword) is not None:
            return schema[keyword]
    if "anyOf" in schema:
        return build_example(schema["anyOf"][0], schemas)
    return _build_typed_example(schema, schemas)


def _build_typed_example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    if schema.get("type") == "array":
        return [build_example(schema["items"], schemas)]
    if schema.get("type") == "object":
        properties, required = schema.get("properties", {}), schema.get("required", [])
        names = required or list(properties)
        return {name: build_example(properties[name], schemas) for name in names}
    return EXAMPLES_BY_TYPE[schema["type"]] if "type" in schema else {}
