"""`docs/compliance.md` binds each of Discord's rules to a test, a setting or a task, and repeats the declared intents."""

import re

import pytest

from herwa_shared.privacy.collected_data import INTENTS
from tests.architecture.evidence import ROOT, is_setting, is_test

DOCUMENT = (ROOT / "docs" / "compliance.md").read_text()
RULES = (
    "encrypted at rest",
    "privacy policy and terms",
    "report issues",
    "deleted promptly",
    "no third party",
    "no profiling",
    "not sold",
    "no contact",
    "no process",
    "Premium Apps",
    "documented API",
    "privileged intents",
    "2,500 servers",
    "private by default",
)
"""Words of each rule that binds a public bot, in the order of the table."""
MIN_TASK_LENGTH = 80


def list_rows(document: str, heading: str) -> list[list[str]]:
    """List the cells of the table below a heading, without its head."""
    section = document.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def list_tasks(document: str) -> dict[str, str]:
    """Map the names of the operator's tasks to their texts."""
    section = document.split("\n## The operator's tasks\n", 1)[1]
    parts = re.split(r"^### (.+)$", section, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (text.strip() for text in parts[1::2]), strict=True))


def find_defects(document: str) -> list[str]:
    """List the rules that nothing holds, and the evidence that does not exist."""
    rows, tasks = list_rows(document, "Discord's rules"), list_tasks(document)
    defects = [f"{words} is missing" for words in RULES if not any(words.lower() in row[0].lower() for row in rows)]
    if len(rows) != len(RULES):
        defects.append("another number of rules")
    for rule, source, description, evidence in rows:
        if not (source and description and evidence):
            defects.append(f"{rule}: empty")
        for part in filter(None, evidence.split(", ")):
            if part.startswith("task: "):
                is_valid = len(tasks.get(part.removeprefix("task: "), "")) >= MIN_TASK_LENGTH
            else:
                name = part.strip("`")
                is_valid = is_test(name) if "::" in name else is_setting(name)
            if not is_valid:
                defects.append(f"{rule}: no such evidence: {part}")
    return defects


def test_every_rule_is_held_by_a_test_a_setting_or_a_task():
    assert find_defects(DOCUMENT) == []


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        ("`HERWA_CONTACT`", "`HERWA_NO_CONTACT`", "no such evidence"),
        ("::test_each_missing_part", "::test_no_missing_part", "no such evidence"),
        ("### Answer reports", "### Ignore reports", "no such evidence"),
        ("| `tests/sim/test_rest.py::test_rest_calls_match_discords_openapi_document` |", "| |", "empty"),
        ("| Only the documented API is used |", "| Any API is used |", "is missing"),
    ],
)
def test_defect_is_found(old, new, defect):
    assert old in DOCUMENT
    assert [found for found in find_defects(DOCUMENT.replace(old, new, 1)) if defect in found]


def test_dossier_is_what_the_code_declares():
    declared = [
        [spec.title, "yes" if spec.is_privileged else "no", spec.purpose, spec.without] for spec in INTENTS.values()
    ]
    assert list_rows(DOCUMENT, "Intent dossier") == declared


def test_every_task_of_a_checklist_exists():
    names = re.findall(r"^- \[ \] task: (.+)$", DOCUMENT, re.MULTILINE)
    assert names
    assert set(names) <= list_tasks(DOCUMENT).keys()


def test_named_tests_outside_of_the_table_exist():
    references = re.findall(r"`(tests/[\w/]+\.py::\w+)`", DOCUMENT)
    assert references
    assert [reference for reference in references if not is_test(reference)] == []
