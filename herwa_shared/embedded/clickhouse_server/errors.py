"""The engine's errors as a ClickHouse server reports them: a number, a name, a text, an HTTP status."""

import re
from typing import Self

_CODE_PATTERN = re.compile(r"Code: (\d+)")

AUTHENTICATION_FAILED = 516
NOT_IMPLEMENTED = 48
ABORTED = 236
INCORRECT_DATA = 117
UNKNOWN_EXCEPTION = 1002

# As ClickHouse itself does it; what is not named is 500. Never 429, 503 or 504, after which clients ask again.
_HTTP_STATUS_BY_CODE = {
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 43, 44, 53, 62, 69, 70, 72, 117, 131, 376, 386, 469), 400),
    **dict.fromkeys((16, 46, 47, 50, 60, 63, 73, 81, 115), 404),
    159: 408,
    NOT_IMPLEMENTED: 501,
    AUTHENTICATION_FAILED: 403,
}


class EngineError(Exception):
    """A query that failed. Its text is the engine's own: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        match = _CODE_PATTERN.search(text)
        self.code = int(match.group(1)) if match else UNKNOWN_EXCEPTION
        self.status = _HTTP_STATUS_BY_CODE.get(self.code, 500)

    @classmethod
    def from_code(cls, code: int, name: str, text: str) -> Self:
        """An error of this server's own, worded like the engine's."""
        return cls(f"Code: {code}. DB::Exception: {text} ({name})")


class ClientDisconnect(Exception):
    """The client went away before its request was whole; nobody is left to answer."""
