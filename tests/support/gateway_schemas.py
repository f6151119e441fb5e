"""Validates gateway events against schemas that `scripts/gateway-schema` generates from discord-api-types."""

import gzip
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tests.support.json_schemas import DocumentSchemas

SCHEMA_PATH = Path(__file__).parents[1] / "data" / "gateway-schema.json.gz"


@cache
def _load_schemas() -> tuple[frozenset[str], DocumentSchemas]:
    """Load the names of the events, and their schemas."""
    content = json.loads(gzip.decompress(SCHEMA_PATH.read_bytes()))
    return frozenset(content["definitions"]["Gateway"]["properties"]), DocumentSchemas(content, draft="Draft7")


def find_event_problem(name: str, data: object) -> str | None:
    """Describe the first schema violation of an event, or return None when it is valid."""
    if name == "RESUMED":
        return None  # the types say that it has no data; Discord sends a _trace
    names, schemas = _load_schemas()
    if name not in names:
        return f"{name} is not an event of Discord"
    problem = schemas.find_problem(f"/definitions/Gateway/properties/{name}", data)
    return None if problem is None else f"{name} {problem}"


def list_event_problems(events: Mapping[str, Iterable[object]]) -> list[str]:
    """List the distinct problems of a journal's events."""
    problems = {find_event_problem(name, payload) for name, payloads in events.items() for payload in payloads}
    return sorted(problem for problem in problems if problem is not None)
