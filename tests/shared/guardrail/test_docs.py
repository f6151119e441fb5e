"""docs/guardrail.md matches the code: steps, steps of each principal, precedence of rules."""

import re
from pathlib import Path

from herwa_shared.guardrail.explain import STEP_ORDER, STEPS_BY_PRINCIPAL
from herwa_shared.guardrail.invocation import PrincipalKind
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.steps import STEPS

GUARDRAIL_DOC = (Path(__file__).parents[3] / "docs" / "guardrail.md").read_text()


def parse_table_rows(heading: str) -> list[list[str]]:
    """Parse the body rows of the first table after a heading."""
    table = GUARDRAIL_DOC.split(heading, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_docs_list_the_steps_in_order():
    table_rows = [(row[0], row[1].strip("`"), row[2]) for row in parse_table_rows("# The guardrail")]

    assert table_rows == [
        (str(number), step.__name__.removeprefix("check_"), step.__doc__) for number, step in enumerate(STEPS, start=1)
    ]


def test_docs_list_the_steps_of_each_principal():
    table_rows = parse_table_rows("# The guardrail")

    for principal_kind, column in (
        (PrincipalKind.MEMBER, 3),
        (PrincipalKind.ADMINISTRATOR, 3),
        (PrincipalKind.KEY, 4),
        (PrincipalKind.WIDGET, 5),
    ):
        ticked_steps = {row[1].strip("`") for row in table_rows if row[column] == "✓"}
        assert ticked_steps == {str(step) for step in STEP_ORDER if step in STEPS_BY_PRINCIPAL[principal_kind]}


def test_docs_list_the_precedence_in_the_order_of_the_code():
    table_rows = {row[0]: re.split(r" · ", row[1]) for row in parse_table_rows("## Which rule wins")}

    assert table_rows == {
        "who": [str(kind) for kind in reversed(SubjectKind)],
        "what": [str(kind) for kind in reversed(TargetKind)],
        "where": [str(kind) for kind in reversed(PlaceKind)],
    }
