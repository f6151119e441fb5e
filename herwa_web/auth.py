"""Who looks, and may they: asked by every handler itself, of session, Discord and guardrail, at every event."""

from typing import Any

from herwa_shared.auth.guild_access import NO_SUCH_GUILD, OwnGuild
from herwa_shared.auth.sessions import Viewer, viewer_of
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_web import app_context
from herwa_web.session_handles import secret_behind

LOG_IN = "Log in to see this."
LONGEST_ID = 19


async def require_viewer(state: Any) -> Viewer:
    """The person behind this state's socket. Raises Unauthenticated."""
    secret = secret_behind(state.router.headers.cookie)
    viewer = await viewer_behind(secret) if secret else None
    if viewer is None:
        raise Unauthenticated(LOG_IN)
    return viewer


async def require_guild(state: Any, guild_id: str, surface: Surface, *, fresh: bool = False) -> tuple[Viewer, OwnGuild]:
    """The person and the guild, which they manage, and whose guardrail lets them see this page. `fresh` asks Discord
    anew, as before every write.

    Raises Unauthenticated; NotFound, in the same words for a guild of others, an unknown one and nonsense; Refused;
    DiscordAway and PolicyAway.
    """
    viewer = await require_viewer(state)
    rights = app_context.rights()
    if rights is None or not _is_id(guild_id):
        raise NotFound(NO_SUCH_GUILD)
    guild = await rights.managed(viewer.user_id, int(guild_id), fresh=fresh)
    await app_context.clearance().require_member(viewer.user_id, guild, surface)
    return viewer, guild


async def viewer_behind(secret: str) -> Viewer | None:
    """Who holds this session, None when it is over."""
    async with app_context.stores().database.transaction() as session:
        return await viewer_of(session, secret=secret, now=utc_now())


def _is_id(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= LONGEST_ID
