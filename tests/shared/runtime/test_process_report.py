"""What a process reports besides its health: errors by kind, and its slowest questions."""

import logging

from herwa_shared.runtime.process_report import MAX_KINDS, MAX_QUESTIONS, ErrorCounter, QuestionTimer


def emit(counter: ErrorCounter, message: object, level: int = logging.ERROR) -> None:
    record = logging.LogRecord("library", level, "file.py", 1, message, (), None)
    if record.levelno >= counter.level:
        counter.emit(record)


def test_errors_are_counted_by_kind_without_their_values():
    counter = ErrorCounter()
    for _ in range(3):
        emit(counter, {"event": "request failed", "kind": "KeyError", "path": "/secret"})
    emit(counter, {"event": "request limited", "kind": "address", "dropped": 40}, logging.WARNING)
    emit(counter, "a text that contains a secret")
    emit(counter, {"event": "started"}, logging.INFO)
    counts = [(error.event, error.kind, error.level, error.count) for error in counter.list_counts()]
    assert counts == [
        ("request limited", "address", "warning", 40),
        ("request failed", "KeyError", "error", 3),
        ("library", "", "error", 1),
    ]


def test_kinds_of_errors_are_bounded():
    counter = ErrorCounter()
    for number in range(MAX_KINDS + 10):
        emit(counter, {"event": "failed", "kind": str(number)})
    assert len(counter.list_counts()) == MAX_KINDS


def test_slowest_questions_of_the_last_hour_are_kept_without_parameters():
    now = [1_000.0]
    timer = QuestionTimer(lambda: now[0])
    for milliseconds in range(MAX_QUESTIONS + 5):
        timer.record(1, f"stats?channel_id={milliseconds}", milliseconds / 1000)
    slowest = timer.list_slowest()
    assert [slow.milliseconds for slow in slowest] == list(range(MAX_QUESTIONS + 4, 4, -1))
    assert {slow.question for slow in slowest} == {"stats"}
    now[0] += 3_601
    timer.record(2, ("top", 5), 0.5)
    assert [(slow.guild_id, slow.question) for slow in timer.list_slowest()] == [(2, "top")]
