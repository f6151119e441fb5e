"""A table with the values that break in spreadsheets."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.tables.table import Column, ColumnType, Table

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2024, 10, 26, 22, tzinfo=UTC)
LARGE_ID = 1_234_567_890_123_456_789
NAMES = ("雑談", "=1+1", "a;=1+1", "＝1+1", '=HYPERLINK("http://evil.example")', 'a, "b"', "1-2", "0012", "")  # noqa: RUF001
COLUMNS = (
    Column("start", "Start (Europe/Berlin)", ColumnType.TIME),
    Column("day", "Day", ColumnType.DAY),
    Column("id", "ID", ColumnType.ID),
    Column("name", "Name", ColumnType.TEXT),
    Column("messages", "Messages", ColumnType.NUMBER),
)


def build_sample_table(names=NAMES) -> Table:
    """One row per name: an hour, its day, a large id, the name, and a number; the last row has no number."""
    rows = [
        (
            START + timedelta(hours=number),
            START,
            LARGE_ID + number,
            name,
            number * 1000 if number < len(names) - 1 else None,
        )
        for number, name in enumerate(names)
    ]
    return Table("Top channels", COLUMNS, iter(rows), BERLIN)
