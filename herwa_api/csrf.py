"""CSRF protection: requests that change something must come from a page of this origin."""

from fastapi import Request

from herwa_api import texts
from herwa_shared.config import Settings
from herwa_shared.errors import Forbidden

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def require_same_origin(request: Request, settings: Settings) -> None:
    """Raise Forbidden unless the headers say that the request comes from a page of this origin.

    The headers are `Sec-Fetch-Site` and `Origin`. A request with neither of them is refused.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_same_origin = site in (None, "same-origin") and (origin is None or origin in settings.origins)
    if not is_same_origin or (site is None and origin is None):
        raise Forbidden(texts.CROSS_SITE_REQUEST)
