"""Escape text that a spreadsheet would evaluate as a formula (CSV injection).

A spreadsheet may open a CSV file with another separator than it was written with, and then a cell begins in the middle
of a text: after a separator, a line break or a quotation mark. The full-width and small forms of the signs are formulas
in some languages of Excel.
"""

import re

_SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫"  # noqa: RUF001 - the full-width and small forms are meant
_CELL_START = r"^|[,;|\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]"
_IGNORED = r'[\s"\x00-\x1f\x7f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*'
"""Spaces, quotation marks, control characters and invisible characters before a sign."""

_FORMULA = re.compile(f"({_CELL_START})({_IGNORED})([{_SIGNS}])")


def escape_formulas(text: str) -> str:
    """Put an apostrophe before each sign that could start a formula: `=1+1` → `'=1+1`, `a;=1` → `a;'=1`."""
    return _FORMULA.sub(r"\1\2'\3", text)
