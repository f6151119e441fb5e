"""Guild access of users: cached for at most five minutes, invalidated by gateway events, one request for many callers."""

import asyncio
from datetime import timedelta

import pytest

from herwa_shared.auth.discord_oauth import UserGuildPayload
from herwa_shared.auth.guild_access import (
    NO_SUCH_GUILD,
    REFUSAL_TTL,
    GuildAccess,
    invalidate_guild_access,
)
from herwa_shared.auth.user_guilds import load_cached_guilds, save_user_guilds
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.errors import DiscordUnavailable, NotFound, ReauthRequired
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.guilds import GuildData, mark_guilds_left, save_guilds
from herwa_shared.stores import Stores
from tests.shared.auth.conftest import LogInFunction
from tests.support.oauth_login import (
    GUILDS_ROUTE,
    ManagedServer,
    count_guild_requests,
    log_in_without_roles,
    save_server,
)
from tests.support.row_factories import add_guild
from tests.support.sim_process import SimProcess

MEMBER_ROUTE = "/users/@me/guilds/{guild_id}/member"
CACHE_TTL = timedelta(minutes=5)


async def invalidate(stores: Stores, guild_id: int, user_id: int | None = None) -> None:
    async with stores.database.transaction() as session:
        await invalidate_guild_access(session, guild_id=guild_id, user_id=user_id)


def count_role_requests(discord: SimProcess) -> int:
    """Number of requests for a member's roles since the journal was last read."""
    return sum(call["route"] == MEMBER_ROUTE for call in discord.client.read_journal(on=True).calls)


async def test_owners_and_managers_can_manage_and_members_cannot(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction
):
    for user_id, is_owner, can_manage in (
        (server.owner, True, True),
        (server.manager, False, True),
        (server.member, False, False),
    ):
        await log_in(user_id)
        [guild] = [user_guild for user_guild in await guild_access.list_guilds(user_id) if user_guild.id == server.id]
        assert (guild.owner, guild.can_manage, guild.has_bot) == (is_owner, can_manage, True)
        assert (guild.name, guild.member_count) == (server.name, 3)


async def test_guild_without_the_bot_has_discords_member_count(
    guild_access: GuildAccess, log_in: LogInFunction, discord: SimProcess
):
    without_bot = ManagedServer(discord.client, bot=False)
    await log_in(without_bot.owner)
    [guild] = [
        user_guild
        for user_guild in await guild_access.list_guilds(without_bot.owner)
        if user_guild.id == without_bot.id
    ]

    assert (guild.has_bot, guild.can_manage, guild.name) == (False, True, without_bot.name)
    assert guild.member_count == 3


async def test_refusal_does_not_reveal_its_reason(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, discord: SimProcess
):
    without_bot, left_server = ManagedServer(discord.client, bot=False), ManagedServer(discord.client)
    await save_server(stores, left_server)
    async with stores.database.transaction() as session:
        await mark_guilds_left(session, [left_server.id])
    foreign_guild_id = await add_guild(stores)
    for user_id, guild_id in (
        (server.member, server.id),
        (without_bot.owner, without_bot.id),
        (left_server.owner, left_server.id),
        (server.owner, foreign_guild_id),
        (server.owner, 81384788765712384),
        (server.owner, 0),
        (server.owner, -1),
        (server.owner, 1 << 80),
    ):
        await log_in(user_id)
        with pytest.raises(NotFound, match=NO_SUCH_GUILD):
            await guild_access.require_managed_guild(user_id, guild_id)


async def test_new_guild_is_found_without_waiting_for_the_cache(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, discord: SimProcess
):
    await log_in(server.owner)
    now = utc_now()
    await guild_access.list_guilds(server.owner, now=now)
    new_id = discord.client.create_guild(f"New {server.name}", owner_id=server.owner)
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(new_id, "New", server.owner, None, 1, now)])
    count_guild_requests(discord.client)
    almost = now + REFUSAL_TTL - timedelta(seconds=1)
    with pytest.raises(NotFound):
        await guild_access.require_managed_guild(server.owner, new_id, now=almost)
    assert count_guild_requests(discord.client) == 0, "unknown ids don't cause a request each"
    for _ in range(2):
        guild = await guild_access.require_managed_guild(server.owner, new_id, now=now + REFUSAL_TTL)
        assert (guild.id, guild.can_manage) == (new_id, True)
        assert count_guild_requests(discord.client) <= 1


async def test_lost_role_takes_effect_within_five_minutes(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction
):
    await log_in(server.manager)
    now = utc_now()
    await guild_access.require_managed_guild(server.manager, server.id, now=now)
    server.remove_manager_role()

    await guild_access.require_managed_guild(server.manager, server.id, now=now + CACHE_TTL - timedelta(seconds=1))
    with pytest.raises(NotFound):
        await guild_access.require_managed_guild(server.manager, server.id, now=now + CACHE_TTL)


async def test_fresh_check_before_a_write_detects_a_lost_role(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction
):
    await log_in(server.manager)
    await guild_access.require_managed_guild(server.manager, server.id)
    server.remove_manager_role()

    with pytest.raises(NotFound):
        await guild_access.require_managed_guild(server.manager, server.id, fresh=True)


async def test_new_role_takes_effect_within_seconds(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.member)
    now = utc_now()
    with pytest.raises(NotFound):
        await guild_access.require_managed_guild(server.member, server.id, now=now)
    discord.client.set_roles(server.id, server.member, [server.role])
    guild = await guild_access.require_managed_guild(server.member, server.id, now=now + REFUSAL_TTL)
    assert guild.can_manage


@pytest.mark.parametrize("is_guild_wide", [True, False])
async def test_gateway_event_makes_a_lost_role_take_effect(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, is_guild_wide
):
    await log_in(server.manager)
    await guild_access.require_managed_guild(server.manager, server.id)
    server.remove_manager_role()
    await invalidate(stores, server.id, None if is_guild_wide else server.manager)

    with pytest.raises(NotFound):
        await guild_access.require_managed_guild(server.manager, server.id)


async def test_gateway_event_makes_a_new_role_take_effect(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores
):
    await log_in(server.member)
    with pytest.raises(NotFound):
        await guild_access.require_managed_guild(server.member, server.id)
    server.discord.set_roles(server.id, server.member, [server.role])
    await invalidate(stores, server.id, server.member)

    assert (await guild_access.require_managed_guild(server.member, server.id)).can_manage


async def test_invalidation_does_not_affect_other_guilds_or_users(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    await guild_access.require_managed_guild(server.manager, server.id)
    count_guild_requests(discord.client)
    await invalidate(stores, await add_guild(stores))
    await invalidate(stores, server.id, server.member)
    await guild_access.require_managed_guild(server.manager, server.id)

    assert count_guild_requests(discord.client) == 0


async def test_guild_that_the_bot_left_is_refused(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores
):
    await log_in(server.owner)
    await guild_access.require_managed_guild(server.owner, server.id)
    async with stores.database.transaction() as session:
        await mark_guilds_left(session, [server.id])

    with pytest.raises(NotFound):
        await guild_access.require_managed_guild(server.owner, server.id)


async def test_fifty_concurrent_calls_send_one_request(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.manager)
    guilds = await asyncio.gather(*(guild_access.require_managed_guild(server.manager, server.id) for _ in range(50)))

    assert len(set(guilds)) == 1
    assert count_guild_requests(discord.client) == 1
    await guild_access.list_guilds(server.manager)
    assert count_guild_requests(discord.client) == 0


async def test_cancelled_caller_does_not_cancel_the_request_of_others(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.manager)
    discord.client.enable_faults(slow={"next": 1, "route": GUILDS_ROUTE, "seconds": 1})
    tasks = [asyncio.create_task(guild_access.require_managed_guild(server.manager, server.id)) for _ in range(3)]
    await asyncio.wait(tasks, timeout=0.2)
    tasks[0].cancel()

    assert [(await task).id for task in tasks[1:]] == [server.id] * 2
    assert count_guild_requests(discord.client) == 1


async def test_response_older_than_an_invalidation_is_not_saved(
    server: ManagedServer, log_in: LogInFunction, stores: Stores
):
    await log_in(server.owner)
    payloads = [UserGuildPayload(server.id, server.name, None, True, (1 << 62) + 1, 3)]
    for is_reported in (True, False):
        async with stores.database.transaction() as session:
            cached_before = await load_cached_guilds(session, user_id=server.owner)
        if is_reported:
            await invalidate(stores, server.id, server.owner)
        async with stores.database.transaction() as session:
            is_saved = await save_user_guilds(
                session,
                user_id=server.owner,
                guilds=payloads,
                generation=cached_before.generation,
                fetched_at=utc_now(),
            )
            cached_after = await load_cached_guilds(session, user_id=server.owner)
        assert is_saved is not is_reported
        assert [guild.permissions for guild in cached_after.guilds] == ([] if is_reported else [(1 << 62) + 1])


async def test_invalidation_during_a_request_causes_a_new_request(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    discord.client.enable_faults(slow={"next": 1, "route": GUILDS_ROUTE, "seconds": 1})
    task = asyncio.create_task(guild_access.require_managed_guild(server.manager, server.id))
    await asyncio.wait([task], timeout=0.3)
    server.remove_manager_role()
    await invalidate(stores, server.id, server.manager)

    with pytest.raises(NotFound):
        await task


async def test_fresh_cache_is_used_while_discord_is_unavailable_and_a_stale_one_is_not(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    now = utc_now()
    await guild_access.require_managed_guild(server.manager, server.id, now=now)
    discord.client.enable_faults(fail={"share": 1, "route": GUILDS_ROUTE})

    assert await guild_access.require_managed_guild(
        server.manager, server.id, fresh=True, now=now + timedelta(minutes=4)
    )
    with pytest.raises(DiscordUnavailable):
        await guild_access.require_managed_guild(server.manager, server.id, now=now + CACHE_TTL)
    await invalidate(stores, server.id)
    with pytest.raises(DiscordUnavailable):
        await guild_access.require_managed_guild(server.manager, server.id, now=now + timedelta(minutes=1))


async def test_short_rate_limit_is_waited_for(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord
):
    await log_in(server.manager)
    discord.client.enable_faults(limit={"next": 1, "route": GUILDS_ROUTE, "seconds": 0.2})

    assert await guild_access.require_managed_guild(server.manager, server.id)


async def test_no_request_is_sent_during_a_long_rate_limit(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.manager)
    discord.client.enable_faults(limit={"next": 1, "route": GUILDS_ROUTE, "seconds": 200})
    with pytest.raises(DiscordUnavailable) as error:
        await guild_access.require_managed_guild(server.manager, server.id)
    assert 190 < error.value.retry_after_seconds <= 200

    for _ in range(5):
        with pytest.raises(DiscordUnavailable) as error:
            await guild_access.require_managed_guild(server.manager, server.id, fresh=True)
    assert 0 < error.value.retry_after_seconds <= 200
    assert count_guild_requests(discord.client) <= 1


async def test_unknown_user_must_log_in(guild_access: GuildAccess):
    with pytest.raises(ReauthRequired):
        await guild_access.list_guilds(1)


async def test_roles_are_fetched_once_and_only_when_needed(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.manager)
    await guild_access.require_managed_guild(server.manager, server.id)
    assert count_role_requests(discord) == 0

    role_id_sets = await asyncio.gather(*(guild_access.get_role_ids(server.manager, server.id) for _ in range(20)))
    assert set(role_id_sets) == {frozenset({server.role})}
    assert await guild_access.get_role_ids(server.manager, server.id) == {server.role}
    assert count_role_requests(discord) == 1


async def test_empty_role_set_is_cached(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.member)
    for _ in range(3):
        assert await guild_access.get_role_ids(server.member, server.id) == frozenset()
    assert count_role_requests(discord) == 1


async def test_cached_roles_expire_after_five_minutes(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction
):
    await log_in(server.manager)
    now = utc_now()
    await guild_access.require_managed_guild(server.manager, server.id, now=now)
    assert await guild_access.get_role_ids(server.manager, server.id, now=now + timedelta(minutes=4))
    server.remove_manager_role()

    assert await guild_access.get_role_ids(server.manager, server.id, now=now + CACHE_TTL - timedelta(seconds=1))
    assert not await guild_access.get_role_ids(server.manager, server.id, now=now + CACHE_TTL)


@pytest.mark.parametrize("is_guild_wide", [True, False])
async def test_gateway_event_invalidates_cached_roles(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, is_guild_wide
):
    await log_in(server.manager)
    assert await guild_access.get_role_ids(server.manager, server.id)
    server.remove_manager_role()
    await invalidate(stores, server.id, None if is_guild_wide else server.manager)

    assert await guild_access.get_role_ids(server.manager, server.id) == frozenset()


async def test_fresh_check_refetches_roles(guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction):
    await log_in(server.owner)
    assert await guild_access.get_role_ids(server.owner, server.id) == frozenset()
    server.discord.set_roles(server.id, server.owner, [server.role])
    await guild_access.require_managed_guild(server.owner, server.id, fresh=True)

    assert await guild_access.get_role_ids(server.owner, server.id) == {server.role}


async def test_invalidation_during_a_role_request_causes_a_new_request(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    await guild_access.require_managed_guild(server.manager, server.id)
    discord.client.enable_faults(slow={"next": 1, "route": "/member", "seconds": 1})
    task = asyncio.create_task(guild_access.get_role_ids(server.manager, server.id))
    await asyncio.wait([task], timeout=0.3)
    server.remove_manager_role()
    await invalidate(stores, server.id, server.manager)

    assert await task == frozenset()


async def test_roles_of_a_guild_without_the_user_are_not_found(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores: Stores
):
    await log_in(server.manager)
    with pytest.raises(NotFound, match=NO_SUCH_GUILD):
        await guild_access.get_role_ids(server.manager, await add_guild(stores))


async def test_user_who_left_the_guild_loses_access(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.manager)
    await guild_access.require_managed_guild(server.manager, server.id)
    discord.client.call("member/leave", guild_id=str(server.id), user_id=str(server.manager))

    for method in (guild_access.get_role_ids, guild_access.require_managed_guild):
        with pytest.raises(NotFound, match=NO_SUCH_GUILD):
            await method(server.manager, server.id)


async def test_unknown_roles_raise_an_error_while_discord_is_unavailable(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, discord: SimProcess
):
    await log_in(server.manager)
    await guild_access.require_managed_guild(server.manager, server.id)
    discord.client.enable_faults(fail={"share": 1, "route": "/users/@me"})
    with pytest.raises(DiscordUnavailable):
        await guild_access.get_role_ids(server.manager, server.id)


async def test_login_without_the_roles_scope_works_until_roles_are_needed(
    guild_access: GuildAccess, server: ManagedServer, stores: Stores, settings: Settings, folder: DataFolder
):
    await log_in_without_roles(stores, settings, folder, server.manager)

    assert await guild_access.require_managed_guild(server.manager, server.id)
    with pytest.raises(ReauthRequired):
        await guild_access.get_role_ids(server.manager, server.id)
