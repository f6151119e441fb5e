"""The cookies of the API: the session, and one per login in progress, with its OAuth state.

All are `HttpOnly`: scripts cannot read them. All are `SameSite=Lax`: a request that another site makes carries them
only if it is a top-level navigation by GET.
"""

import re
from datetime import timedelta

from fastapi import Request, Response

from herwa_shared.auth.sessions import ABSOLUTE_TIMEOUT, get_cookie_name, parse_session_token
from herwa_shared.config import Settings

LOGIN_LIFETIME = timedelta(minutes=10)
LOGIN_ID_PATTERN = re.compile(r"[0-9a-f]{16}")


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


def find_login_cookies(request: Request, settings: Settings) -> dict[str, str]:
    """Return the encrypted OAuth states of the logins that this browser started, by login id."""
    prefix = _build_login_cookie_name(settings, "")
    return {
        name.removeprefix(prefix): value
        for name, value in request.cookies.items()
        if name.startswith(prefix) and LOGIN_ID_PATTERN.fullmatch(name.removeprefix(prefix))
    }


def set_login_cookie(response: Response, login_id: str, encrypted: str, settings: Settings) -> None:
    """Set the cookie with the encrypted OAuth state of one login; it expires after `LOGIN_LIFETIME`."""
    _set_cookie(response, _build_login_cookie_name(settings, login_id), encrypted, LOGIN_LIFETIME, settings)


def clear_login_cookie(response: Response, login_id: str, settings: Settings) -> None:
    """Delete the cookie of one login."""
    _set_cookie(response, _build_login_cookie_name(settings, login_id), "", timedelta(0), settings)


def _build_login_cookie_name(settings: Settings, login_id: str) -> str:
    return f"{get_cookie_name(settings).replace('session', 'login')}_{login_id}"


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
