"""What one check has found."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Grade(StrEnum):
    """How bad it is. A `note` leaves Herwa working with less; what is `wrong` has to be mended."""

    GOOD = "good"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, and what to do about it."""

    subject: str
    grade: Grade
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {"subject": self.subject, "grade": self.grade.value, "found": self.found, "mend": self.mend}


def good(subject: str, found: str) -> Finding:
    """All is well."""
    return Finding(subject, Grade.GOOD, found)


def note(subject: str, found: str, mend: str) -> Finding:
    """It works, with less."""
    return Finding(subject, Grade.NOTE, found, mend)


def wrong(subject: str, found: str, mend: str) -> Finding:
    """It does not work like this."""
    return Finding(subject, Grade.WRONG, found, mend)
