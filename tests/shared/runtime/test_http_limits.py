"""The document about security names every limit of HTTP with its value."""

import dataclasses
import re
from pathlib import Path
from typing import Any

from herwa_shared.runtime import http_limits

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"


def format_limit(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        return ", ".join(
            f"{field.name} {format_limit(getattr(value, field.name))}" for field in dataclasses.fields(value)
        )
    return f"{value:,g}" if isinstance(value, float) else f"{value:,}"


def test_the_document_names_every_limit():
    documented = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|$", DOCUMENT.read_text(), re.MULTILINE))
    limits = {name: format_limit(value) for name, value in vars(http_limits).items() if name.isupper()}
    assert {name: documented.get(name) for name in limits} == limits


def test_one_address_takes_at_most_a_quarter_of_a_pool():
    for pool in (http_limits.CONNECTIONS, http_limits.RUNNING_REQUESTS, http_limits.API_CONNECTIONS, http_limits.TABS):
        assert pool.per_address <= pool.total / 4, pool
