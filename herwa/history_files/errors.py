"""The error of a file that is not a valid history."""

from collections.abc import Sequence
from typing import NamedTuple

from herwa_shared.errors import HerwaError


class LineProblem(NamedTuple):
    """An invalid line of a file: its number, counted from 1, and a sentence about it."""

    line: int
    text: str


class HistoryFormatError(HerwaError):
    """The file is not a valid history. `problems` are its invalid lines, at most the first ones."""

    code = "bad_history"
    status = 400

    def __init__(self, message: str, problems: Sequence[LineProblem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class InvalidLine(Exception):
    """One line of the file is invalid; the message says why."""
