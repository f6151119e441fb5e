"""What this process has logged as warnings and errors, and its slowest questions, for the operator's health page.

Both are kept in memory, bounded, and sent with the heartbeat. A kind of error is the text of its log line and its
`kind`, never a value that others have sent.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MAX_KINDS = 60
MAX_TEXT_LENGTH = 80
MAX_QUESTIONS = 10
QUESTION_LIFETIME_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often a kind of error was logged since the start, and when last (Unix seconds)."""

    event: str
    kind: str
    level: str
    count: int
    last_at: float


@dataclass(frozen=True, slots=True)
class SlowQuestion:
    """A question about a guild that took long to compute, and when (Unix seconds)."""

    guild_id: int
    question: str
    milliseconds: int
    at: float


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """Part of a heartbeat: errors, the most frequent first; questions, the slowest first."""

    errors: list[ErrorCount] = field(default_factory=list)
    questions: list[SlowQuestion] = field(default_factory=list)


class ErrorCounter(logging.Handler):
    """Counts warnings and errors by kind. Further kinds than `MAX_KINDS` are not counted."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._counts: dict[tuple[str, str, str], tuple[int, float]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record. A line about dropped lines counts as many."""
        fields = record.msg if isinstance(record.msg, dict) else {}
        event = str(fields.get("event", record.name))[:MAX_TEXT_LENGTH]
        key = (event, str(fields.get("kind", ""))[:MAX_TEXT_LENGTH], record.levelname.lower())
        dropped = fields.get("dropped")
        count, _ = self._counts.get(key, (0, 0.0))
        if count or len(self._counts) < MAX_KINDS:
            self._counts[key] = (count + (dropped if isinstance(dropped, int) else 1), record.created)

    def list_counts(self) -> list[ErrorCount]:
        """List the counts, the most frequent first."""
        counts = [ErrorCount(*key, count, last_at) for key, (count, last_at) in self._counts.items()]
        return sorted(counts, key=lambda error: -error.count)


class QuestionTimer:
    """Keeps the slowest questions of the last hour."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._slowest: list[SlowQuestion] = []

    def record(self, guild_id: int, question: Any, seconds: float) -> None:
        """Record how long a question took. Its parameters are not kept."""
        label = question if isinstance(question, str) else question[0] if isinstance(question, tuple) else question
        name = str(label).partition("?")[0][:MAX_TEXT_LENGTH]
        slowest = [*self.list_slowest(), SlowQuestion(guild_id, name, round(1000 * seconds), self._clock())]
        self._slowest = sorted(slowest, key=lambda slow: -slow.milliseconds)[:MAX_QUESTIONS]

    def list_slowest(self) -> list[SlowQuestion]:
        """List the questions of the last hour, the slowest first."""
        return [slow for slow in self._slowest if slow.at > self._clock() - QUESTION_LIFETIME_SECONDS]


error_counter = ErrorCounter()
question_timer = QuestionTimer()


def read_process_report() -> ProcessReport:
    """Read the report of this process."""
    return ProcessReport(error_counter.list_counts(), question_timer.list_slowest())


def to_moment(unix_seconds: float) -> datetime:
    """Convert Unix seconds to an aware time."""
    return datetime.fromtimestamp(unix_seconds, UTC)
