"""Who looks, and may they: asked by every handler itself, of session, Discord and guardrail, at every event."""

from typing import Any

from herwa_shared.auth.guild_access import NO_SUCH_GUILD, UserGuildInfo
from herwa_shared.auth.sessions import SessionUser, find_session_user
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_web import app_context
from herwa_web.session_handles import find_session_token

LOGIN_REQUIRED = "Log in to see this."
MAX_ID_DIGITS = 19


async def require_user(state: Any) -> SessionUser:
    """The person behind this state's socket. Raises Unauthenticated."""
    session_token = find_session_token(state.router.headers.cookie)
    user = await find_user_by_session(session_token) if session_token else None
    if user is None:
        raise Unauthenticated(LOGIN_REQUIRED)
    return user


async def require_guild(
    state: Any, guild_id: str, surface: Surface, *, fresh: bool = False
) -> tuple[SessionUser, UserGuildInfo]:
    """The person and the guild, which they manage, and whose guardrail lets them see this page. `fresh` asks Discord
    anew, as before every write.

    Raises Unauthenticated; NotFound, in the same words for a guild of others, an unknown one and nonsense; Refused;
    DiscordAway and PolicyAway.
    """
    user = await require_user(state)
    guild_access = app_context.find_guild_access()
    if guild_access is None or not _is_id(guild_id):
        raise NotFound(NO_SUCH_GUILD)
    guild = await guild_access.require_managed_guild(user.user_id, int(guild_id), fresh=fresh)
    await app_context.get_authorizer().require_member(user.user_id, guild, surface)
    return user, guild


async def find_user_by_session(session_token: str) -> SessionUser | None:
    """Who holds this session, None when it is over."""
    async with app_context.get_stores().database.transaction() as session:
        return await find_session_user(session, token=session_token, now=utc_now())


def _is_id(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS
