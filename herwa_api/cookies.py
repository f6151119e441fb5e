"""Our two cookies: the session, and a log-in that is on its way. No script reads them, no other site sends them."""

from datetime import timedelta

from fastapi import Request, Response

from herwa_shared.auth.sessions import OLD_AT_MOST, cookie_name, secret_in
from herwa_shared.config import Settings

LOGIN_LASTS = timedelta(minutes=10)


def session_secret(request: Request, settings: Settings) -> str | None:
    """The session's secret that this browser sent."""
    return secret_in(request.headers.get("Cookie", ""), settings)


def set_session(response: Response, secret: str, settings: Settings) -> None:
    """As long as a session can last; whether it still does, the database says."""
    _set(response, cookie_name(settings), secret, OLD_AT_MOST, settings)


def clear_session(response: Response, settings: Settings) -> None:
    """Take it back."""
    _set(response, cookie_name(settings), "", timedelta(0), settings)


def login_in(request: Request, settings: Settings) -> str | None:
    """The sealed log-in that this browser has under way."""
    return request.cookies.get(_login_name(settings))


def set_login(response: Response, sealed: str, settings: Settings) -> None:
    """For the few minutes that a log-in may take."""
    _set(response, _login_name(settings), sealed, LOGIN_LASTS, settings)


def clear_login(response: Response, settings: Settings) -> None:
    """It came back, whatever came of it."""
    _set(response, _login_name(settings), "", timedelta(0), settings)


def _login_name(settings: Settings) -> str:
    return cookie_name(settings).replace("session", "login")


def _set(response: Response, name: str, value: str, lasts: timedelta, settings: Settings) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=settings.origin.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
