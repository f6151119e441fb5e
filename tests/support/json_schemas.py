"""Validates JSON against the schemas of one document, fast if it is valid and with a good message if it is not."""

from functools import cache
from urllib.parse import quote

import jsonschema
import jsonschema_rs
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7, DRAFT202012

_DOCUMENT_URI = "urn:document"
_SPECIFICATIONS = {"Draft7": DRAFT7, "Draft202012": DRAFT202012}


class DocumentSchemas:
    """The schemas in a document, each addressed by a JSON pointer.

    jsonschema_rs checks, because jsonschema takes a hundred times as long; jsonschema only describes what is invalid.
    """

    def __init__(self, document: dict, *, draft: str) -> None:
        resource = Resource.from_contents(document, default_specification=_SPECIFICATIONS[draft])
        registry = Registry().with_resource(_DOCUMENT_URI, resource)
        describing_class = getattr(jsonschema, f"{draft}Validator")
        checking_class = getattr(jsonschema_rs, f"{draft}Validator")
        checking_registry = jsonschema_rs.Registry([(_DOCUMENT_URI, document)], draft=getattr(jsonschema_rs, draft))
        self._create_describing = cache(lambda pointer: describing_class(_refer_to(pointer), registry=registry))
        self._create_checking = cache(
            lambda pointer: checking_class(_refer_to(pointer), registry=checking_registry, validate_formats=False)
        )

    def find_problem(self, pointer: str, instance: object) -> str | None:
        """Describe the most relevant violation, or return None if the instance is valid."""
        if self._create_checking(pointer).is_valid(instance):
            return None
        error = best_match(self._create_describing(pointer).iter_errors(instance))
        assert error is not None, f"jsonschema and jsonschema_rs disagree on {pointer}: {instance}"
        return f"{error.json_path}: {error.message[:300]}"


def _refer_to(pointer: str) -> dict[str, str]:
    return {"$ref": f"{_DOCUMENT_URI}#{quote(pointer)}"}
