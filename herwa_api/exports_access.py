"""Authorize requests about a guild's exports, by API key or session.

A caller who may not see an export's file gets the response for one that does not exist.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from herwa_api import texts
from herwa_api.app_state import AppDep, AppState
from herwa_api.auth import Caller, GuildIdPath, require_key, require_managed_guild, require_member_data
from herwa_api.cookies import find_session_token
from herwa_api.csrf import SAFE_METHODS
from herwa_api.surfaces import EXPORT_HISTORY, EXPORTS
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.auth.sessions import SessionUser, get_session_id
from herwa_shared.catalog import Scope
from herwa_shared.errors import Forbidden, NotFound
from herwa_shared.exports.links import build_key_binding, build_session_binding
from herwa_shared.services.api_key_authentication import Principal
from herwa_shared.services.audit import Actor, ChangeSource

PSEUDONYM_SCOPES = (Scope.EXPORTS, Scope.STATS, Scope.MEMBERS)
MEMBER_SCOPES = (*PSEUDONYM_SCOPES, Scope.MEMBER_IDS)


@dataclass(frozen=True, slots=True)
class ExportCaller:
    """Who asks about exports. `guild` is that of a user; an API key has `key_id`.

    `binding` is what links are bound to: no two sessions or keys have the same.
    """

    guild_id: int
    actor: Actor
    binding: str
    caller: Principal | SessionUser
    guild: UserGuildInfo | None = None

    @property
    def key_id(self) -> int | None:
        """The id of the API key; None for a user."""
        return self.caller.key_id if isinstance(self.caller, Principal) else None

    async def require_history_feature(self, app_state: AppState) -> None:
        """Require that exports may hold more than summaries. Raises AccessDenied."""
        if isinstance(self.caller, Principal):
            await require_key(app_state, self.caller, EXPORT_HISTORY, (Scope.EXPORTS, Scope.STATS))
        else:
            assert self.guild is not None
            await app_state.authorizer.require_member(self.caller.user_id, self.guild, EXPORT_HISTORY)

    async def require_members(self, app_state: AppState, *, with_pseudonyms: bool) -> None:
        """Require that the caller may see members, with ids or under pseudonyms. Raises AccessDenied, Forbidden."""
        if isinstance(self.caller, Principal):
            scopes = PSEUDONYM_SCOPES if with_pseudonyms else MEMBER_SCOPES
            await require_key(app_state, self.caller, EXPORTS, scopes)
            await require_member_data(app_state, guild_id=self.guild_id)
        else:
            await require_member_data(app_state, guild_id=self.guild_id, user_id=self.caller.user_id, guild=self.guild)


def require_export_access(*, hides_refusals: bool = False) -> Callable[..., AsyncIterator[ExportCaller]]:
    """Build a dependency that authorizes the caller for the exports of the guild in the path.

    With `hides_refusals` every refusal is NotFound, as for the file. Before a change, Discord is asked for the user's
    guilds again. The dependency holds one of the guild's slots for questions until the response begins.
    """

    async def authorize_exports(
        request: Request, caller: Caller, app_state: AppDep, guild_id: GuildIdPath
    ) -> AsyncIterator[ExportCaller]:
        try:
            export_caller = await _authorize(request, caller, app_state, guild_id)
        except Forbidden:
            if hides_refusals:
                raise NotFound(texts.GUILD_NOT_FOUND) from None
            raise
        async with app_state.question_slots.hold(export_caller.guild_id):
            yield export_caller

    return authorize_exports


async def _authorize(
    request: Request, caller: Principal | SessionUser, app_state: AppState, guild_id: str
) -> ExportCaller:
    if isinstance(caller, SessionUser):
        is_change = request.method not in SAFE_METHODS
        guild = await require_managed_guild(app_state, caller, guild_id, EXPORTS, fresh=is_change)
        session_id = get_session_id(find_session_token(request, app_state.settings) or "")
        actor = Actor(ChangeSource.API, caller.user_id, caller.name)
        return ExportCaller(guild.id, actor, build_session_binding(session_id), caller, guild)
    # Ids are compared without a database query, as in `auth.require_guild_access`.
    if guild_id != str(caller.guild_id):
        raise NotFound(texts.GUILD_NOT_FOUND)
    await require_key(app_state, caller, EXPORTS, (Scope.EXPORTS, Scope.STATS))
    actor = Actor(ChangeSource.API, None, texts.format_key_actor(caller.key_id))
    return ExportCaller(caller.guild_id, actor, build_key_binding(caller.key_id), caller)


ExportCallerDep = Annotated[ExportCaller, Depends(require_export_access())]
FileCallerDep = Annotated[ExportCaller, Depends(require_export_access(hides_refusals=True))]
