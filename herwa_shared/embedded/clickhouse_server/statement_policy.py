"""Statements that the server refuses although the engine would run them.

The engine itself refuses sources such as `url` and `s3` (missing privileges) and, for a reader, every change (read-only
mode). It does not refuse what chDB does as a client: reading and writing files (INFILE, OUTFILE), the scalar function
`file`, Python variables, and a second statement after a semicolon. These are refused here by their words.

The words are searched in the complete text, also in its literals. A text in which a word could be hidden from this
search, such as an escape in a quoted name, is refused as a whole. Values belong into query parameters.
"""

import re

from herwa_shared.embedded.clickhouse_server import errors
from herwa_shared.embedded.clickhouse_server.errors import EngineError

_FORBIDDEN_WORDS = re.compile(r"\b(?:FILE|INFILE|OUTFILE|PYTHON|EVAL)\b", re.IGNORECASE)
_ATTACH_FROM = re.compile(r"\bATTACH\b.*\bFROM\b", re.IGNORECASE | re.DOTALL)  # moves a folder into the store
# Escapes, heredocs, `#` comments and typographic quotes: the engine knows them all, and they could hide a word.
_AMBIGUOUS_CHARACTERS = re.compile("[\\\\$#\N{LEFT SINGLE QUOTATION MARK}-\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}]")
_LITERALS_AND_COMMENTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READER_STATEMENT = re.compile(r"[\s(]*(?:SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN)\b", re.IGNORECASE)


def check_statement(sql: str) -> None:
    """Refuse a statement that reads or writes files. Applies to every account. Raises EngineError."""
    if match := _FORBIDDEN_WORDS.search(sql) or _ATTACH_FROM.search(sql):
        raise _deny(f"{match.group().split()[0]} is not allowed on the embedded engine")
    if match := _AMBIGUOUS_CHARACTERS.search(sql):
        raise _deny(f"The character {match.group()} is not allowed in a statement: use query parameters")


def check_reader_statement(sql: str) -> None:
    """Refuse everything but one query. `check_statement` must have passed. Raises EngineError."""
    code = _LITERALS_AND_COMMENTS.sub(" ", sql)
    if not _READER_STATEMENT.match(code):
        raise EngineError.from_code(errors.READONLY, "READONLY", "Cannot execute query in readonly mode.")
    if ";" in code.rstrip().removesuffix(";"):
        raise EngineError.from_code(errors.SYNTAX_ERROR, "SYNTAX_ERROR", "Multi-statements are not allowed")


def _deny(text: str) -> EngineError:
    return EngineError.from_code(errors.ACCESS_DENIED, "ACCESS_DENIED", text)
