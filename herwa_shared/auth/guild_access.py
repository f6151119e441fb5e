"""Cached guild permissions and roles of a user, fetched from Discord.

The cache is in PostgreSQL. It is refreshed after five minutes, before a write (`fresh=True`), after the gateway reports
a change (`invalidate_guild_access`), and before a refusal if it is older than ten seconds. What a process has read of
it is kept in memory until it changes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from herwa_shared.auth.account_cache import AccountCache
from herwa_shared.auth.discord_oauth import DiscordOAuthClient, OAuthTokens
from herwa_shared.auth.encryption import Encryptor, create_encryptor
from herwa_shared.auth.oauth_tokens import UserTokenManager
from herwa_shared.auth.user_guilds import (
    CachedGuilds,
    CachedRoles,
    UserGuildInfo,
    invalidate_guild_access,
    load_cached_guilds,
    load_cached_roles,
    save_user_guilds,
    save_user_roles,
)
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord.endpoints import find_discord_endpoints
from herwa_shared.errors import DiscordUnavailable, NotFound
from herwa_shared.runtime.data_dir import DataFolder

__all__ = [
    "NO_SUCH_GUILD",
    "TOKEN_PURPOSE",
    "GuildAccess",
    "UserGuildInfo",
    "build_redirect_uri",
    "create_guild_access",
    "invalidate_guild_access",
    "require_managed",
]

TOKEN_PURPOSE = "tokens"  # noqa: S105 - a label from which the key is derived
CACHE_TTL = timedelta(minutes=5)
REFUSAL_TTL = timedelta(seconds=10)
"""How old the cache may be when a user is refused a guild, which they may have joined or come to manage since."""
MAX_FETCH_ATTEMPTS = 3
MAX_RETRY_WAIT_SECONDS = 2.0
NO_SUCH_GUILD = "Server not found. Check the id, or use the account that manages this server."
ALL_GUILDS = 0
"""Placeholder for the guild id in a FetchKey: all guilds of the user."""

FetchKey = tuple[int, int]
"""User id and guild id (or ALL_GUILDS) of a request to Discord."""

ResultT = TypeVar("ResultT")


class GuildAccess:
    """Reads guild access from the database cache; fetches it from Discord once it is stale.

    Concurrent requests for the same key share one fetch (single flight).
    """

    def __init__(
        self,
        database: Database,
        discord_oauth: DiscordOAuthClient,
        encryptor: Encryptor,
        accounts: AccountCache | None = None,
    ) -> None:
        self._database = database
        self._accounts = accounts or AccountCache(database.url)
        self._discord_oauth = discord_oauth
        self._tokens = UserTokenManager(database, discord_oauth, encryptor)
        self._in_flight: dict[FetchKey, asyncio.Task[Any]] = {}
        self._backoff_until: dict[FetchKey, float] = {}

    async def list_guilds(
        self, user_id: int, *, fresh: bool = False, now: datetime | None = None
    ) -> tuple[UserGuildInfo, ...]:
        """List all guilds of the user by name, including those without the bot.

        `fresh=True` skips the cache. If Discord is unavailable then, the cache is used after all, unless it is stale.
        `now` is for tests. Raises DiscordUnavailable, ReauthRequired.
        """
        now = now or utc_now()
        if not fresh and _is_fresh(cached := await self._get_cached(user_id), now):
            return cached.guilds
        try:
            await self._run_single_flight((user_id, ALL_GUILDS), partial(self._fetch_guilds, user_id, now))
        except DiscordUnavailable:
            if _is_fresh(cached := await self._load_cached(user_id), now):
                return cached.guilds
            raise
        return (await self._load_cached(user_id)).guilds

    async def require_managed_guild(
        self, user_id: int, guild_id: int, *, fresh: bool = False, now: datetime | None = None
    ) -> UserGuildInfo:
        """Return the guild if the bot is in it and the user can manage it.

        Raises NotFound in every other case, so that the response does not reveal the cause; also what `list_guilds`
        raises.
        """
        guilds = await self.list_guilds(user_id, fresh=fresh, now=now)
        return require_managed(await self.refresh_before_refusal(user_id, guilds, guild_id, now=now), guild_id)

    async def refresh_before_refusal(
        self, user_id: int, guilds: tuple[UserGuildInfo, ...], guild_id: int, *, now: datetime | None = None
    ) -> tuple[UserGuildInfo, ...]:
        """Return these guilds of the user; newer ones if `require_managed` would refuse them and they are old.

        They are old after REFUSAL_TTL. Raises what `list_guilds` raises.
        """
        now = now or utc_now()
        if any(guild.id == guild_id and _is_managed(guild) for guild in guilds):
            return guilds
        is_new = _is_fresh(await self._get_cached(user_id), now, REFUSAL_TTL)
        return guilds if is_new else await self.list_guilds(user_id, fresh=True, now=now)

    async def get_role_ids(self, user_id: int, guild_id: int, *, now: datetime | None = None) -> frozenset[int]:
        """Return the user's role ids in one of their guilds.

        Fetched lazily, cached as long as `list_guilds`. Raises NotFound if the user is not a member,
        DiscordUnavailable, and ReauthRequired, which is also raised for a user who logged in before Herwa
        requested the scope for roles.
        """
        now = now or utc_now()
        cached = await self._get_cached_roles(user_id, guild_id)
        if cached is not None and cached.role_ids is not None and _is_fresh(cached, now):
            return cached.role_ids
        return await self._run_single_flight((user_id, guild_id), partial(self._fetch_roles, user_id, guild_id, now))

    async def _get_cached(self, user_id: int) -> CachedGuilds:
        return await self._accounts.get(("guilds", user_id), partial(self._load_cached, user_id), lambda _: user_id)

    async def _get_cached_roles(self, user_id: int, guild_id: int) -> CachedRoles | None:
        load = partial(self._load_cached_roles, user_id, guild_id)
        return await self._accounts.get(("roles", user_id, guild_id), load, lambda _: user_id)

    async def _load_cached(self, user_id: int) -> CachedGuilds:
        async with self._database.transaction() as session:
            return await load_cached_guilds(session, user_id=user_id)

    async def _load_cached_roles(self, user_id: int, guild_id: int) -> CachedRoles | None:
        async with self._database.transaction() as session:
            return await load_cached_roles(session, user_id=user_id, guild_id=guild_id)

    async def _run_single_flight(self, key: FetchKey, fetch: Callable[[], Coroutine[Any, Any, ResultT]]) -> ResultT:
        """Join the running fetch for this key or start one.

        A cancelled caller does not cancel the fetch.
        """
        if (task := self._in_flight.get(key)) is None:
            task = self._in_flight[key] = asyncio.create_task(fetch())
            task.add_done_callback(partial(self._on_fetch_done, key))
        result: ResultT = await asyncio.shield(task)
        return result

    def _on_fetch_done(self, key: FetchKey, task: asyncio.Task[Any]) -> None:
        del self._in_flight[key]
        if not task.cancelled():
            task.exception()  # waiting callers got it; retrieve it, as there may be none, and asyncio would log it

    async def _fetch_guilds(self, user_id: int, now: datetime) -> None:
        """Fetch and store the guilds; retry if a change was reported during the fetch."""
        for _ in range(MAX_FETCH_ATTEMPTS):
            generation = (await self._load_cached(user_id)).generation
            guilds = await self._call_discord((user_id, ALL_GUILDS), self._discord_oauth.fetch_guilds, now)
            async with self._database.transaction() as session:
                is_saved = await save_user_guilds(
                    session, user_id=user_id, guilds=guilds, generation=generation, fetched_at=now
                )
            if is_saved:
                self._accounts.drop_user(user_id)  # the report of the change arrives later
                return
        raise DiscordUnavailable

    async def _fetch_roles(self, user_id: int, guild_id: int, now: datetime) -> frozenset[int]:
        """Fetch and store the roles in one guild, after refreshing stale guilds.

        Retries if the cached guilds changed during the fetch.
        """
        for _ in range(MAX_FETCH_ATTEMPTS):
            await self.list_guilds(user_id, now=now)
            cached = await self._load_cached_roles(user_id, guild_id)
            if cached is None:
                raise NotFound(NO_SUCH_GUILD)
            if cached.role_ids is not None:
                return cached.role_ids
            role_ids = await self._call_discord(
                (user_id, guild_id), partial(self._discord_oauth.fetch_role_ids, guild_id=guild_id), now
            )
            is_saved = False
            async with self._database.transaction() as session:
                if role_ids is None:
                    await invalidate_guild_access(session, guild_id=guild_id, user_id=user_id)
                else:
                    is_saved = await save_user_roles(
                        session, user_id=user_id, guild_id=guild_id, role_ids=role_ids, cached=cached
                    )
            self._accounts.drop_user(user_id)
            if is_saved and role_ids is not None:
                return frozenset(role_ids)
        raise DiscordUnavailable

    async def _call_discord(
        self, key: FetchKey, request: Callable[[OAuthTokens], Awaitable[ResultT]], now: datetime
    ) -> ResultT:
        """Send a request with backoff.

        A retry delay of up to MAX_RETRY_WAIT_SECONDS is waited for once. During a longer one, requests for the same key
        fail at once with DiscordUnavailable.
        """
        if (pause := self._backoff_until.get(key, 0) - time.monotonic()) > 0:
            raise DiscordUnavailable(retry_after_seconds=pause)
        try:
            return await self._tokens.call(key[0], request, now=now)
        except DiscordUnavailable as error:
            if error.retry_after_seconds > MAX_RETRY_WAIT_SECONDS:
                self._set_backoff(key, error.retry_after_seconds)
                raise
            await asyncio.sleep(error.retry_after_seconds)
        try:
            return await self._tokens.call(key[0], request, now=now)
        except DiscordUnavailable as error:
            self._set_backoff(key, error.retry_after_seconds)
            raise

    def _set_backoff(self, key: FetchKey, seconds: float) -> None:
        now = time.monotonic()
        active = {other_key: until for other_key, until in self._backoff_until.items() if until > now}
        self._backoff_until = {**active, key: now + seconds}


def require_managed(guilds: Iterable[UserGuildInfo], guild_id: int) -> UserGuildInfo:
    """Return the guild of a user's guilds if the bot is in it and the user can manage it. Raises NotFound otherwise."""
    for guild in guilds:
        if guild.id == guild_id and _is_managed(guild):
            return guild
    raise NotFound(NO_SUCH_GUILD)


def _is_managed(guild: UserGuildInfo) -> bool:
    return guild.has_bot and guild.can_manage


def build_redirect_uri(settings: Settings) -> str:
    """Build the OAuth2 redirect URI; it must be registered with the application at Discord."""
    return f"{settings.origin}/auth/callback"


def create_guild_access(
    settings: Settings, folder: DataFolder, database: Database, accounts: AccountCache | None = None
) -> GuildAccess | None:
    """Create GuildAccess for the configured Discord; None if OAuth is not configured.

    Needs no closing.
    """
    endpoints = find_discord_endpoints(settings, folder)
    if endpoints is None:
        return None
    return GuildAccess(
        database,
        DiscordOAuthClient(endpoints, build_redirect_uri(settings)),
        create_encryptor(settings, folder, purpose=TOKEN_PURPOSE),
        accounts,
    )


def _is_fresh(cached: CachedGuilds | CachedRoles, now: datetime, ttl: timedelta = CACHE_TTL) -> bool:
    return cached.fetched_at is not None and now - cached.fetched_at < ttl
