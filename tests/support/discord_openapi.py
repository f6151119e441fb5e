"""Validates REST calls against Discord's own OpenAPI document."""

import gzip
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.support.json_schemas import DocumentSchemas

DOCUMENT_PATH = Path(__file__).parents[1] / "data" / "discord-openapi.json.gz"


@cache
def _load_document() -> tuple[dict, DocumentSchemas, dict[str, str]]:
    content = json.loads(gzip.decompress(DOCUMENT_PATH.read_bytes()))
    return (
        content,
        DocumentSchemas(content, draft="Draft202012"),
        {_strip_parameter_names(path): path for path in content["paths"]},
    )


def list_call_problems(calls: Iterable[dict]) -> list[str]:
    """List the distinct problems of a journal's REST calls."""
    return sorted({problem for entry in calls for problem in list_exchange_problems(entry)})


def list_exchange_problems(entry: dict) -> list[str]:
    """List the differences between one recorded request with its response and the document."""
    content, _, paths = _load_document()
    method, route = entry["method"].lower(), entry["route"]
    path = paths.get(_strip_parameter_names(route))
    if path is None or method not in content["paths"][path]:
        return [] if entry["status"] in (401, 404) else [f"{method} {route} is not in the document"]
    operation = content["paths"][path][method]
    base = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
    return [
        f"{method.upper()} {route} {part}: {problem}"
        for part, problem in (
            *_find_request_problems(entry, operation, base),
            *_find_response_problems(entry, operation, base),
        )
    ]


def _find_request_problems(entry: dict, operation: dict, base: str):
    if entry["status"] < 300 and entry["asked"] is not None and "requestBody" in operation:
        pointer = f"{base}/requestBody/content/application~1json/schema"
        yield from _find_problems("asked", pointer, _stringify_ids(entry["asked"]))


def _find_response_problems(entry: dict, operation: dict, base: str):
    status = str(entry["status"])
    if status.startswith("2"):
        if status not in operation["responses"]:
            yield "answered", f"status {status} is not in the document"
        elif entry["answered"] is not None:
            pointer = f"{base}/responses/{status}/content/application~1json/schema"
            yield from _find_problems("answered", pointer, entry["answered"])
    elif status != "429":
        yield from _find_problems("answered", "/components/schemas/ErrorResponse", entry["answered"])


def _find_problems(part: str, pointer: str, instance: object):
    problem = _load_document()[1].find_problem(pointer, instance)
    if problem is not None:
        yield part, problem


def list_message_problems(message: dict) -> list[str]:
    """List the differences between a message from the gateway and the document's message schema."""
    return [problem for _, problem in _find_problems("message", "/components/schemas/MessageResponse", message)]


def _strip_parameter_names(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def _stringify_ids(body: object) -> object:
    """Convert the ids that discord.py sends as numbers to strings.

    These are the ids of attachments, replies and recipients. Discord accepts numbers; its document allows only strings.
    """
    if isinstance(body, list):
        return [_stringify_ids(item) for item in body]
    if not isinstance(body, dict):
        return body
    converted = {name: _stringify_ids(value) for name, value in body.items()}
    if "recipient_id" in converted:
        converted["recipient_id"] = str(converted["recipient_id"])
    for attachment in converted.get("attachments") or ():
        attachment["id"] = str(attachment["id"])
    if "message_reference" in converted:
        reference = converted["message_reference"]
        converted["message_reference"] = {
            name: str(value) if name.endswith("_id") else value for name, value in reference.items()
        }
    return converted
