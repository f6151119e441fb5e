"""One copy that runs, for every test that does not end it."""

from collections.abc import Iterator

import pytest

from tests.support.configurable_copy import ConfigurableCopy, open_copy


@pytest.fixture(scope="package")
def copy() -> Iterator[ConfigurableCopy]:
    with open_copy() as copy:
        copy.start_all()
        copy.wait_for_output("Ctrl-C stops everything")
        yield copy
