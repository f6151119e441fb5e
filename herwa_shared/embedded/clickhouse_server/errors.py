"""Errors as a ClickHouse server reports them: code, name, text and HTTP status."""

import re
from typing import Self

_CODE_PATTERN = re.compile(r"Code: (\d+)")

ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
READONLY = 164
SETTING_CONSTRAINT_VIOLATION = 452
SYNTAX_ERROR = 62
UNKNOWN_SETTING = 115
NOT_IMPLEMENTED = 48
ABORTED = 236
INCORRECT_DATA = 117
UNKNOWN_EXCEPTION = 1002

# The mapping of ClickHouse itself; other codes are 500. Never 429, 503 or 504: clients retry after these.
_HTTP_STATUS_BY_CODE = {
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 43, 44, 53, 62, 69, 70, 72, 117, 131, 376, 386, 469), 400),
    **dict.fromkeys((16, 46, 47, 50, 60, 63, 73, 81, 115), 404),
    159: 408,
    NOT_IMPLEMENTED: 501,
    ACCESS_DENIED: 403,
    AUTHENTICATION_FAILED: 403,
}


class EngineError(Exception):
    """A failed query, with the engine's text: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        match = _CODE_PATTERN.search(text)
        self.code = int(match.group(1)) if match else UNKNOWN_EXCEPTION
        self.status = _HTTP_STATUS_BY_CODE.get(self.code, 500)

    @classmethod
    def from_code(cls, code: int, name: str, text: str) -> Self:
        """Create an error of this server with a text in the engine's format."""
        return cls(f"Code: {code}. DB::Exception: {text} ({name})")


class ClientDisconnect(Exception):
    """The client disconnected before its request was complete. No response is possible."""
