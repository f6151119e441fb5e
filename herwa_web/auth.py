"""Authentication and authorization of page events: session, guild access, guardrail.

Every handler loads its visitor once and authorizes them, on every event. What it loads further takes the result as an
argument. Sessions, guilds and policies that have not changed since they were read are read from memory.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from herwa_shared.auth.guild_access import NO_SUCH_GUILD, UserGuildInfo, require_managed
from herwa_shared.auth.operators import Operator, find_operator, require_recent_login
from herwa_shared.auth.sessions import (
    SessionInfo,
    SessionUser,
    end_other_sessions,
    end_session,
    get_session_id,
    list_sessions,
)
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_shared.operators.view_as import ActiveView, find_view
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, texts
from herwa_web.session_handles import find_session_token

MAX_ID_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Visitor:
    """The user of an event, and all their guilds at Discord, including those without the bot.

    An operator may `view` a further guild, which is then one of `guilds`.
    """

    user: SessionUser
    guilds: tuple[UserGuildInfo, ...]
    view: ActiveView | None = None

    @property
    def is_operator(self) -> bool:
        """Whether the user is an operator of this copy."""
        return find_operator(app_context.get_settings(), self.user) is not None


async def load_visitor(state: Any, *, fresh: bool = False) -> Visitor:
    """Load the user of this state's session and their guilds. The result is valid for one event: never keep it.

    `fresh` bypasses the cache and fetches the user's guilds from Discord, as required before every write.

    Raises Unauthenticated without a session (ReauthRequired if Discord revoked the login), DiscordUnavailable.
    """
    return await load_visitor_of(state.router.headers.cookie, fresh=fresh)


async def load_visitor_of(handle: str, *, fresh: bool = False) -> Visitor:
    """Load the user of the session with this handle and their guilds, as `load_visitor` does."""
    user = await _find_user(handle)
    if user is None:
        raise Unauthenticated(texts.LOGIN_REQUIRED)
    guild_access = app_context.find_guild_access()
    guilds = await guild_access.list_guilds(user.user_id, fresh=fresh) if guild_access else ()
    visitor = Visitor(user, guilds)
    # Every change asks with `fresh`, so a view, which Discord knows nothing of, is read-only.
    return await _add_view(visitor) if visitor.is_operator and not fresh else visitor


async def _add_view(visitor: Visitor) -> Visitor:
    """Add the guild that an operator views."""
    async with app_context.get_stores().database.transaction() as session:
        view = await find_view(session, user_id=visitor.user.user_id, now=utc_now())
    if view is None or any(guild.id == view.guild.id and guild.can_manage for guild in visitor.guilds):
        return visitor
    others = (guild for guild in visitor.guilds if guild.id != view.guild.id)
    return Visitor(visitor.user, (*others, view.guild), view)


async def authorize(visitor: Visitor, guild_id: str, surface: Surface) -> UserGuildInfo:
    """Require that the visitor manages the guild and may see the surface; return the guild.

    Raises AccessDenied, PolicyUnavailable, what `GuildAccess.get_role_ids` raises, and NotFound: with the same message
    for a guild that the user does not manage, an unknown id and a malformed id.
    """
    parsed_id, guilds = require_guild_id(guild_id), visitor.guilds
    if guild_access := app_context.find_guild_access():
        guilds = await guild_access.refresh_before_refusal(visitor.user.user_id, guilds, parsed_id)
    guild = require_managed(guilds, parsed_id)
    await app_context.get_authorizer().require_member(visitor.user.user_id, guild, surface)
    return guild


async def authorize_write(state: Any, guild_id: str, *surfaces: Surface) -> tuple[Visitor, UserGuildInfo]:
    """Ask Discord for the rights of this state's user again and require all surfaces, as before every change.

    Raises what `load_visitor` and `authorize` raise.
    """
    visitor = await load_visitor(state, fresh=True)
    guilds = [await authorize(visitor, guild_id, surface) for surface in surfaces]
    return visitor, guilds[0]


async def is_operator_tab(handle: str) -> bool:
    """Return whether the tab with this session handle is an operator's; False while the database is unreachable."""
    try:
        return find_operator(app_context.get_settings(), await _find_user(handle)) is not None
    except (OSError, SQLAlchemyError):
        return False


async def find_operator_by_session(session_token: str | None) -> Operator | None:
    """Return the operator of a session token; None for everyone else."""
    user = await find_user_by_session(session_token) if session_token else None
    return find_operator(app_context.get_settings(), user)


async def load_operator(state: Any, *, recent_login: bool = False) -> Operator:
    """Load the operator of this state's session. The result is valid for one event: never keep it.

    Raises NotFound for everyone else, and RecentLoginRequired for an act that needs a `recent_login`.
    """
    operator = find_operator(app_context.get_settings(), await _find_user(state.router.headers.cookie))
    if operator is None:
        raise NotFound
    if recent_login:
        require_recent_login(operator, utc_now())
    return operator


async def require_user(state: Any) -> SessionUser:
    """Return the user of this state's session, looked up now. Raises Unauthenticated."""
    _, user = await _require_session(state)
    return user


async def list_own_sessions(state: Any) -> tuple[SessionInfo, ...]:
    """List the sessions of this state's user, the current one first. Raises Unauthenticated."""
    token, user = await _require_session(state)
    async with app_context.get_stores().database.transaction() as session:
        return await list_sessions(session, user_id=user.user_id, current_token=token, now=utc_now())


async def get_own_session_id(state: Any) -> str:
    """Return the id of this state's session, as in SessionInfo. Raises Unauthenticated."""
    token, _ = await _require_session(state)
    return get_session_id(token)


async def end_own_session(state: Any, session_id: str) -> None:
    """End another session of this state's user. Raises Unauthenticated, and NotFound for one of another user."""
    token, user = await _require_session(state)
    if session_id == get_session_id(token):
        raise NotFound(texts.CURRENT_SESSION)
    async with open_write_transaction(app_context.get_stores().database) as session:
        await end_session(session, user_id=user.user_id, session_id=session_id)
    app_context.get_session_reader().forget_user(user.user_id)


async def end_own_other_sessions(state: Any) -> int:
    """End all other sessions of this state's user; returns their number. Raises Unauthenticated."""
    token, user = await _require_session(state)
    async with open_write_transaction(app_context.get_stores().database) as session:
        ended_count = await end_other_sessions(session, user_id=user.user_id, current_token=token)
    app_context.get_session_reader().forget_user(user.user_id)
    return ended_count


async def _require_session(state: Any) -> tuple[str, SessionUser]:
    """Return the token and the user of this state's session, which is looked up now. Raises Unauthenticated."""
    token = find_session_token(state.router.headers.cookie)
    user = await find_user_by_session(token) if token else None
    if token is None or user is None:
        raise Unauthenticated(texts.LOGIN_REQUIRED)
    return token, user


async def find_user_by_session(session_token: str) -> SessionUser | None:
    """Return the user of a session token; None if the session is unknown or expired."""
    return await app_context.get_session_reader().find_user(session_token)


async def _find_user(handle: str) -> SessionUser | None:
    session_token = find_session_token(handle)
    return await find_user_by_session(session_token) if session_token else None


def require_guild_id(text: object) -> int:
    """Parse the id of a guild that a browser sent. Raises NotFound for any other text, as for an unknown guild."""
    is_id = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS
    guild_id = int(text) if is_id else 0  # type: ignore[call-overload] # a string of digits
    if not 0 < guild_id <= MAX_SNOWFLAKE:
        raise NotFound(NO_SUCH_GUILD)
    return guild_id
