"""Texts of `herwa audit --verify`."""

from collections.abc import Mapping
from pathlib import Path

from herwa.texts.counts import format_count
from herwa_shared.services.audit_chain import ChainDefect, DefectKind

LOG_EMPTY = "The log is empty."
OPERATOR_LOG = "The operator's log"
NO_ANCHORS = "No daily digests were noted yet, so removed entries at the end of a log can't be found."
_PROBLEMS: Mapping[DefectKind, str] = {
    DefectKind.MISSING: "entry {number:,} is missing",
    DefectKind.CHANGED: "entry {number:,} was changed",
    DefectKind.NOT_AUTHENTIC: "entry {number:,} wasn't written with the audit key",
    DefectKind.NOT_LINKED: "entry {number:,} doesn't follow the entry before it",
    DefectKind.PERSONAL_VALUE_CHANGED: "in entry {number:,} the value {field} was changed",
    DefectKind.NOT_AS_NOTED: "entry {number:,} isn't the one that was noted earlier",
    DefectKind.CUT_OFF: "entries from number {number:,} on were removed",
    DefectKind.DELETED: "all entries were removed",
}


def format_verified_log(entries: int, digest: str) -> str:
    """Format that no entry of one audit log was changed."""
    return f"{format_count(entries, 'entry', 'entries')} checked, none changed or removed. Last digest: {digest}."


def format_verified_logs(logs: int, entries: int) -> str:
    """Format that no entry of any audit log was changed."""
    return (
        f"{format_count(logs, 'audit log')} with {format_count(entries, 'entry', 'entries')} checked,"
        " none changed or removed."
    )


def format_compared_anchors(days: int, newest: str) -> str:
    """Format with how many daily digests the logs were compared."""
    return f"Compared with the digests of {format_count(days, 'day')}, the newest from {newest}."


def describe_defect(defect: ChainDefect) -> str:
    """Describe what is wrong with an audit log."""
    log = OPERATOR_LOG if defect.guild_id is None else f"The log of server {defect.guild_id}"
    return f"{log}: {_PROBLEMS[defect.kind].format(number=defect.number, field=defect.field)}."


def describe_invalid_anchors(path: Path) -> str:
    """Describe a file of digests that was changed."""
    return f"The digests in {path} were changed, or noted with another audit key."
