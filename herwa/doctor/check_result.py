"""What one check has found."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is. A `note` leaves Herwa working with less; what is `wrong` has to be mended."""

    OK = "good"
    WARNING = "note"
    ERROR = "wrong"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the doctor: what was looked at, what was found, and what to do about it."""

    subject: str
    severity: Severity
    detail: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {"subject": self.subject, "grade": self.severity.value, "found": self.detail, "mend": self.fix}


def report_ok(subject: str, detail: str) -> CheckResult:
    """All is well."""
    return CheckResult(subject, Severity.OK, detail)


def report_warning(subject: str, detail: str, fix: str) -> CheckResult:
    """It works, with less."""
    return CheckResult(subject, Severity.WARNING, detail, fix)


def report_error(subject: str, detail: str, fix: str) -> CheckResult:
    """It does not work like this."""
    return CheckResult(subject, Severity.ERROR, detail, fix)
