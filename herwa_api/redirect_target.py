"""Where to go after a log-in: a page of ours, whatever somebody wrote into the address."""

import re
from urllib.parse import unquote

FIRST_PAGE = "/"
LONGEST = 2000
DECODED_AT_MOST = 4
_PLAIN = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?#]*")
_NO_PAGES = re.compile(r"/(?:auth|api|w|embed|healthz|readyz|metrics)(?:/|$)", re.IGNORECASE)
_ELSEWHERE = re.compile(r"//|\\|\s|/\.{1,2}(?:/|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def next_path(asked: str | None) -> str:
    """What was asked for if it is a page of this origin, however it is encoded; else the first page."""
    return asked if asked and _is_ours(asked) else FIRST_PAGE


def _is_ours(path: str) -> bool:
    """Judged as it is, and as everything that decoding may still make of it."""
    if len(path) > LONGEST or not _PLAIN.fullmatch(path):
        return False
    for _ in range(DECODED_AT_MOST):
        place = re.split(r"[?#]", path, maxsplit=1)[0]
        if _CONTROL.search(path) or _ELSEWHERE.search(place) or _NO_PAGES.match(place):
            return False
        if (decoded := unquote(path)) == path:
            return True
        path = decoded
    return False
