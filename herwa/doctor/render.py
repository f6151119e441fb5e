"""The doctor's findings for people: a mark, what was looked at, what was found, and below it what to do."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from herwa.doctor.check_result import Finding, Grade

MARKS = {Grade.GOOD: ("✓", "green"), Grade.NOTE: ("!", "yellow"), Grade.WRONG: ("✗", "bold red")}


def as_text(findings: Sequence[Finding]) -> RenderableType:
    """One block; ends with a sentence that sums it up."""
    width = max(len(finding.subject) for finding in findings)
    return Group(*(line for finding in findings for line in _lines(finding, width)), Text(), _summary(findings))


def _lines(finding: Finding, width: int) -> list[Text]:
    mark, style = MARKS[finding.grade]
    line = Text().append(f"{mark} ", style=style).append(f"{finding.subject:<{width}}  ", style="bold")
    lines = [line.append(finding.found)]
    if finding.mend:
        lines.append(Text(f"{'':<{width + 4}}→ {finding.mend}", style="dim"))
    return lines


def _summary(findings: Sequence[Finding]) -> Text:
    wrong = sum(finding.grade is Grade.WRONG for finding in findings)
    notes = sum(finding.grade is Grade.NOTE for finding in findings)
    if wrong:
        return Text(f"{wrong} to mend" + (f", {notes} to know" if notes else ""), style="bold red")
    if notes:
        return Text(f"Herwa works; {notes} to know", style="yellow")
    return Text("All is well.", style="green")
