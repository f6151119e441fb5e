"""Read roles, members and channel permissions of guilds from Discord, with the bot's token.

Pages need them at the moment they are shown; the databases do not store them. Responses are cached for a short time,
and concurrent requests for the same resource share one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from pydantic import SecretStr

from herwa_shared.config import Settings
from herwa_shared.discord.command_permissions import CommandPermissions
from herwa_shared.discord.constants import ADMINISTRATOR, MAX_SNOWFLAKE
from herwa_shared.discord.endpoints import get_api_url, get_bot_token
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.runtime.data_dir import DataFolder

limited_log = RateLimitedLogger(get_logger(__name__))

REQUEST_TIMEOUT_SECONDS = 5.0
CACHE_SECONDS = 20.0
MEMBERS_CACHE_SECONDS = 300.0
"""Lists of members are large, and Discord limits their rate: an open page must not read them again and again."""
MAX_CACHED_RESPONSES = 2_000
MEMBERS_PER_REQUEST = 1_000
MAX_MEMBER_REQUESTS = 10
"""Members beyond the first 10,000 of a guild are not read."""
LOOPBACK_URLS = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@dataclass(frozen=True, slots=True)
class GuildRole:
    """A role. `permissions` are Discord's bits. The role @everyone has the id of its guild."""

    id: int
    name: str
    color: int
    position: int
    permissions: int
    is_managed: bool


@dataclass(frozen=True, slots=True)
class GuildMemberInfo:
    """A member with the name that Discord shows in the guild."""

    id: int
    name: str
    role_ids: frozenset[int]
    is_bot: bool


@dataclass(frozen=True, slots=True)
class PermissionOverwrite:
    """What a channel allows and denies a role or member, as Discord's bits."""

    subject_id: int
    allow: int
    deny: int


@dataclass(frozen=True, slots=True)
class ChannelPermissions:
    """The permission overwrites of a channel, and its category (0 for none)."""

    id: int
    category_id: int
    overwrites: tuple[PermissionOverwrite, ...]


class _Missing(Exception):
    """Discord has no such resource, or the bot may not read it."""


class GuildReader:
    """Reads guilds. Every method raises DiscordUnavailable; close the reader with `close`."""

    def __init__(
        self,
        api_url: str,
        token: SecretStr,
        *,
        cache_seconds: float = CACHE_SECONDS,
        read_ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = create_bot_client(api_url, token)
        self._cache_seconds = cache_seconds
        self._read_ticks = read_ticks
        self._cache: dict[str, tuple[float, Any]] = {}
        self._in_flight: dict[str, asyncio.Task[Any]] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def list_roles(self, guild_id: int) -> tuple[GuildRole, ...]:
        """List the roles of a guild, the highest first; @everyone is the last. Empty for an unknown guild."""
        payload = await self._get(f"/guilds/{guild_id}/roles") or ()
        return tuple(sorted(map(_parse_role, payload), key=lambda role: (-role.position, role.id)))

    async def find_member(self, guild_id: int, user_id: int) -> GuildMemberInfo | None:
        """Find a member; None for a user who is not in the guild."""
        payload = await self._get(f"/guilds/{guild_id}/members/{user_id}")
        return None if payload is None else _parse_member(payload)

    async def find_own_member(self, guild_id: int) -> GuildMemberInfo | None:
        """Find the bot itself as a member; None if it is not in the guild."""
        account = await self._get("/users/@me", cache_seconds=MEMBERS_CACHE_SECONDS)
        return None if account is None else await self.find_member(guild_id, int(account["id"]))

    async def list_members(self, guild_id: int) -> tuple[GuildMemberInfo, ...] | None:
        """List members, the first 10,000 by id; None if the bot may not, for lack of the Server Members intent."""
        members: list[GuildMemberInfo] = []
        after = 0
        for _ in range(MAX_MEMBER_REQUESTS):
            path = f"/guilds/{guild_id}/members?limit={MEMBERS_PER_REQUEST}&after={after}"
            payload = await self._get(path, cache_seconds=MEMBERS_CACHE_SECONDS)
            if payload is None:
                return None
            members += map(_parse_member, payload)
            if len(payload) < MEMBERS_PER_REQUEST:
                break
            after = members[-1].id
        return tuple(members)

    async def list_channel_permissions(self, guild_id: int) -> Mapping[int, ChannelPermissions]:
        """Map the ids of the channels and categories of a guild to their permission overwrites."""
        payload = await self._get(f"/guilds/{guild_id}/channels") or ()
        channels = map(_parse_channel, payload)
        return {channel.id: channel for channel in channels}

    async def load_command_permissions(self, guild_id: int) -> CommandPermissions:
        """Load who sees the bot's global commands: by default, and as set under Integrations."""
        application = await self._get("/applications/@me", cache_seconds=MEMBERS_CACHE_SECONDS)
        if application is None:
            return CommandPermissions()
        path = f"/applications/{application['id']}"
        commands = await self._get(f"{path}/commands", cache_seconds=MEMBERS_CACHE_SECONDS) or ()
        payload = await self._get(f"{path}/guilds/{guild_id}/commands/permissions") or ()
        overrides = {
            str(item["id"]): {int(entry["id"]): bool(entry["permission"]) for entry in item["permissions"]}
            for item in payload
        }
        return CommandPermissions(
            overrides.get(str(application["id"]), {}),
            {str(item["name"]): overrides[str(item["id"])] for item in commands if str(item["id"]) in overrides},
            {
                str(item["name"]): int(item["default_member_permissions"])
                for item in commands
                if item.get("default_member_permissions") is not None
            },
        )

    async def _get(self, path: str, *, cache_seconds: float | None = None) -> Any:
        """Return the JSON of a resource, from the cache or from Discord; None if it is missing."""
        cached = self._cache.get(path)
        if cached is not None and cached[0] > self._read_ticks():
            return cached[1]
        if (task := self._in_flight.get(path)) is None:
            task = self._in_flight[path] = asyncio.create_task(self._fetch(path, cache_seconds or self._cache_seconds))
            task.add_done_callback(partial(self._forget_task, path))
        return await asyncio.shield(task)

    def _forget_task(self, path: str, task: asyncio.Task[Any]) -> None:
        del self._in_flight[path]
        if not task.cancelled():
            task.exception()  # waiting callers got it

    async def _fetch(self, path: str, cache_seconds: float) -> Any:
        try:
            payload = await self._request(path)
        except _Missing:
            payload = None
        now = self._read_ticks()
        if len(self._cache) >= MAX_CACHED_RESPONSES:
            self._cache = {key: entry for key, entry in self._cache.items() if entry[0] > now}
        if len(self._cache) < MAX_CACHED_RESPONSES:
            self._cache[path] = (now + cache_seconds, payload)
        return payload

    async def _request(self, path: str) -> Any:
        try:
            response = await self._http.get(path)
            if response.is_success:
                return response.json()
        except (httpx.HTTPError, ValueError) as error:
            limited_log.warning("Discord request failed", kind=type(error).__name__)
            raise DiscordUnavailable from None
        if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN):
            raise _Missing
        limited_log.warning("unexpected response of Discord", kind=str(response.status_code))
        raise DiscordUnavailable


def create_bot_client(api_url: str, token: SecretStr) -> httpx.AsyncClient:
    """Create a client of Discord's REST API that authenticates as the bot."""
    return httpx.AsyncClient(
        base_url=api_url,
        headers={"Authorization": f"Bot {token.get_secret_value()}", "User-Agent": "DiscordBot (herwa, 1)"},
        timeout=REQUEST_TIMEOUT_SECONDS,
        trust_env=not api_url.startswith(LOOPBACK_URLS),
    )


@asynccontextmanager
async def open_guild_reader(settings: Settings, *, cache_seconds: float = CACHE_SECONDS) -> AsyncIterator[GuildReader]:
    """Open a reader of the configured Discord while the block runs."""
    folder = DataFolder(settings.data_dir)
    token = SecretStr(get_bot_token(settings, folder))
    reader = GuildReader(get_api_url(settings, folder), token, cache_seconds=cache_seconds)
    try:
        yield reader
    finally:
        await reader.close()


def compute_permissions(
    member: GuildMemberInfo,
    roles: Mapping[int, GuildRole],
    channel: ChannelPermissions | None,
    *,
    guild_id: int,
    owner_id: int = 0,
) -> int:
    """Compute the permission bits of a member, in a channel if one is given, in the order that Discord documents."""
    if member.id == owner_id:
        return MAX_SNOWFLAKE
    bits = 0
    for role_id in (guild_id, *member.role_ids):
        bits |= roles[role_id].permissions if role_id in roles else 0
    if bits & ADMINISTRATOR:
        return MAX_SNOWFLAKE
    if channel is None:
        return bits
    overwrites = {overwrite.subject_id: overwrite for overwrite in channel.overwrites}
    role_overwrites = [overwrites[role_id] for role_id in member.role_ids if role_id in overwrites]
    for group in ([overwrites.get(guild_id)], role_overwrites, [overwrites.get(member.id)]):
        applied = [overwrite for overwrite in group if overwrite is not None]
        for overwrite in applied:
            bits &= ~overwrite.deny
        for overwrite in applied:
            bits |= overwrite.allow
    return bits


def _parse_role(payload: Mapping[str, Any]) -> GuildRole:
    return GuildRole(
        int(payload["id"]),
        str(payload["name"])[:100],
        int(payload.get("color") or 0),
        int(payload.get("position") or 0),
        int(payload.get("permissions") or 0) & MAX_SNOWFLAKE,
        bool(payload.get("managed")),
    )


def _parse_member(payload: Mapping[str, Any]) -> GuildMemberInfo:
    user = payload["user"]
    name = payload.get("nick") or user.get("global_name") or user["username"]
    return GuildMemberInfo(
        int(user["id"]), str(name)[:100], frozenset(map(int, payload.get("roles") or ())), bool(user.get("bot"))
    )


def _parse_channel(payload: Mapping[str, Any]) -> ChannelPermissions:
    return ChannelPermissions(
        int(payload["id"]),
        int(payload.get("parent_id") or 0),
        tuple(
            PermissionOverwrite(int(item["id"]), int(item.get("allow") or 0), int(item.get("deny") or 0))
            for item in payload.get("permission_overwrites") or ()
        ),
    )
