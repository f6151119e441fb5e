"""Validate the redirect target after a login: only pages of this origin (no open redirect)."""

import re
from urllib.parse import unquote

DEFAULT_PATH = "/"
MAX_PATH_LENGTH = 2000
MAX_DECODINGS = 4
_ALLOWED_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?#]*")
_NON_PAGE_PATH = re.compile(r"/(?:auth|api|w|embed|healthz|readyz|metrics)(?:/|$)", re.IGNORECASE)
_OFF_SITE = re.compile(r"//|\\|\s|/\.{1,2}(?:/|$)")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


def sanitize_next_path(path: str | None) -> str:
    """Return `path` if it is a page of this origin, however it is encoded; else `DEFAULT_PATH`."""
    return path if path and _is_safe_path(path) else DEFAULT_PATH


def _is_safe_path(path: str) -> bool:
    """Check the path as it is and after each further percent-decoding.

    A path that still changes after `MAX_DECODINGS` decodings is unsafe.
    """
    if len(path) > MAX_PATH_LENGTH or not _ALLOWED_PATH.fullmatch(path):
        return False
    for _ in range(MAX_DECODINGS):
        path_only = re.split(r"[?#]", path, maxsplit=1)[0]
        if _CONTROL_CHARACTERS.search(path) or _OFF_SITE.search(path_only) or _NON_PAGE_PATH.match(path_only):
            return False
        if (decoded := unquote(path)) == path:
            return True
        path = decoded
    return False
