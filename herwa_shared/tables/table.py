"""A table: typed columns and their rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

Cell = str | int | datetime | None
"""A value of a row; None is an empty cell."""


class ColumnType(Enum):
    """The type of a column: which values it has, and how the formats represent them."""

    TEXT = "a str"
    LABEL = "a short str of a fixed set, such as a status"
    ID = "an int or str: written as text, because spreadsheets round numbers of more than 15 digits"
    NUMBER = "an int"
    TIME = "an aware datetime: written in the table's zone"
    DAY = "an aware datetime that starts a local day: in XLSX the date alone"


TEXT_TYPES = frozenset((ColumnType.TEXT, ColumnType.LABEL, ColumnType.ID))
"""The types of columns whose cells are written as text."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `key` is its name for programs, `title` for people."""

    key: str
    title: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Table:
    """A table of any number of rows, each with one cell per column. The rows are read once.

    `title` is the name of the sheet. Times are written in `zone`.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Cell, ...]]
    zone: ZoneInfo
