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
_LEAVES_TRACES = re.compile(rf"\A{_SPACE}(?:SET|USE|CREATE\s+TEMPORARY)\b", re.IGNORECASE | re.DOTALL)
_OUTFILE = re.compile(r"\bINTO\s+OUTFILE\b", re.IGNORECASE)
_FORMAT = re.compile(r"\bFORMAT\s+(?P<format>\w+)(?P<settings>\s+SETTINGS\s[^()]*?)?\s*;?\s*\Z", re.IGNORECASE)
_DEFAULT_FORMAT = "TabSeparated"


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT whose rows follow it. `data_from` is where they begin in what it was read from."""

    target: str
    settings: str
    format: str
    data_from: int

    def from_file(self, path: str) -> str:
        """The same insert, reading the rows from a file: the engine then reports every failure."""
        return f"{self.target}FROM INFILE '{path}' {self.settings}FORMAT {self.format}"


def find_insert(head: bytes) -> Insert | None:
    """The insert that this text begins with, if it is one with rows after it."""
    found = _INSERT.match(head.decode("latin-1"))
    if found is None:
        return None
    return Insert(
        target=_original(found["target"]),
        settings=_original(found["settings"] or ""),
        format=found["format"] or found["inline"] or "Values",
        data_from=found.end(),
    )


def is_read(sql: str) -> bool:
    """True for a query that changes nothing, which may be killed when nobody waits for it."""
    return _READ.match(sql) is not None and not _OUTFILE.search(sql)


def leaves_traces(sql: str) -> bool:
    """True for a statement that changes the handle it runs on: it must not be seen by the next request."""
    return _LEAVES_TRACES.match(sql) is not None


def format_of(sql: str, default: str | None) -> str:
    """The format that the answer will have."""
    found = _FORMAT.search(sql)
    return found["format"] if found else default or _DEFAULT_FORMAT


def into_outfile(sql: str, path: str, default: str | None) -> str:
    """The same read, writing its answer to a file in the format that it asked for."""
    found = _FORMAT.search(sql)
    bare = sql[: found.start()] if found else sql.rstrip().removesuffix(";")
    settings = (found["settings"] or "") if found else ""
    return f"{bare}\nINTO OUTFILE '{path}' APPEND FORMAT {format_of(sql, default)}{settings}"


def _original(text: str) -> str:
    """Undo the reading as latin-1, which kept positions in bytes."""
    return text.encode("latin-1").decode()
