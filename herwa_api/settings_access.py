"""Authorize requests about a guild's settings, by API key or session.

A key needs the scopes for settings. A user needs every right that the dashboard asks for: to see the page of the
setting, and for a change also to use the commands that make the same change.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from herwa_api import texts
from herwa_api.app_state import AppDep, AppState
from herwa_api.auth import Caller, GuildIdPath, require_key, require_managed_guild
from herwa_api.csrf import SAFE_METHODS
from herwa_api.member_identities import MemberIdentities, get_member_identities
from herwa_api.surfaces import AUDIT, CHANNEL_LISTS, EXPLAIN, FEATURES, RULES, WIDGETS
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Scope, Surface
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.refusal_texts import Refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.services.api_key_authentication import Principal
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.settings_surfaces import (
    AUDIT_PAGE,
    CHANNEL_COMMANDS,
    CHANNELS_PAGE,
    FEATURE_COMMANDS,
    FEATURES_PAGE,
    RULE_COMMANDS,
    RULES_PAGE,
    WIDGETS_PAGE,
)


@dataclass(frozen=True, slots=True)
class SettingsCaller:
    """Who reads or changes settings. `actor` is named in the audit log.

    `identity` tells callers apart for `Idempotency-Key`. `members` is how the caller sees members.
    """

    guild_id: int
    actor: Actor
    identity: str
    members: MemberIdentities

    def require_member_ids(self) -> None:
        """Raise AccessDenied if the caller sees members under pseudonyms.

        A caller who may ask about a member by id could find out whose pseudonym they see.
        """
        if self.members.is_hidden:
            refusal = Refusal(texts.format_missing_scopes([Scope.MEMBER_IDS]), texts.CREATE_KEY_WITH_SCOPE)
            raise AccessDenied(Reason.SCOPE, refusal)


def require_settings_access(
    surface: Surface,
    page: Surface,
    commands: tuple[Surface, ...] = (),
    *,
    read_scope: Scope = Scope.SETTINGS_READ,
    write_scope: Scope = Scope.SETTINGS_WRITE,
) -> Callable[[Request, Caller, AppState, str], AsyncIterator[SettingsCaller]]:
    """Build a dependency that authorizes the caller for settings of the guild in the path.

    `page` shows them, `commands` change them. A key needs `read_scope`, and for a change also `write_scope`. Before a
    change, Discord is asked for the user's guilds again. The dependency holds one of the guild's slots for questions.
    It raises what `auth.require_guild_access` raises.
    """

    async def authorize_settings(
        request: Request, caller: Caller, app_state: AppDep, guild_id: GuildIdPath
    ) -> AsyncIterator[SettingsCaller]:
        is_change = request.method not in SAFE_METHODS
        if isinstance(caller, SessionUser):
            surfaces = (page, *commands) if is_change else (page,)
            settings_caller = await _authorize_user(app_state, caller, guild_id, surface, surfaces, fresh=is_change)
        else:
            scopes = (read_scope, write_scope) if is_change else (read_scope,)
            settings_caller = await _authorize_key(app_state, caller, guild_id, surface, scopes)
        async with app_state.question_slots.hold(settings_caller.guild_id):
            yield settings_caller

    return authorize_settings


async def _authorize_user(
    app_state: AppState,
    user: SessionUser,
    guild_id: str,
    surface: Surface,
    surfaces: tuple[Surface, ...],
    *,
    fresh: bool,
) -> SettingsCaller:
    managed = await require_managed_guild(app_state, user, guild_id, surface, fresh=fresh)
    for further in surfaces:
        await require_managed_guild(app_state, user, guild_id, further)
    actor = Actor(ChangeSource.API, user.user_id, user.name)
    return SettingsCaller(managed.id, actor, user.identity, get_member_identities(user))


async def _authorize_key(
    app_state: AppState, key: Principal, guild_id: str, surface: Surface, scopes: tuple[Scope, ...]
) -> SettingsCaller:
    """Authorize a key. Ids are compared without a database query, as in `auth.require_guild_access`."""
    if guild_id != str(key.guild_id):
        raise NotFound(texts.GUILD_NOT_FOUND)
    await require_key(app_state, key, surface, scopes)
    actor = Actor(ChangeSource.API, None, texts.format_key_actor(key.key_id))
    return SettingsCaller(key.guild_id, actor, key.identity, get_member_identities(key))


FeaturesCaller = Annotated[SettingsCaller, Depends(require_settings_access(FEATURES, FEATURES_PAGE, FEATURE_COMMANDS))]
RulesCaller = Annotated[SettingsCaller, Depends(require_settings_access(RULES, RULES_PAGE, RULE_COMMANDS))]
ChannelListsCaller = Annotated[
    SettingsCaller, Depends(require_settings_access(CHANNEL_LISTS, CHANNELS_PAGE, CHANNEL_COMMANDS))
]
AuditCaller = Annotated[SettingsCaller, Depends(require_settings_access(AUDIT, AUDIT_PAGE))]
ExplainCaller = Annotated[SettingsCaller, Depends(require_settings_access(EXPLAIN, RULES_PAGE))]
WidgetsCaller = Annotated[
    SettingsCaller,
    Depends(
        require_settings_access(WIDGETS, WIDGETS_PAGE, read_scope=Scope.WIDGETS_READ, write_scope=Scope.WIDGETS_WRITE)
    ),
]
