"""Who sits at the browser: a signed cookie remembers whom they chose to be, and proves that a form was ours."""

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
    """One browser. `user_id` is None until they have chosen; `proof` goes into every form and every request."""

    session_id: str
    user_id: int | None
    csrf_token: str = field(repr=False)


def get_visitor(request: web.Request) -> BrowserVisitor:
    """The visitor whom the cookie remembers, or a new one."""
    context = get_context(request)
    session_id, _, rest = request.cookies.get(COOKIE_NAME, "").partition(".")
    user_id, _, signature = rest.partition(".")
    if not hmac.compare_digest(signature.encode(), _sign(context, f"{session_id}.{user_id}").encode()):
        return _create_visitor(context, secrets.token_urlsafe(18), None)
    is_known = user_id.isdecimal() and _is_person(context.world.users.get(int(user_id)))
    return _create_visitor(context, session_id, int(user_id) if is_known else None)


def select_user(request: web.Request, visitor: BrowserVisitor, user_id: int) -> BrowserVisitor:
    """The visitor is that person from now on. Raises Missing, also for a bot: nobody can be one."""
    context = get_context(request)
    user = context.world.get_user(user_id)
    return _create_visitor(context, visitor.session_id, user.id if _is_person(user) else None)


def set_visitor_cookie(request: web.Request, response: web.StreamResponse, visitor: BrowserVisitor) -> None:
    """Set the cookie."""
    payload = f"{visitor.session_id}.{visitor.user_id or 0}"
    value = f"{payload}.{_sign(get_context(request), payload)}"
    response.set_cookie(COOKIE_NAME, value, httponly=True, samesite="Lax", max_age=_COOKIE_DAYS * 86_400)


def is_valid_csrf_token(visitor: BrowserVisitor, csrf_token: str | None) -> bool:
    """True when a form or a request carries what only our own page could know."""
    return hmac.compare_digest((csrf_token or "").encode(), visitor.csrf_token.encode())


def _create_visitor(context: SimContext, session_id: str, user_id: int | None) -> BrowserVisitor:
    return BrowserVisitor(session_id, user_id, _sign(context, f"proof {session_id}"))


def _is_person(user: SimUser | None) -> bool:
    return user is not None and not user.bot


def _sign(context: SimContext, text: str) -> str:
    return hmac.new(context.cookie_key.encode(), text.encode(), "sha256").hexdigest()
