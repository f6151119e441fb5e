"""The two cookies of the API: the session, and the OAuth state of a login in progress.

Both are `HttpOnly`: scripts cannot read them. Both are `SameSite=Lax`: a request that another site makes carries them
only if it is a top-level navigation by GET.
"""

from datetime import timedelta

from fastapi import Request, Response

from herwa_shared.auth.sessions import ABSOLUTE_TIMEOUT, get_cookie_name, parse_session_token
from herwa_shared.config import Settings

LOGIN_LIFETIME = timedelta(minutes=10)


def find_session_token(request: Request, settings: Settings) -> str | None:
    """Return the session token from the request's cookie, or None."""
    return parse_session_token(request.headers.get("Cookie", ""), settings)


def set_session_cookie(response: Response, session_token: str, settings: Settings) -> None:
    """Set the session cookie for the longest lifetime of a session.

    The database decides whether the session is still valid; the cookie's lifetime does not.
    """
    _set_cookie(response, get_cookie_name(settings), session_token, ABSOLUTE_TIMEOUT, settings)


def clear_session_cookie(response: Response, settings: Settings) -> None:
    """Delete the session cookie."""
    _set_cookie(response, get_cookie_name(settings), "", timedelta(0), settings)


def find_login_cookie(request: Request, settings: Settings) -> str | None:
    """Return the encrypted OAuth state of the login that this browser started, or None."""
    return request.cookies.get(_get_login_cookie_name(settings))


def set_login_cookie(response: Response, encrypted: str, settings: Settings) -> None:
    """Set the cookie with the encrypted OAuth state; it expires after `LOGIN_LIFETIME`."""
    _set_cookie(response, _get_login_cookie_name(settings), encrypted, LOGIN_LIFETIME, settings)


def clear_login_cookie(response: Response, settings: Settings) -> None:
    """Delete the login cookie after a callback, whether the user accepted or refused."""
    _set_cookie(response, _get_login_cookie_name(settings), "", timedelta(0), settings)


def _get_login_cookie_name(settings: Settings) -> str:
    return get_cookie_name(settings).replace("session", "login")


def _set_cookie(response: Response, name: str, value: str, lifetime: timedelta, settings: Settings) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(lifetime.total_seconds()),
        path="/",
        secure=settings.origin.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
