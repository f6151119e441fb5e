"""Render the results of `herwa doctor`: a mark, subject and detail, and the fix below."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from herwa.doctor.check_result import CheckResult, Severity
from herwa.texts import doctor as texts

SEVERITY_MARKS = {Severity.OK: ("✓", "green"), Severity.WARNING: ("!", "yellow"), Severity.ERROR: ("✗", "bold red")}


def render_results(results: Sequence[CheckResult]) -> RenderableType:
    """Render all results, followed by a summary."""
    width = max(len(result.subject) for result in results)
    return Group(
        *(line for result in results for line in _render_lines(result, width)), Text(), _render_summary(results)
    )


def _render_lines(result: CheckResult, width: int) -> list[Text]:
    mark, style = SEVERITY_MARKS[result.severity]
    line = Text().append(f"{mark} ", style=style).append(f"{result.subject:<{width}}  ", style="bold")
    lines = [line.append(result.detail)]
    if result.fix:
        lines.append(Text(f"{'':<{width + 4}}→ {result.fix}", style="dim"))
    return lines


def _render_summary(results: Sequence[CheckResult]) -> Text:
    error_count = sum(result.severity is Severity.ERROR for result in results)
    warning_count = sum(result.severity is Severity.WARNING for result in results)
    style = "bold red" if error_count else "yellow" if warning_count else "green"
    return Text(texts.format_doctor_summary(error_count, warning_count), style=style)
