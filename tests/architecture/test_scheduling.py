"""Test modules that share processes are one unit for pytest-xdist."""

import re
from pathlib import Path

from tests.support.scheduling import BOT_UNIT, LONG_MODULES, MODULES_BY_UNIT, OWN_BOT_UNIT, get_unit

ROOT = Path(__file__).parents[2]
USES_COPY = re.compile(r"^(?:async )?def (?:test_\w+|external_services)\([^)]*\bcopy\b", re.MULTILINE)


def test_modules_that_share_a_copy_are_one_unit():
    modules = [path for path in ROOT.glob("tests/herwa/test_*.py") if USES_COPY.search(path.read_text())]
    modules += ROOT.glob("tests/browser/test_*.py")
    assert {get_unit(path.relative_to(ROOT).as_posix()) for path in modules} == {"tests/herwa", "tests/browser"}


def test_modules_with_own_bots_do_not_run_beside_the_shared_bot():
    assert get_unit("tests/bot/test_catch_up.py") == get_unit("tests/bot/test_gateway_log.py") == OWN_BOT_UNIT
    assert get_unit("tests/bot/test_permissions.py") == BOT_UNIT


def test_other_modules_are_units_of_their_own():
    assert get_unit("tests/herwa/test_doctor.py") == "tests/herwa/test_doctor.py"


def test_units_name_existing_modules():
    paths = [prefix for prefixes in MODULES_BY_UNIT.values() for prefix in prefixes]
    assert [path for path in (*paths, *LONG_MODULES) if not (ROOT / path).exists()] == []
