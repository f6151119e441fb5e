"""Statement classification: an insert with data, a read that can be streamed, or other."""

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
    """An INSERT that is followed by its rows. `data_offset` is their offset in bytes."""

    target: str
    settings: str
    format: str
    data_offset: int

    def build_infile_sql(self, path: str) -> str:
        """Build the same insert with its rows from a file. The engine then reports every failure."""
        return f"{self.target}FROM INFILE '{path}' {self.settings}FORMAT {self.format}"


def find_insert(head: bytes) -> InsertStatement | None:
    """Find an insert with rows at the start of `head`; None for any other statement."""
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
    """Check for a read-only query. It can be killed when its client has disconnected."""
    return _READ.match(sql) is not None and not _OUTFILE.search(sql)


def is_session_change(sql: str) -> bool:
    """Check for a statement that changes the connection. The next request must not see this."""
    return _SESSION_CHANGE.match(sql) is not None


def get_output_format(sql: str, default: str | None) -> str:
    """Get the format of the result."""
    match = _FORMAT.search(sql)
    return match["format"] if match else default or _DEFAULT_FORMAT


def build_outfile_sql(sql: str, path: str, default: str | None) -> str:
    """Build the same read with its result written to a file, in the format it requests."""
    match = _FORMAT.search(sql)
    base_sql = sql[: match.start()] if match else sql.rstrip().removesuffix(";")
    settings = (match["settings"] or "") if match else ""
    return f"{base_sql}\nINTO OUTFILE '{path}' APPEND FORMAT {get_output_format(sql, default)}{settings}"


def _restore_encoding(text: str) -> str:
    """Decode as UTF-8 what was decoded as latin-1 to keep offsets in bytes."""
    return text.encode("latin-1").decode()
