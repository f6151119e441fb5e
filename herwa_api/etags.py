"""ETags (RFC 9110): a client that has the current body gets 304, one that changes an outdated body gets 412."""

import hashlib

from fastapi import Request, Response

from herwa_api import texts
from herwa_shared.errors import HerwaError

CACHE_CONTROL = "private, no-cache"
"""A client may keep a body, but checks each time whether it is still current."""


class PreconditionFailed(HerwaError):
    """The resource has changed since the client read the representation in `If-Match`. `etag` is the current one."""

    code = "precondition_failed"
    status = 412
    message = texts.PRECONDITION_FAILED

    def __init__(self, etag: str | None) -> None:
        super().__init__()
        self.etag = etag


def build_etag(body: bytes) -> str:
    """Build the strong ETag of a body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def respond_with_etag(request: Request, body: bytes) -> Response:
    """Respond with a JSON body, or with 304 if the client has it."""
    headers = {"ETag": build_etag(body), "Cache-Control": CACHE_CONTROL}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def require_match(request: Request, etag: str | None) -> None:
    """Raise PreconditionFailed unless `If-Match` is missing or has the resource's ETag (None: there is no resource)."""
    header = request.headers.get("If-Match")
    if header is None:
        return
    tags = [tag.strip() for tag in header.split(",")]
    if etag is None or (tags != ["*"] and etag not in tags):
        raise PreconditionFailed(etag)


def _is_known(request: Request, etag: str) -> bool:
    """Return whether the client has the body with this ETag (weak comparison)."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    return etag in known or known == ["*"]
