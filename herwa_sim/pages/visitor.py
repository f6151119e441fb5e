"""Who sits at the browser: a signed cookie remembers whom they chose to be, and proves that a form was ours."""

import hmac
import secrets
from dataclasses import dataclass, field

from aiohttp import web

from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import User

COOKIE = "local_discord"
_DAYS = 30


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser. `user_id` is None until they have chosen; `proof` goes into every form and every request."""

    session: str
    user_id: int | None
    proof: str = field(repr=False)


def visitor_of(request: web.Request) -> Visitor:
    """The visitor whom the cookie remembers, or a new one."""
    parts = parts_of(request)
    session, _, rest = request.cookies.get(COOKIE, "").partition(".")
    chosen, _, signature = rest.partition(".")
    if not hmac.compare_digest(signature.encode(), _sign(parts, f"{session}.{chosen}").encode()):
        return _visitor(parts, secrets.token_urlsafe(18), None)
    known = chosen.isdecimal() and _is_person(parts.world.users.get(int(chosen)))
    return _visitor(parts, session, int(chosen) if known else None)


def become(request: web.Request, visitor: Visitor, user_id: int) -> Visitor:
    """The visitor is that person from now on. Raises Missing, also for a bot: nobody can be one."""
    parts = parts_of(request)
    user = parts.world.user(user_id)
    return _visitor(parts, visitor.session, user.id if _is_person(user) else None)


def remember(request: web.Request, response: web.StreamResponse, visitor: Visitor) -> None:
    """Set the cookie."""
    named = f"{visitor.session}.{visitor.user_id or 0}"
    value = f"{named}.{_sign(parts_of(request), named)}"
    response.set_cookie(COOKIE, value, httponly=True, samesite="Lax", max_age=_DAYS * 86_400)


def is_ours(visitor: Visitor, proof: str | None) -> bool:
    """True when a form or a request carries what only our own page could know."""
    return hmac.compare_digest((proof or "").encode(), visitor.proof.encode())


def _visitor(parts: Parts, session: str, user_id: int | None) -> Visitor:
    return Visitor(session, user_id, _sign(parts, f"proof {session}"))


def _is_person(user: User | None) -> bool:
    return user is not None and not user.bot


def _sign(parts: Parts, text: str) -> str:
    return hmac.new(parts.cookie_key.encode(), text.encode(), "sha256").hexdigest()
