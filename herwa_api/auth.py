"""Authentication and authorization of API requests.

A request is made either with an API key, which belongs to one guild, or with the session cookie of a user, who may read
the guilds that they manage. The guardrail then checks the route's surface for both kinds of caller.
"""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from herwa_api import texts
from herwa_api.app_state import AppDep, AppState, read_app_state
from herwa_api.cookies import find_session_token
from herwa_api.csrf import SAFE_METHODS, require_same_origin
from herwa_api.surfaces import HEATMAP, KEYS, STATS, TOP_CHANNELS, TOP_MEMBERS
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Scope, Surface
from herwa_shared.errors import Forbidden, NotFound, Unauthenticated
from herwa_shared.guardrail.member_data import MemberAudience, can_see_members
from herwa_shared.guardrail.refusal_texts import Refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.query_cache.cache import Computed
from herwa_shared.services.api_key_authentication import KeyRefusal, Principal
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.guild_settings import load_guild_settings
from herwa_shared.services.member_data_views import MemberView

limited_log = RateLimitedLogger(get_logger(__name__))
SNOWFLAKE_PATTERN = re.compile(r"[1-9][0-9]{0,18}")
bearer = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="sk_live_hw_…",
    description=texts.KEY_SECURITY,
    auto_error=False,
)
session_cookie = APIKeyCookie(
    name="herwa_session",
    scheme_name="session",
    description=texts.SESSION_SECURITY,
    auto_error=False,
)


async def authenticate(
    request: Request,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    _cookie: Annotated[str | None, Security(session_cookie)],
) -> Principal | SessionUser:
    """Authenticate the caller by API key or by session cookie (FastAPI dependency).

    If there is an `Authorization` header, only the key counts and a session cookie is ignored.
    Raises Unauthenticated if neither is valid; Forbidden for a change with a test key, or from another site.
    """
    if "Authorization" in request.headers:
        key = _get_verified_key(request)
        if key.is_test and request.method not in SAFE_METHODS:
            raise Forbidden(texts.TEST_KEY_READS_ONLY)
        request.state.caller = key
        return key
    user = await find_request_user(request, read_app_state(request))
    if user is None:
        raise Unauthenticated
    request.state.user_id = user.user_id  # for the log
    request.state.caller = user
    return user


def get_caller(request: Request) -> Principal | SessionUser:
    """Return the caller whom `authenticate` has found."""
    caller: Principal | SessionUser = request.state.caller
    return caller


async def find_request_user(request: Request, app_state: AppState) -> SessionUser | None:
    """Return the user of the session cookie, or None if it is missing, unknown or expired.

    A session that has not changed since it was read is read from memory. Raises Forbidden if the method is not safe and
    the request does not come from a page of this origin (CSRF).
    """
    session_token = find_session_token(request, app_state.settings)
    if session_token is None:
        return None
    if request.method not in SAFE_METHODS:
        require_same_origin(request, app_state.settings)
    return await app_state.sessions.find_user(session_token)


def _get_verified_key(request: Request) -> Principal:
    """Return the key that `RateLimitMiddleware` has verified. Raises Unauthenticated, and the error of the check."""
    if hasattr(request.state, "key_error"):
        raise request.state.key_error
    outcome: Principal | KeyRefusal = request.state.api_key
    if isinstance(outcome, KeyRefusal):
        raise _refuse_key(outcome)
    return outcome


def _refuse_key(refusal: KeyRefusal) -> Unauthenticated:
    """Log the reason, nothing of the key, and return the error."""
    limited_log.warning("API key refused", kind=refusal)
    return Unauthenticated()


Caller = Annotated[Principal | SessionUser, Depends(authenticate)]
GuildIdPath = Annotated[str, Path(description=texts.PARAMETERS["guild_id"], examples=["81384788765712384"])]


def require_guild_access(surface: Surface, *scopes: Scope) -> Callable[[Request, Caller, str], AsyncIterator[int]]:
    """Build a dependency that authorizes the caller for a surface of the guild in the path.

    An API key must belong to the guild and have all of `scopes`; a user must manage the guild. The guardrail is then
    evaluated for `surface`. The dependency yields the guild's id, and holds one of the guild's slots for questions
    meanwhile. It raises TooManyQuestions, NotFound if the guild is unknown or is not
    the caller's, AccessDenied if the guardrail or a missing scope refuses, PolicyUnavailable if there is no policy,
    DiscordUnavailable or ReauthRequired if the user's guilds cannot be fetched.
    """

    # Performance: a parameter less is a dependency less that FastAPI resolves for each request.
    async def authorize_guild(request: Request, caller: Caller, guild_id: GuildIdPath) -> AsyncIterator[int]:
        app_state = read_app_state(request)
        if isinstance(caller, SessionUser):
            guild = await require_managed_guild(app_state, caller, guild_id, surface)
            allowed_id = guild.id
            if Scope.MEMBERS in scopes:
                await require_member_data(app_state, guild_id=guild.id, user_id=caller.user_id, guild=guild)
        # Ids are compared without a database query, so a foreign guild cannot be told apart from an unknown one.
        elif guild_id != str(caller.guild_id):
            raise NotFound(texts.GUILD_NOT_FOUND)
        else:
            await require_key(app_state, caller, surface, scopes)
            allowed_id = caller.guild_id
            if Scope.MEMBERS in scopes:
                await require_member_data(app_state, guild_id=caller.guild_id)
        async with app_state.question_slots.hold(allowed_id):
            yield allowed_id

    return authorize_guild


async def require_key(app_state: AppState, key: Principal, surface: Surface, scopes: tuple[Scope, ...]) -> None:
    """Require that the guardrail allows the key the surface, and that it has all of `scopes`. Raises AccessDenied."""
    missing_scopes = [scope for scope in scopes if scope not in key.scopes]
    try:
        await app_state.authorizer.require_key(key.owner_id, surface, in_scope=not missing_scopes)
    except AccessDenied as denial:
        if denial.reason != Reason.SCOPE:
            raise
        refusal = Refusal(texts.format_missing_scopes(missing_scopes), texts.CREATE_KEY_WITH_SCOPE)
        raise AccessDenied(Reason.SCOPE, refusal) from None


async def require_managed_guild(
    app_state: AppState, user: SessionUser, guild_id: str, surface: Surface, *, fresh: bool = False
) -> UserGuildInfo:
    """Require that the user manages the guild and may see the surface; return the guild.

    A malformed id takes the same path as a valid one (as guild 0), so response and response time are the same. With
    `fresh`, Discord is asked for the user's guilds again.
    """
    parsed_id = int(guild_id) if SNOWFLAKE_PATTERN.fullmatch(guild_id) else 0
    guild = await app_state.require_oauth().guild_access.require_managed_guild(user.user_id, parsed_id, fresh=fresh)
    await app_state.authorizer.require_member(user.user_id, guild, surface)
    return guild


async def require_member_data(
    app_state: AppState, *, guild_id: int, user_id: int = 0, guild: UserGuildInfo | None = None
) -> None:
    """Require that the guild shows data about single members to this caller, and record that a user opened it.

    `guild` is that of a user; a key with the scope may see the data unless the guild hides it from all users.
    Raises Forbidden.
    """
    audience = await app_state.query_cache.get_object(
        guild_id, "member audience", partial(_load_member_audience, app_state, guild_id)
    )
    is_owner, permissions = (True, 0) if guild is None else (guild.owner, guild.permissions)
    if not can_see_members(audience, permissions, is_owner=is_owner):
        raise Forbidden(texts.MEMBERS_HIDDEN)
    if guild is not None:
        await app_state.view_recorder.record(guild_id, user_id, MemberView.API)


async def _load_member_audience(app_state: AppState, guild_id: int) -> Computed[MemberAudience]:
    """Load the audience, which raises the data version of the guild when it changes."""
    async with app_state.stores.database.transaction() as session:
        return Computed((await load_guild_settings(session, guild_id=guild_id)).member_audience)


StatsGuildId = Annotated[int, Depends(require_guild_access(STATS, Scope.STATS))]
TopChannelsGuildId = Annotated[int, Depends(require_guild_access(TOP_CHANNELS, Scope.STATS))]
TopMembersGuildId = Annotated[int, Depends(require_guild_access(TOP_MEMBERS, Scope.STATS, Scope.MEMBERS))]
HeatmapGuildId = Annotated[int, Depends(require_guild_access(HEATMAP, Scope.STATS))]


async def load_history_limit(request: Request, app_state: AppState, guild_id: int) -> HistoryLimit:
    """Load how far back the caller, who is authorized, may read: a key as far as the guild that it belongs to."""
    caller = get_caller(request)
    owner_id = caller.owner_id if isinstance(caller, Principal) else guild_id
    return await app_state.authorizer.load_history_limit(owner_id)


@dataclass(frozen=True, slots=True)
class GuildManager:
    """A user who may manage the guild's keys. `actor` is named in the audit log."""

    guild_id: int
    actor: Actor


async def _require_key_manager(
    request: Request,
    caller: Caller,
    app_state: AppDep,
    guild_id: GuildIdPath,
) -> GuildManager:
    """Require a user who manages the guild (FastAPI dependency). Before a change, Discord is asked again.

    A key cannot manage keys: raises Forbidden for the key's own guild, NotFound for another one.
    """
    if not isinstance(caller, SessionUser):
        raise (
            Forbidden(texts.KEYS_NEED_SESSION) if guild_id == str(caller.guild_id) else NotFound(texts.GUILD_NOT_FOUND)
        )
    is_change = request.method not in SAFE_METHODS
    managed = await require_managed_guild(app_state, caller, guild_id, KEYS, fresh=is_change)
    return GuildManager(managed.id, Actor(ChangeSource.API, caller.user_id, caller.name))


KeyManager = Annotated[GuildManager, Depends(_require_key_manager)]
