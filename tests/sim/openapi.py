"""Discord's own OpenAPI document, to hold REST calls against."""

import gzip
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = Path(__file__).parents[1] / "data" / "discord-openapi.json.gz"
_NAME = "urn:discord"


@cache
def _document() -> tuple[dict, Registry, dict[str, str]]:
    content = json.loads(gzip.decompress(DOCUMENT.read_bytes()))
    registry = Registry().with_resource(_NAME, Resource.from_contents(content, default_specification=DRAFT202012))
    return content, registry, {_anonymous(path): path for path in content["paths"]}


@cache
def _validator(pointer: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{_NAME}#{pointer}"}, registry=_document()[1])


def call_problems(calls: Iterable[dict]) -> list[str]:
    """Each different problem of a journal's calls, once."""
    return sorted({problem for entry in calls for problem in findings(entry)})


def findings(entry: dict) -> list[str]:
    """What the document objects to in one exchange of the journal."""
    content, _, paths = _document()
    method, route = entry["method"].lower(), entry["route"]
    path = paths.get(_anonymous(route))
    if path is None or method not in content["paths"][path]:
        return [] if entry["status"] in (401, 404) else [f"{method} {route} is not in the document"]
    operation = content["paths"][path][method]
    base = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
    return [
        f"{method.upper()} {route} {part}: {problem}"
        for part, problem in (*_asked(entry, operation, base), *_answered(entry, operation, base))
    ]


def _asked(entry: dict, operation: dict, base: str):
    if entry["status"] < 300 and entry["asked"] is not None and "requestBody" in operation:
        pointer = f"{base}/requestBody/content/application~1json/schema"
        yield from _problems("asked", pointer, _with_ids_as_text(entry["asked"]))


def _answered(entry: dict, operation: dict, base: str):
    status = str(entry["status"])
    if status.startswith("2"):
        if status not in operation["responses"]:
            yield "answered", f"status {status} is not in the document"
        elif entry["answered"] is not None:
            pointer = f"{base}/responses/{status}/content/application~1json/schema"
            yield from _problems("answered", pointer, entry["answered"])
    elif status != "429":
        yield from _problems("answered", "/components/schemas/ErrorResponse", entry["answered"])


def _problems(part: str, pointer: str, instance: object):
    error = best_match(_validator(pointer).iter_errors(instance))
    if error is not None:
        yield part, f"{error.json_path}: {error.message[:300]}"


def message_problems(message: dict) -> list[str]:
    """What the document objects to in a message that came by the gateway."""
    return [problem for _, problem in _problems("message", "/components/schemas/MessageResponse", message)]


def _anonymous(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def _with_ids_as_text(asked: object) -> object:
    """discord.py sends some ids as numbers, of attachments, replies and recipients; Discord takes them, its document does not."""
    if isinstance(asked, list):
        return [_with_ids_as_text(one) for one in asked]
    if not isinstance(asked, dict):
        return asked
    shown = {name: _with_ids_as_text(value) for name, value in asked.items()}
    if "recipient_id" in shown:
        shown["recipient_id"] = str(shown["recipient_id"])
    for attachment in shown.get("attachments") or ():
        attachment["id"] = str(attachment["id"])
    if "message_reference" in shown:
        reference = shown["message_reference"]
        shown["message_reference"] = {
            name: str(one) if name.endswith("_id") else one for name, one in reference.items()
        }
    return shown
