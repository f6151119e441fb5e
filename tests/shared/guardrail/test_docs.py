"""docs/guardrail.md says what the code does."""

import re
from pathlib import Path

from herwa_shared.guardrail.explain import ASKED, ORDER
from herwa_shared.guardrail.invocation import Asker
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.steps import STEPS

PAGE = (Path(__file__).parents[3] / "docs" / "guardrail.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The body of the first table behind a heading."""
    table = PAGE.split(heading, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_steps_stand_in_the_docs_as_they_are_asked():
    told = [(row[0], row[1].strip("`"), row[2]) for row in rows("# The guardrail")]

    assert told == [(str(number), step.__name__, step.__doc__) for number, step in enumerate(STEPS, start=1)]


def test_the_docs_say_which_steps_each_asker_is_asked():
    told = rows("# The guardrail")

    for asker, column in ((Asker.MEMBER, 3), (Asker.ADMINISTRATOR, 3), (Asker.KEY, 4), (Asker.WIDGET, 5)):
        ticked = {row[1].strip("`") for row in told if row[column] == "✓"}
        assert ticked == {str(step) for step in ORDER if step in ASKED[asker]}


def test_the_docs_name_the_precedence_as_the_kinds_stand_in_the_code():
    told = {row[0]: re.split(r" · ", row[1]) for row in rows("## Which rule wins")}

    assert told == {
        "who": [str(kind) for kind in reversed(SubjectKind)],
        "what": [str(kind) for kind in reversed(TargetKind)],
        "where": [str(kind) for kind in reversed(PlaceKind)],
    }
