"""Process-wide context of the pages: databases, policy cache, guild access, API client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from herwa_shared.auth.account_cache import AccountCache, open_account_cache
from herwa_shared.auth.guild_access import GuildAccess, create_guild_access
from herwa_shared.auth.sessions import SessionReader
from herwa_shared.authorization import Authorizer, open_policy_cache
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.guild_reader import GuildReader, open_guild_reader
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.query_cache.cache import QueryCache, open_query_cache
from herwa_shared.query_cache.question_slots import QuestionSlots
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.member_data_views import MemberView, MemberViewRecorder
from herwa_shared.stores import Stores, open_stores
from herwa_web.serving.api_proxy import CONNECTION_ERRORS, create_api_client
from herwa_web.surfaces import KINDS, SURFACES

API_CHECK_SECONDS = 2.0
WAITING_QUESTIONS = 200
"""Of one server: about one for each of its tabs."""


@dataclass(slots=True)
class AppContext:
    """Everything that is open while the web process runs. A background task updates `is_api_up`."""

    settings: Settings
    stores: Stores
    policies: PolicyCache
    authorizer: Authorizer
    guild_reader: GuildReader
    api_url: str
    api_client: aiohttp.ClientSession
    query_cache: QueryCache
    view_recorder: MemberViewRecorder
    accounts: AccountCache
    is_api_up: bool = True


_context: AppContext | None = None


@asynccontextmanager
async def open_app_context(settings: Settings) -> AsyncIterator[AppContext]:
    """Open the context and make it current while the block runs, for the functions below.

    Also starts the task that polls the API's health.
    """
    global _context  # noqa: PLW0603 - Reflex creates the states, so their handlers cannot get it as an argument
    folder = DataFolder(settings.data_dir)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings))
        policies = await stack.enter_async_context(open_policy_cache(stores, KINDS, SURFACES))
        slots = QuestionSlots(stores.redis, waiting=WAITING_QUESTIONS)
        query_cache = await stack.enter_async_context(open_query_cache(stores.database_url, stores.redis, slots))
        accounts = await stack.enter_async_context(open_account_cache(stores.database_url))
        api_url = settings.api_url or f"http://127.0.0.1:{folder.get_or_create_port('api')}"
        api_client = await stack.enter_async_context(create_api_client())
        guild_access = create_guild_access(settings, folder, stores.database, accounts)
        authorizer = Authorizer(policies, stores.database, guild_access)
        guild_reader = await stack.enter_async_context(open_guild_reader(settings))
        _context = AppContext(
            settings,
            stores,
            policies,
            authorizer,
            guild_reader,
            api_url,
            api_client,
            query_cache,
            MemberViewRecorder(stores.database),
            accounts,
        )
        health_task = asyncio.create_task(_poll_api_health(_context))
        try:
            yield _context
        finally:
            health_task.cancel()
            _context = None


def get_stores() -> Stores:
    """Return the two databases."""
    return _require_context().stores


def get_query_cache() -> QueryCache:
    """Return the cache of results that all tabs share."""
    return _require_context().query_cache


def get_session_reader() -> SessionReader:
    """Return the reader of browser sessions."""
    context = _require_context()
    return SessionReader(context.stores.database, context.accounts)


def find_guild_access() -> GuildAccess | None:
    """Return the cache of users' guilds and roles at Discord; None if login is not configured."""
    return _require_context().authorizer.guild_access


def get_authorizer() -> Authorizer:
    """Return the authorizer, which evaluates the guardrail."""
    return _require_context().authorizer


def get_guild_reader() -> GuildReader:
    """Return the reader of roles and members at Discord."""
    return _require_context().guild_reader


async def list_announcements(guild_id: int) -> list[str]:
    """List what operators tell a guild now, from memory."""
    compiled = await _require_context().policies.get(guild_id)
    return compiled.policy.global_policy.list_announcements(compiled.entitlement.tier, utc_now().timestamp())


async def record_member_view(guild_id: int, user_id: int, view: MemberView) -> None:
    """Record that a user opens data about single members, before it is shown."""
    await _require_context().view_recorder.record(guild_id, user_id, view)


def get_settings() -> Settings:
    """Return the settings with which the process was started."""
    return _require_context().settings


def is_api_up() -> bool:
    """Return whether the API's last readiness check (at most a few seconds ago) succeeded."""
    return _require_context().is_api_up


def _require_context() -> AppContext:
    assert _context is not None, "herwa_web.__main__ opens the app context before it serves the first page"
    return _context


async def _poll_api_health(context: AppContext) -> None:
    url = f"{context.api_url}/readyz"
    while True:
        try:
            async with asyncio.timeout(API_CHECK_SECONDS), context.api_client.get(url) as response:
                context.is_api_up = response.ok
        except CONNECTION_ERRORS:
            context.is_api_up = False
        await asyncio.sleep(API_CHECK_SECONDS)
