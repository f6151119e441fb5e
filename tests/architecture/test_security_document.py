"""`docs/security.md` names the tests of every attack on the API, and explains every scope of an API key."""

import re

from herwa_shared.catalog import SCOPES
from tests.architecture.evidence import ROOT, is_test

DOCUMENT = ROOT / "docs" / "security.md"
API_ATTACKS = {1, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 28, 29, 30, 33}
ROW_PATTERN = re.compile(r"^\| A(\d+): [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_every_attack_has_tests_that_exist():
    rows = {int(number): re.findall(r"`([^`]+)`", tests) for number, tests in ROW_PATTERN.findall(DOCUMENT.read_text())}
    assert rows.keys() >= API_ATTACKS
    assert not [number for number, tests in rows.items() if not tests]
    assert not [test for tests in rows.values() for test in tests if not is_test(test)]


def test_every_scope_is_explained():
    text = DOCUMENT.read_text()
    for scope in SCOPES.values():
        [row] = re.findall(rf"^\| `{scope.key}` \| (.+) \|$", text, re.MULTILINE)
        assert scope.requires is None or f"needs `{scope.requires}`" in row, scope
