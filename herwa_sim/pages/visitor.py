"""Browser session: a signed cookie with the chosen user, and a CSRF token derived from it."""

import hmac
import secrets
from dataclasses import dataclass, field

from aiohttp import web

from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimUser

COOKIE_NAME = "local_discord"
_COOKIE_DAYS = 30


@dataclass(frozen=True, slots=True)
class BrowserVisitor:
    """A browser session. `user_id` is None until a user is chosen.

    Forms and script requests carry `csrf_token`.
    """

    session_id: str
    user_id: int | None
    csrf_token: str = field(repr=False)


def get_visitor(request: web.Request) -> BrowserVisitor:
    """Return the visitor of the cookie, or a new one if the signature is invalid."""
    context = get_context(request)
    session_id, _, signed_rest = request.cookies.get(COOKIE_NAME, "").partition(".")
    user_id, _, signature = signed_rest.partition(".")
    if not hmac.compare_digest(signature.encode(), _sign(context, f"{session_id}.{user_id}").encode()):
        return _create_visitor(context, secrets.token_urlsafe(18), None)
    is_known = user_id.isdecimal() and _is_person(context.world.users.get(int(user_id)))
    return _create_visitor(context, session_id, int(user_id) if is_known else None)


def select_user(request: web.Request, visitor: BrowserVisitor, user_id: int) -> BrowserVisitor:
    """Return the visitor with this user selected; with no user if it is a bot.

    Raises EntityNotFound for an unknown user.
    """
    context = get_context(request)
    user = context.world.get_user(user_id)
    return _create_visitor(context, visitor.session_id, user.id if _is_person(user) else None)


def set_visitor_cookie(request: web.Request, response: web.StreamResponse, visitor: BrowserVisitor) -> None:
    """Set the signed cookie on the response."""
    payload = f"{visitor.session_id}.{visitor.user_id or 0}"
    value = f"{payload}.{_sign(get_context(request), payload)}"
    response.set_cookie(COOKIE_NAME, value, httponly=True, samesite="Lax", max_age=_COOKIE_DAYS * 86_400)


def is_valid_csrf_token(visitor: BrowserVisitor, csrf_token: str | None) -> bool:
    """True if the form or request carries the visitor's CSRF token."""
    return hmac.compare_digest((csrf_token or "").encode(), visitor.csrf_token.encode())


def _create_visitor(context: SimContext, session_id: str, user_id: int | None) -> BrowserVisitor:
    return BrowserVisitor(session_id, user_id, _sign(context, f"proof {session_id}"))


def _is_person(user: SimUser | None) -> bool:
    return user is not None and not user.bot


def _sign(context: SimContext, text: str) -> str:
    return hmac.new(context.cookie_key.encode(), text.encode(), "sha256").hexdigest()
