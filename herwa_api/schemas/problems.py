"""Error responses in the OpenAPI document: the same `Problem` schema at every route."""

from typing import Any

from herwa_api import texts
from herwa_api.etags import PreconditionFailed
from herwa_api.schemas.responses import Problem
from herwa_shared.errors import BadRequest, Forbidden, HerwaError, NotFound, Unauthenticated

PROBLEM_REFERENCE = {"$ref": "#/components/schemas/Problem"}
PROBLEM_SCHEMA = Problem.model_json_schema()


def _build_response(title: str, error: HerwaError, description: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": title, "status": error.status, "code": error.code, "detail": str(error)}
    content = {"application/problem+json": {"schema": PROBLEM_REFERENCE, "example": example}}
    return {"description": description, "content": content}


BAD_PARAMETER = BadRequest(texts.BAD_PARAMETER_EXAMPLE)
MISSING_SCOPE = Forbidden(texts.MISSING_SCOPE_EXAMPLE)
PROBLEM_CONTENT = {"application/problem+json": {"schema": PROBLEM_REFERENCE}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: _build_response("Bad Request", BAD_PARAMETER, texts.BAD_REQUEST_DESCRIPTION),
    401: _build_response("Unauthorized", Unauthenticated(), texts.UNAUTHORIZED_DESCRIPTION),
    403: _build_response("Forbidden", MISSING_SCOPE, texts.FORBIDDEN_DESCRIPTION),
    404: _build_response("Not Found", NotFound(texts.GUILD_NOT_FOUND), texts.NOT_FOUND_DESCRIPTION),
    "4XX": {"description": texts.CLIENT_ERROR_DESCRIPTION, "content": PROBLEM_CONTENT},
    "5XX": {"description": texts.SERVER_ERROR_DESCRIPTION, "content": PROBLEM_CONTENT},
}
WRITE_RESPONSES: dict[int | str, dict[str, Any]] = {
    409: {"description": texts.CONFLICT_DESCRIPTION, "content": PROBLEM_CONTENT},
    412: _build_response("Precondition Failed", PreconditionFailed(None), texts.PRECONDITION_DESCRIPTION),
}
"""Further error responses of routes that change settings."""
