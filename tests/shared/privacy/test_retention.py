"""The table of retention that the privacy page shows is the one in the documentation."""

from pathlib import Path

from herwa_shared.privacy.retention import RETENTION_RULES

DOCUMENT = Path(__file__).parents[3] / "docs" / "privacy.md"


def test_page_and_documentation_say_the_same():
    section = DOCUMENT.read_text().split("## What is stored about a member")[1].split("\n**")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    documented = [(data.strip(), period.strip()) for data, _, period in rows]
    assert [(rule.data, rule.period) for rule in RETENTION_RULES] == documented
