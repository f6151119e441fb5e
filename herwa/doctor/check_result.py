"""The result of one check of `herwa doctor`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """Severity of a result. A `WARNING` means reduced function; an `ERROR` must be fixed."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the report: subject, what was found, and how to fix it."""

    subject: str
    severity: Severity
    detail: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """Serialize for `--json`."""
        return {"subject": self.subject, "severity": self.severity.value, "detail": self.detail, "fix": self.fix}


def report_ok(subject: str, detail: str) -> CheckResult:
    """Build a result without a problem."""
    return CheckResult(subject, Severity.OK, detail)


def report_warning(subject: str, detail: str, fix: str) -> CheckResult:
    """Build a result for a problem that reduces function."""
    return CheckResult(subject, Severity.WARNING, detail, fix)


def report_error(subject: str, detail: str, fix: str) -> CheckResult:
    """Build a result for a problem that must be fixed."""
    return CheckResult(subject, Severity.ERROR, detail, fix)
