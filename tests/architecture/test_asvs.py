"""`docs/asvs.csv` binds each requirement of OWASP ASVS to a test, a setting, or a reason why it does not apply."""

import csv
import re
from pathlib import Path

import pytest

from tests.architecture.evidence import ROOT, is_setting, is_test

DOCUMENT = ROOT / "docs" / "asvs.csv"
HEADER = ["id", "test", "setting", "reason"]
MIN_REASON_LENGTH = 20
VERSION = "5.0.0"
REQUIRED = """
V4.1.1-3 V4.2.1 V4.3.1-2 V4.4.1-4
V6.1.1-3 V6.2.1-12 V6.3.1-4 V6.4.1-4 V6.5.1-5 V6.6.1-3 V6.8.1-4
V7.1.1-3 V7.2.1-4 V7.3.1-2 V7.4.1-5 V7.5.1-2 V7.6.1-2
V8.1.1-2 V8.2.1-3 V8.3.1 V8.4.1
V9.1.1-3 V9.2.1-4
V10.1.1-2 V10.2.1-2 V10.3.1-4 V10.4.1-11 V10.5.1-5 V10.6.1-2 V10.7.1-3
"""
"""All requirements of levels 1 and 2 in the chapters about API, authentication, sessions, authorization, tokens, OAuth."""
RELATED = """
V3.3.1-4 V3.4.2 V3.5.1-3 V3.7.2 V13.2.2 V13.4.2 V13.4.4-5 V14.2.1 V14.3.2 V15.3.3-4
V16.2.5 V16.3.1-3 V16.4.1 V16.5.1-3
"""
"""Requirements of other chapters that are about cookies, requests to the API, log-ins and what is logged of them."""
RANGE_PATTERN = re.compile(r"(V\d+\.\d+\.)(\d+)(?:-(\d+))?")


def expand_ranges(text: str) -> list[str]:
    """`V4.1.1-3` → V4.1.1, V4.1.2, V4.1.3."""
    return [
        f"{section}{number}"
        for section, first, last in RANGE_PATTERN.findall(text)
        for number in range(int(first), int(last or first) + 1)
    ]


def find_defects(path: Path) -> list[str]:
    """List what is wrong in the file."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    ids = [row[0] for row in rows if row]
    expected = expand_ranges(REQUIRED + RELATED)
    return [
        *([] if header == HEADER else ["header"]),
        *(f"{id_} is missing" for id_ in expected if id_ not in ids),
        *(f"{id_} is not expected" for id_ in ids if id_ not in expected),
        *(f"{id_} is there twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1})),
        *(f"{row}: {defect}" for row in rows if (defect := find_defect_of_row(row))),
    ]


def find_defect_of_row(row: list[str]) -> str | None:
    if len(row) != len(HEADER):
        return "four columns"
    _, test, setting, reason = row
    if sum(map(bool, (test, setting, reason))) != 1:
        return "exactly one of test, setting and reason"
    if test and not is_test(test):
        return "no such test"
    if setting and not is_setting(setting):
        return "no such setting"
    if reason and len(reason) < MIN_REASON_LENGTH:
        return "no reason"
    return None


def test_every_requirement_has_a_test_a_setting_or_a_reason():
    assert find_defects(DOCUMENT) == []


def test_number_of_requirements_is_that_of_the_standard():
    assert VERSION in (ROOT / "docs" / "security.md").read_text()
    assert len(expand_ranges(REQUIRED)) == 10 + 35 + 18 + 7 + 7 + 29


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        ("V4.2.1,", "V4.2.x,", "V4.2.1 is missing"),
        ("V4.2.1,", "V4.2.2,", "V4.2.2 is not expected"),
        ("V4.2.1,", "V4.1.1,", "V4.1.1 is there twice"),
        ("There is no GraphQL.", "", "exactly one"),
        ("There is no GraphQL.", "None.", "no reason"),
        (",,There is", ",HERWA_PORT,There is", "exactly one"),
        ("HERWA_SECRET_KEY", "HERWA_SECRET", "no such setting"),
        ("::test_", "::test_no_", "no such test"),
        ("tests/api/", "tests/apis/", "no such test"),
    ],
)
def test_defect_is_found(tmp_path, old, new, defect):
    text = DOCUMENT.read_text()
    assert old in text
    changed = tmp_path / "asvs.csv"
    changed.write_text(text.replace(old, new, 1))
    assert [found for found in find_defects(changed) if defect in found]


def test_setting_may_be_a_line_of_a_file():
    assert is_setting("herwa_shared/runtime/http_limits.py:MAX_BODY_BYTES")
    assert not is_setting("herwa_shared/runtime/http_limits.py:MAX_BODY")
    assert not is_setting("herwa_shared/runtime/no_limits.py:MAX_BODY_BYTES")
