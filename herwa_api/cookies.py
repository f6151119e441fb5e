"""Our two cookies: the session, and a log-in that is on its way. No script reads them, no other site sends them."""

from datetime import timedelta

from fastapi import Request, Response

from herwa_shared.auth.sessions import ABSOLUTE_TIMEOUT, get_cookie_name, parse_session_token
from herwa_shared.config import Settings

LOGIN_LIFETIME = timedelta(minutes=10)


def find_session_token(request: Request, settings: Settings) -> str | None:
    """The session's secret that this browser sent."""
    return parse_session_token(request.headers.get("Cookie", ""), settings)


def set_session_cookie(response: Response, session_token: str, settings: Settings) -> None:
    """As long as a session can last; whether it still does, the database says."""
    _set_cookie(response, get_cookie_name(settings), session_token, ABSOLUTE_TIMEOUT, settings)


def clear_session_cookie(response: Response, settings: Settings) -> None:
    """Take it back."""
    _set_cookie(response, get_cookie_name(settings), "", timedelta(0), settings)


def find_login_cookie(request: Request, settings: Settings) -> str | None:
    """The sealed log-in that this browser has under way."""
    return request.cookies.get(_get_login_cookie_name(settings))


def set_login_cookie(response: Response, encrypted: str, settings: Settings) -> None:
    """For the few minutes that a log-in may take."""
    _set_cookie(response, _get_login_cookie_name(settings), encrypted, LOGIN_LIFETIME, settings)


def clear_login_cookie(response: Response, settings: Settings) -> None:
    """It came back, whatever came of it."""
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
