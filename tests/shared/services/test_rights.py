"""What a user may see is what Discord says, at most five minutes ago, and asked once however many want to know."""

import asyncio
from datetime import timedelta

import pytest

from herwa_shared.auth.discord_oauth import GuildTold
from herwa_shared.auth.guild_access import NO_SUCH_GUILD, Rights, forget_rights
from herwa_shared.auth.user_guilds import keep_guilds, told_guilds
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.errors import DiscordAway, LogInAgain, NotFound
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.guilds import mark_left
from herwa_shared.stores import Stores
from tests.activity import add_guild
from tests.people import Server, bot_knows, log_in_without_roles, questions
from tests.shared.services.conftest import LogIn
from tests.sim.process import SimProcess

ROUTE = "/users/@me/guilds"
MEMBER_ROUTE = "/users/@me/guilds/{guild_id}/member"
FIVE_MINUTES = timedelta(minutes=5)


async def forget(stores: Stores, guild_id: int, user_id: int | None = None) -> None:
    async with stores.database.transaction() as session:
        await forget_rights(session, guild_id=guild_id, user_id=user_id)


def asked_for_roles(discord: SimProcess) -> int:
    """How often Discord was asked for somebody's roles since the last look."""
    return sum(call["route"] == MEMBER_ROUTE for call in discord.client.journal(on=True).calls)


async def test_owners_and_managers_manage_and_members_do_not(rights: Rights, server: Server, log_in: LogIn):
    for user, owner, manages in (
        (server.owner, True, True),
        (server.manager, False, True),
        (server.member, False, False),
    ):
        await log_in(user)
        [guild] = [one for one in await rights.guilds(user) if one.id == server.id]
        assert (guild.owner, guild.manages, guild.sees_members, guild.bot_is_in) == (owner, manages, manages, True)
        assert (guild.name, guild.member_count) == (server.name, 3)


async def test_a_server_without_the_bot_is_listed_with_discords_own_number_of_members(
    rights: Rights, log_in: LogIn, discord: SimProcess
):
    without_bot = Server(discord.client, bot=False)
    await log_in(without_bot.owner)
    [guild] = [one for one in await rights.guilds(without_bot.owner) if one.id == without_bot.id]

    assert (guild.bot_is_in, guild.manages, guild.name) == (False, True, without_bot.name)
    assert guild.member_count == 3


async def test_whatever_the_reason_the_refusal_is_the_same(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores, discord: SimProcess
):
    without_bot, left = Server(discord.client, bot=False), Server(discord.client)
    await bot_knows(stores, left)
    async with stores.database.transaction() as session:
        await mark_left(session, [left.id])
    foreign = await add_guild(stores)
    for user, guild_id in (
        (server.member, server.id),
        (without_bot.owner, without_bot.id),
        (left.owner, left.id),
        (server.owner, foreign),
        (server.owner, 81384788765712384),
        (server.owner, 0),
        (server.owner, -1),
        (server.owner, 1 << 80),
    ):
        await log_in(user)
        with pytest.raises(NotFound, match=NO_SUCH_GUILD):
            await rights.managed(user, guild_id)


async def test_a_lost_role_is_noticed_within_five_minutes(rights: Rights, server: Server, log_in: LogIn):
    await log_in(server.manager)
    now = utc_now()
    await rights.managed(server.manager, server.id, now=now)
    server.dismiss_manager()

    await rights.managed(server.manager, server.id, now=now + FIVE_MINUTES - timedelta(seconds=1))
    with pytest.raises(NotFound):
        await rights.managed(server.manager, server.id, now=now + FIVE_MINUTES)


async def test_a_lost_role_is_noticed_at_once_before_a_write(rights: Rights, server: Server, log_in: LogIn):
    await log_in(server.manager)
    await rights.managed(server.manager, server.id)
    server.dismiss_manager()

    with pytest.raises(NotFound):
        await rights.managed(server.manager, server.id, fresh=True)


@pytest.mark.parametrize("whole_guild", [True, False])
async def test_a_lost_role_is_noticed_as_soon_as_the_gateway_reports_it(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores, whole_guild
):
    await log_in(server.manager)
    await rights.managed(server.manager, server.id)
    server.dismiss_manager()
    await forget(stores, server.id, None if whole_guild else server.manager)

    with pytest.raises(NotFound):
        await rights.managed(server.manager, server.id)


async def test_a_new_role_is_noticed_too(rights: Rights, server: Server, log_in: LogIn, stores: Stores):
    await log_in(server.member)
    with pytest.raises(NotFound):
        await rights.managed(server.member, server.id)
    server.discord.set_roles(server.id, server.member, [server.role])
    await forget(stores, server.id, server.member)

    assert (await rights.managed(server.member, server.id)).manages


async def test_a_change_in_one_server_concerns_nobody_elsewhere(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    await rights.managed(server.manager, server.id)
    questions(discord.client)
    await forget(stores, await add_guild(stores))
    await forget(stores, server.id, server.member)
    await rights.managed(server.manager, server.id)

    assert questions(discord.client) == 0


async def test_a_server_that_the_bot_leaves_is_gone_at_once(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores
):
    await log_in(server.owner)
    await rights.managed(server.owner, server.id)
    async with stores.database.transaction() as session:
        await mark_left(session, [server.id])

    with pytest.raises(NotFound):
        await rights.managed(server.owner, server.id)


async def test_fifty_at_once_are_one_question(rights: Rights, server: Server, log_in: LogIn, discord: SimProcess):
    await log_in(server.manager)
    answers = await asyncio.gather(*(rights.managed(server.manager, server.id) for _ in range(50)))

    assert len(set(answers)) == 1
    assert questions(discord.client) == 1
    await rights.guilds(server.manager)
    assert questions(discord.client) == 0


async def test_who_waits_is_answered_though_the_one_who_asked_gave_up(
    rights: Rights, server: Server, log_in: LogIn, discord: SimProcess
):
    await log_in(server.manager)
    discord.client.chaos(slow={"next": 1, "route": ROUTE, "seconds": 1})
    waiting = [asyncio.create_task(rights.managed(server.manager, server.id)) for _ in range(3)]
    await asyncio.wait(waiting, timeout=0.2)
    waiting[0].cancel()

    assert [(await one).id for one in waiting[1:]] == [server.id] * 2
    assert questions(discord.client) == 1


async def test_an_answer_from_before_a_reported_change_is_not_kept(server: Server, log_in: LogIn, stores: Stores):
    await log_in(server.owner)
    answer = [GuildTold(server.id, server.name, None, True, (1 << 62) + 1, 3)]
    for reported in (True, False):
        async with stores.database.transaction() as session:
            asked = await told_guilds(session, user_id=server.owner)
        if reported:
            await forget(stores, server.id, server.owner)
        async with stores.database.transaction() as session:
            kept = await keep_guilds(session, user_id=server.owner, guilds=answer, doubted=asked.doubted, at=utc_now())
            told = await told_guilds(session, user_id=server.owner)
        assert kept is not reported
        assert [guild.permissions for guild in told.guilds] == ([] if reported else [(1 << 62) + 1])


async def test_a_change_while_discord_is_asked_is_asked_about_again(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    discord.client.chaos(slow={"next": 1, "route": ROUTE, "seconds": 1})
    asking = asyncio.create_task(rights.managed(server.manager, server.id))
    await asyncio.wait([asking], timeout=0.3)
    server.dismiss_manager()
    await forget(stores, server.id, server.manager)

    with pytest.raises(NotFound):
        await asking


async def test_while_discord_is_away_a_good_answer_still_serves_and_an_old_one_does_not(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    now = utc_now()
    await rights.managed(server.manager, server.id, now=now)
    discord.client.chaos(fail={"share": 1, "route": ROUTE})

    assert await rights.managed(server.manager, server.id, fresh=True, now=now + timedelta(minutes=4))
    with pytest.raises(DiscordAway):
        await rights.managed(server.manager, server.id, now=now + FIVE_MINUTES)
    await forget(stores, server.id)
    with pytest.raises(DiscordAway):
        await rights.managed(server.manager, server.id, now=now + timedelta(minutes=1))


async def test_a_short_pause_that_discord_asks_for_is_waited_for(
    rights: Rights, server: Server, log_in: LogIn, discord
):
    await log_in(server.manager)
    discord.client.chaos(limit={"next": 1, "route": ROUTE, "seconds": 0.2})

    assert await rights.managed(server.manager, server.id)


async def test_in_a_long_pause_discord_is_left_alone(
    rights: Rights, server: Server, log_in: LogIn, discord: SimProcess
):
    await log_in(server.manager)
    discord.client.chaos(limit={"next": 1, "route": ROUTE, "seconds": 200})
    with pytest.raises(DiscordAway) as told:
        await rights.managed(server.manager, server.id)
    assert 190 < told.value.seconds <= 200

    for _ in range(5):
        with pytest.raises(DiscordAway) as told:
            await rights.managed(server.manager, server.id, fresh=True)
    assert 0 < told.value.seconds <= 200
    assert questions(discord.client) <= 1


async def test_a_user_whom_nobody_knows_has_to_log_in(rights: Rights):
    with pytest.raises(LogInAgain):
        await rights.guilds(1)


async def test_roles_are_asked_for_once_and_only_when_somebody_wants_them(
    rights: Rights, server: Server, log_in: LogIn, discord: SimProcess
):
    await log_in(server.manager)
    await rights.managed(server.manager, server.id)
    assert asked_for_roles(discord) == 0

    answers = await asyncio.gather(*(rights.role_ids(server.manager, server.id) for _ in range(20)))
    assert set(answers) == {frozenset({server.role})}
    assert await rights.role_ids(server.manager, server.id) == {server.role}
    assert asked_for_roles(discord) == 1


async def test_who_has_no_role_is_asked_about_once_all_the_same(
    rights: Rights, server: Server, log_in: LogIn, discord: SimProcess
):
    await log_in(server.member)
    for _ in range(3):
        assert await rights.role_ids(server.member, server.id) == frozenset()
    assert asked_for_roles(discord) == 1


async def test_roles_are_no_older_than_five_minutes(rights: Rights, server: Server, log_in: LogIn):
    await log_in(server.manager)
    now = utc_now()
    await rights.managed(server.manager, server.id, now=now)
    assert await rights.role_ids(server.manager, server.id, now=now + timedelta(minutes=4))
    server.dismiss_manager()

    assert await rights.role_ids(server.manager, server.id, now=now + FIVE_MINUTES - timedelta(seconds=1))
    assert not await rights.role_ids(server.manager, server.id, now=now + FIVE_MINUTES)


@pytest.mark.parametrize("whole_guild", [True, False])
async def test_a_change_of_roles_is_noticed_as_soon_as_the_gateway_reports_it(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores, whole_guild
):
    await log_in(server.manager)
    assert await rights.role_ids(server.manager, server.id)
    server.dismiss_manager()
    await forget(stores, server.id, None if whole_guild else server.manager)

    assert await rights.role_ids(server.manager, server.id) == frozenset()


async def test_before_a_write_roles_are_asked_for_anew(rights: Rights, server: Server, log_in: LogIn):
    await log_in(server.owner)
    assert await rights.role_ids(server.owner, server.id) == frozenset()
    server.discord.set_roles(server.id, server.owner, [server.role])
    await rights.managed(server.owner, server.id, fresh=True)

    assert await rights.role_ids(server.owner, server.id) == {server.role}


async def test_a_change_of_roles_while_discord_is_asked_is_asked_about_again(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores, discord: SimProcess
):
    await log_in(server.manager)
    await rights.managed(server.manager, server.id)
    discord.client.chaos(slow={"next": 1, "route": "/member", "seconds": 1})
    asking = asyncio.create_task(rights.role_ids(server.manager, server.id))
    await asyncio.wait([asking], timeout=0.3)
    server.dismiss_manager()
    await forget(stores, server.id, server.manager)

    assert await asking == frozenset()


async def test_roles_in_a_server_that_one_is_not_in_are_not_there(
    rights: Rights, server: Server, log_in: LogIn, stores: Stores
):
    await log_in(server.manager)
    with pytest.raises(NotFound, match=NO_SUCH_GUILD):
        await rights.role_ids(server.manager, await add_guild(stores))


async def test_who_has_left_meanwhile_loses_the_server_at_once(
    rights: Rights, server: Server, log_in: LogIn, discord: SimProcess
):
    await log_in(server.manager)
    await rights.managed(server.manager, server.id)
    discord.client.call("member/leave", guild_id=str(server.id), user_id=str(server.manager))

    for ask in (rights.role_ids, rights.managed):
        with pytest.raises(NotFound, match=NO_SUCH_GUILD):
            await ask(server.manager, server.id)


async def test_while_discord_is_away_nobody_has_roles_unless_they_are_known(
    rights: Rights, server: Server, log_in: LogIn, discord: SimProcess
):
    await log_in(server.manager)
    await rights.managed(server.manager, server.id)
    discord.client.chaos(fail={"share": 1, "route": "/users/@me"})
    with pytest.raises(DiscordAway):
        await rights.role_ids(server.manager, server.id)


async def test_who_logged_in_before_herwa_asked_for_roles_logs_in_again_only_when_they_are_needed(
    rights: Rights, server: Server, stores: Stores, settings: Settings, folder: DataFolder
):
    await log_in_without_roles(stores, settings, folder, server.manager)

    assert await rights.managed(server.manager, server.id)
    with pytest.raises(LogInAgain):
        await rights.role_ids(server.manager, server.id)
