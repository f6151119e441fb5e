"""Test modules that share a running copy are one unit for pytest-xdist."""

import re
from pathlib import Path

from tests.support.scheduling import MODULES_BY_COPY, get_unit

ROOT = Path(__file__).parents[2]
USES_COPY = re.compile(r"^(?:async )?def (?:test_\w+|external_services)\([^)]*\bcopy\b", re.MULTILINE)


def test_modules_that_share_a_copy_are_one_unit():
    modules = [path for path in ROOT.glob("tests/herwa/test_*.py") if USES_COPY.search(path.read_text())]
    modules += ROOT.glob("tests/browser/test_*.py")
    assert {get_unit(path.relative_to(ROOT).as_posix()) for path in modules} == MODULES_BY_COPY.keys()


def test_other_modules_are_units_of_their_own():
    assert get_unit("tests/herwa/test_doctor.py") == "tests/herwa/test_doctor.py"
