"""What a statement is, as far as this server must know: an insert with data, a read to stream, or anything else."""

import re
from dataclasses import dataclass

_SPACE = r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*"
_NAME = r"(?:`[^`]*`|\"[^\"]*\"|[^\s(`\"])+"
_COLUMNS = r"\((?:`[^`]*`|\"[^\"]*\"|[^()`\"])*\)"
_INSERT = re.compile(
    rf"\A(?P<target>{_SPACE}INSERT\s+INTO\s+(?:TABLE\s+)?(?!FUNCTION\b){_NAME}\s*(?:{_COLUMNS}\s*)?)"
    r"(?P<settings>SETTINGS\s.*?\s)?"
    r"(?:FORMAT\s+(?P<format>\w+)[ \t]*;?[ \t]*(?:\r?\n|\Z)|FORMAT\s+(?P<inline>\w+)\s|VALUES\b)",
    re.IGNORECASE | re.DOTALL,
)
_READ = re.compile(rf"\A{_SPACE}(?:SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_SESSION_CHANGE = re.compile(rf"\A{_SPACE}(?:SET|USE|CREATE\s+TEMPORARY)\b", re.IGNORECASE | re.DOTALL)
_OUTFILE = re.compile(r"\bINTO\s+OUTFILE\b", re.IGNORECASE)
_FORMAT = re.compile(r"\bFORMAT\s+(?P<format>\w+)(?P<settings>\s+SETTINGS\s[^()]*?)?\s*;?\s*\Z", re.IGNORECASE)
_DEFAULT_FORMAT = "TabSeparated"


@dataclass(frozen=True, slots=True)
class InsertStatement:
    """An INSERT whose rows follow it. `data_from` is where they begin in what it was read from."""

    target: str
    settings: str
    format: str
    data_offset: int

    def build_infile_sql(self, path: str) -> str:
        """The same insert, reading the rows from a file: the engine then reports every failure."""
        return f"{self.target}FROM INFILE '{path}' {self.settings}FORMAT {self.format}"


def find_insert(head: bytes) -> InsertStatement | None:
    """The insert that this text begins with, if it is one with rows after it."""
    match = _INSERT.match(head.decode("latin-1"))
    if match is None:
        return None
    return InsertStatement(
        target=_restore_encoding(match["target"]),
        settings=_restore_encoding(match["settings"] or ""),
        format=match["format"] or match["inline"] or "Values",
        data_offset=match.end(),
    )


def is_read(sql: str) -> bool:
    """True for a query that changes nothing, which may be killed when nobody waits for it."""
    return _READ.match(sql) is not None and not _OUTFILE.search(sql)


def is_session_change(sql: str) -> bool:
    """True for a statement that changes the handle it runs on: it must not be seen by the next request."""
    return _SESSION_CHANGE.match(sql) is not None


def get_output_format(sql: str, default: str | None) -> str:
    """The format that the answer will have."""
    match = _FORMAT.search(sql)
    return match["format"] if match else default or _DEFAULT_FORMAT


def build_outfile_sql(sql: str, path: str, default: str | None) -> str:
    """The same read, writing its answer to a file in the format that it asked for."""
    match = _FORMAT.search(sql)
    base_sql = sql[: match.start()] if match else sql.rstrip().removesuffix(";")
    settings = (match["settings"] or "") if match else ""
    return f"{base_sql}\nINTO OUTFILE '{path}' APPEND FORMAT {get_output_format(sql, default)}{settings}"


def _restore_encoding(text: str) -> str:
    """Undo the reading as latin-1, which kept positions in bytes."""
    return text.encode("latin-1").decode()
