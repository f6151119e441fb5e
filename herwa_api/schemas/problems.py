"""Error responses in the OpenAPI document: the same `Problem` schema at every route."""

from typing import Any

from herwa_api.auth import NO_SUCH_GUILD
from herwa_api.schemas.responses import Problem
from herwa_shared.errors import BadRequest, Forbidden, HerwaError, NotFound, Unauthenticated

PROBLEM_REFERENCE = {"$ref": "#/components/schemas/Problem"}
PROBLEM_SCHEMA = Problem.model_json_schema()


def _build_response(title: str, error: HerwaError, description: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": title, "status": error.status, "code": error.code, "detail": str(error)}
    content = {"application/problem+json": {"schema": PROBLEM_REFERENCE, "example": example}}
    return {"description": description, "content": content}


BAD_PARAMETER = BadRequest("'interval' must be 'hour', 'day', 'week' or 'month'.")
MISSING_SCOPE = Forbidden("This key lacks the scope members:read. Make one that has it.")
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: _build_response("Bad Request", BAD_PARAMETER, "A wrong parameter, and what would be right"),
    401: _build_response("Unauthorized", Unauthenticated(), "No key, or one that is unknown, expired or revoked"),
    403: _build_response(
        "Forbidden", MISSING_SCOPE, "The key lacks a scope, or what the server or its tier allows objects"
    ),
    404: _build_response("Not Found", NotFound(NO_SUCH_GUILD), "No such server, or none that this key may read"),
    "4XX": {"description": "Any other mistake", "content": {"application/problem+json": {"schema": PROBLEM_REFERENCE}}},
    "5XX": {
        "description": "A failure on our side",
        "content": {"application/problem+json": {"schema": PROBLEM_REFERENCE}},
    },
}
