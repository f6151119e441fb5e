"""Each change of a session, of a user or of their guilds ends what every process knows about that user."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from herwa_shared.auth.account_cache import AccountCache, delete_old_account_changes, get_bucket
from herwa_shared.auth.guild_access import GuildAccess, create_guild_access, invalidate_guild_access
from herwa_shared.auth.sessions import SessionReader, create_session, delete_session
from herwa_shared.clock import utc_now
from herwa_shared.models import Guild, User
from herwa_shared.services.guilds import mark_guilds_left
from tests.shared.policy_cache.conftest import DeafConnection
from tests.support.oauth_login import ManagedServer
from tests.support.statement_log import report_transactions
from tests.support.waiting import wait_until

CacheFactory = Callable[..., AbstractAsyncContextManager[AccountCache]]


@pytest.fixture
def open_accounts(stores) -> CacheFactory:
    """Opens a running cache, as another process has one; it has completed its first sweep."""

    @asynccontextmanager
    async def open_following_cache(**options: Any) -> AsyncIterator[AccountCache]:
        cache = AccountCache(stores.database_url, **options)
        async with cache.run():

            async def is_following() -> bool:
                await cache.get("probe", load_probe, lambda _: 0)
                return cache.find("probe") is not None

            await wait_until(is_following)
            yield cache

    return open_following_cache


async def load_probe() -> str:
    return "known"


@pytest.fixture
async def session_token(stores, server: ManagedServer, log_in) -> str:
    await log_in(server.manager)
    async with stores.database.transaction() as session:
        return await create_session(session, user_id=server.manager, now=utc_now())


async def count_transactions(action) -> int:
    transactions: list[list[str]] = []
    with report_transactions(transactions.append):
        await action()
    return len(transactions)


async def test_known_session_is_read_without_a_query_and_ends_with_its_deletion(
    stores, server, session_token, open_accounts
):
    async with open_accounts() as accounts:
        reader = SessionReader(stores.database, accounts)
        assert (await reader.find_user(session_token)).user_id == server.manager
        assert await count_transactions(lambda: reader.find_user(session_token)) == 0
        async with stores.database.transaction() as session:
            await delete_session(session, token=session_token)

        async def has_ended() -> bool:
            return await reader.find_user(session_token) is None

        await wait_until(has_ended, timeout_seconds=5)


async def test_session_that_another_cache_has_not_read_is_never_kept(stores, open_accounts):
    async with open_accounts() as accounts:
        reader = SessionReader(stores.database, accounts)
        assert await reader.find_user("a" * 43) is None
        assert await count_transactions(lambda: reader.find_user("a" * 43)) == 1


async def rename_user(session, server) -> None:
    (await session.get_one(User, server.manager)).name = "Renamed"


async def report_change(session, server) -> None:
    await invalidate_guild_access(session, guild_id=server.id)


async def rename_guild(session, server) -> None:
    (await session.get_one(Guild, server.id)).name = "Renamed"


async def remove_bot(session, server) -> None:
    await mark_guilds_left(session, [server.id])


async def change_roles(session, server) -> None:
    await session.execute(
        text("UPDATE user_guild SET role_ids = ARRAY[7] WHERE user_id = :user"), {"user": server.manager}
    )


@pytest.mark.parametrize("change", [rename_user, report_change, rename_guild, remove_bot, change_roles])
async def test_guilds_of_a_user_are_known_until_something_about_them_changes(
    stores, settings, folder, server, session_token, open_accounts, change
):
    async with open_accounts() as accounts:
        guild_access: GuildAccess = create_guild_access(settings, folder, stores.database, accounts)
        await guild_access.list_guilds(server.manager)
        await wait_until(lambda: is_known(accounts, guild_access, server.manager))
        assert await count_transactions(lambda: guild_access.list_guilds(server.manager)) == 0
        async with stores.database.transaction() as session:
            await change(session, server)
        await wait_until(lambda: accounts.find(("guilds", server.manager)) is None, timeout_seconds=5)


async def is_known(accounts: AccountCache, guild_access: GuildAccess, user_id: int) -> bool:
    """Read the guilds until they are kept: the report of their first save may arrive in between."""
    await guild_access.list_guilds(user_id)
    return accounts.find(("guilds", user_id)) is not None


async def test_change_during_the_read_is_not_missed(stores, server, session_token, open_accounts):
    async with open_accounts() as accounts:
        is_read, may_return = asyncio.Event(), asyncio.Event()

        async def load() -> str:
            is_read.set()
            await may_return.wait()
            return "old"

        reading = asyncio.create_task(accounts.get("key", load, lambda _: server.manager))
        await is_read.wait()
        async with stores.database.transaction() as session:
            await delete_session(session, token=session_token)
        await asyncio.sleep(1.5)
        may_return.set()
        assert await reading == "old"
        assert accounts.find("key") is None


async def test_change_with_a_lost_notification_is_swept(stores, server, session_token, open_accounts):
    async with open_accounts(connection_class=DeafConnection) as accounts:
        reader = SessionReader(stores.database, accounts)
        assert await reader.find_user(session_token) is not None
        async with stores.database.transaction() as session:
            await delete_session(session, token=session_token)

        async def has_ended() -> bool:
            return await reader.find_user(session_token) is None

        await wait_until(has_ended, timeout_seconds=5)


async def test_nothing_is_known_without_the_reports_of_changes(stores, server, session_token):
    reader = SessionReader(stores.database, AccountCache(stores.database_url))
    assert await reader.find_user(session_token) is not None
    assert await count_transactions(lambda: reader.find_user(session_token)) == 1


async def test_nothing_is_kept_longer_than_a_minute(open_accounts):
    times = [0.0]
    async with open_accounts(read_clock=lambda: times[0]) as accounts:
        times[0] = 59.0
        assert accounts.find("probe") == "known"
        times[0] = 61.0
        assert accounts.find("probe") is None


async def test_use_of_a_session_ends_nothing(stores, server, session_token, open_accounts):
    async with open_accounts() as accounts:
        await accounts.get("key", load_probe, lambda _: server.manager)
        async with stores.database.transaction() as session:
            await session.execute(text("UPDATE web_session SET seen_at = now()"))
        await asyncio.sleep(1.5)
        assert accounts.find("key") == "known"


async def test_reports_hold_buckets_instead_of_users_and_are_deleted_after_an_hour(stores, server, session_token):
    async with stores.database.transaction() as session:
        await delete_session(session, token=session_token)
        buckets = set((await session.execute(text("SELECT bucket FROM account_change"))).scalars())
        assert get_bucket(server.manager) in buckets
        assert server.manager not in buckets
        await session.execute(text("UPDATE account_change SET changed_at = now() - interval '61 minutes'"))
        await delete_old_account_changes(session)
        assert await session.scalar(text("SELECT count(*) FROM account_change")) == 0
