"""Fixture of the tests that read the source code."""

import gc
from collections.abc import Iterator

import pytest

from tests.architecture.test_names import parse_tree


@pytest.fixture(scope="package", autouse=True)
def parsed_sources() -> Iterator[None]:
    """Forget the syntax trees of all modules at the end, and collect no garbage while they are built.

    They take hundreds of megabytes, which each collection would visit.
    """
    gc.disable()
    yield
    gc.enable()
    parse_tree.cache_clear()
