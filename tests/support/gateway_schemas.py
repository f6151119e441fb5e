"""Validates gateway events against schemas that `scripts/gateway-schema` generates from discord-api-types."""

import gzip
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

SCHEMA_PATH = Path(__file__).parents[1] / "data" / "gateway-schema.json.gz"


@cache
def _load_schema() -> dict:
    return json.loads(gzip.decompress(SCHEMA_PATH.read_bytes()))


@cache
def _create_validator(name: str) -> Draft7Validator | None:
    event = _load_schema()["definitions"]["Gateway"]["properties"].get(name)
    return None if event is None else Draft7Validator({**event, "definitions": _load_schema()["definitions"]})


def find_event_problem(name: str, data: object) -> str | None:
    """Describe the first schema violation of an event, or return None when it is valid."""
    if name == "RESUMED":
        return None  # the types say that it has no data; Discord sends a _trace
    validator = _create_validator(name)
    if validator is None:
        return f"{name} is not an event of Discord"
    error = best_match(validator.iter_errors(data))
    return None if error is None else f"{name} {error.json_path}: {error.message[:300]}"


def list_event_problems(events: Mapping[str, Iterable[object]]) -> list[str]:
    """List the distinct problems of a journal's events."""
    problems = {find_event_problem(name, payload) for name, payloads in events.items() for payload in payloads}
    return sorted(problem for problem in problems if problem is not None)
