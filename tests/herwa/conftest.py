"""Fixture of a running copy, shared by all tests that do not stop it."""

from collections.abc import Iterator

import pytest

from herwa.texts import startup
from tests.support.configurable_copy import ConfigurableCopy, open_copy


@pytest.fixture(scope="package")
def copy() -> Iterator[ConfigurableCopy]:
    with open_copy() as copy:
        copy.start_all()
        copy.wait_for_output(startup.PRESS_CTRL_C)
        yield copy
