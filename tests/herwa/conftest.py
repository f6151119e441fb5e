"""One copy that runs, for every test that does not end it."""

from collections.abc import Iterator

import pytest

from tests.herwa.copies import Copy, copy_of_its_own


@pytest.fixture(scope="package")
def copy() -> Iterator[Copy]:
    with copy_of_its_own() as copy:
        copy.up()
        copy.until_said("Ctrl-C stops everything")
        yield copy
