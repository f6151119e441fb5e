"""Authentication and authorization of page events: session, guild access, guardrail.

Every handler calls these functions, on every event.
"""

from typing import Any

from herwa_shared.auth.guild_access import NO_SUCH_GUILD, UserGuildInfo
from herwa_shared.auth.sessions import SessionUser, find_session_user
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_web import app_context, texts
from herwa_web.session_handles import find_session_token

MAX_ID_DIGITS = 19


async def require_user(state: Any) -> SessionUser:
    """Return the user of this state's session. Raises Unauthenticated if there is no session."""
    session_token = find_session_token(state.router.headers.cookie)
    user = await find_user_by_session(session_token) if session_token else None
    if user is None:
        raise Unauthenticated(texts.LOGIN_REQUIRED)
    return user


async def require_guild(
    state: Any, guild_id: str, surface: Surface, *, fresh: bool = False
) -> tuple[SessionUser, UserGuildInfo]:
    """Require a user who manages the guild and may see the surface; return both.

    `fresh` bypasses the cache and fetches the user's guilds from Discord, as required before every write.

    Raises Unauthenticated (ReauthRequired if Discord revoked the login), AccessDenied, DiscordUnavailable,
    PolicyUnavailable, and NotFound: with the same message for a guild that the user does not manage, an unknown id and
    a malformed id.
    """
    user = await require_user(state)
    guild_access = app_context.find_guild_access()
    if guild_access is None or not _is_id(guild_id):
        raise NotFound(NO_SUCH_GUILD)
    guild = await guild_access.require_managed_guild(user.user_id, int(guild_id), fresh=fresh)
    await app_context.get_authorizer().require_member(user.user_id, guild, surface)
    return user, guild


async def find_user_by_session(session_token: str) -> SessionUser | None:
    """Return the user of a session token; None if the session is unknown or expired."""
    async with app_context.get_stores().database.transaction() as session:
        return await find_session_user(session, token=session_token, now=utc_now())


def _is_id(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS
