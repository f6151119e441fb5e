"""Reactions, threads, joins, leaves and voice are stored once; live counters follow."""

import time

from herwa_shared.clock import utc_now
from herwa_shared.models import User, UserGuild
from herwa_shared.services.live_counters import load_live_counters
from tests.bot.payloads import VOICE_CHANNEL_TYPE
from tests.support.db_assertions import StoredEvent, fetch_rows, list_events, move_buffer, wait_until_stored
from tests.support.waiting import wait_until

NEEDS_OWN_BOT = True  # the counts are sampled once after the bot's start
SECONDS_QUERY = """
SELECT channel_id, user_id, sum(total) FROM activity_hourly
WHERE guild_id = {guild:UInt64} AND kind = 'voice' GROUP BY channel_id, user_id
"""
INVALIDATED_QUERY = "SELECT guilds_fetched_at IS NULL FROM user_account WHERE id = :id"


async def test_reaction_is_counted_once_per_member_and_emoji(stores, sim, bot, server):
    message_id = sim.client.send_message(server.channel, server.bob)
    sim.client.add_reaction(server.channel, message_id, server.ada)
    sim.client.remove_reaction(server.channel, message_id, server.ada)
    sim.client.add_reaction(server.channel, message_id, server.ada)
    sim.client.add_reaction(server.channel, message_id, server.ada, "tea:4711")
    sim.client.add_reaction(server.channel, message_id, server.robot)
    sim.client.clear_reactions(server.channel, message_id)
    thread = sim.client.create_thread(server.channel, "aside")
    sim.client.add_reaction(thread, sim.client.send_message(thread, server.ada), server.bob)
    await wait_until_stored(stores, bot)
    assert await list_events(stores, server.id, "reaction") == [
        StoredEvent("reaction", server.channel, user=server.ada),
        StoredEvent("reaction", server.channel, user=server.ada),
        StoredEvent("reaction", server.channel, thread, server.bob),
    ]


async def test_opened_thread_is_counted_for_its_channel_and_opener(stores, sim, bot, server):
    thread = sim.client.create_thread(server.channel, "aside", owner_id=server.ada)
    forum = sim.client.create_channel(server.id, "help", type_=15)
    post = sim.client.create_post(forum, "It does not start", owner_id=server.bob)
    sim.client.set_archived(thread, archived=True)
    sim.client.set_archived(thread, archived=False)
    await wait_until_stored(stores, bot)
    assert await list_events(stores, server.id, "thread") == [
        StoredEvent("thread", server.channel, thread, server.ada),
        StoredEvent("thread", forum, post, server.bob),
    ]


async def test_joins_and_leaves_of_people_are_counted_without_bots(stores, sim, bot, new_server):
    sim.client.update_guild(new_server.id, system_channel_id=new_server.channel)  # join messages count no second time
    member = sim.client.join(new_server.id, f"carla{new_server.id}")
    sim.client.leave(new_server.id, member)
    sim.client.leave(new_server.id, new_server.robot)
    sim.client.ban(new_server.id, new_server.ada)
    await wait_until_stored(stores, bot)
    assert [row.user for row in await list_events(stores, new_server.id, "join")] == [
        new_server.ada,
        new_server.bob,
        member,
    ]
    leave_events = await list_events(stores, new_server.id, "leave")
    assert [row.user for row in leave_events] == [member, new_server.ada]
    assert all(row.value is not None and row.value >= 0 for row in leave_events), (
        "the bot was connected when they joined"
    )


async def test_member_and_online_counts_are_sampled(stores, sim, bot, server):
    for user in (server.ada, server.bob):
        sim.client.set_status(user, "online")

    async def has_sample() -> bool:
        return bool(await list_events(stores, server.id, "online_count"))

    await wait_until(has_sample)
    await wait_until_stored(stores, bot)
    size = len(sim.client.get_guild(server.id)["member_list"])
    [members] = await list_events(stores, server.id, "member_count")
    [online] = await list_events(stores, server.id, "online_count")
    assert members == StoredEvent("member_count", 0, value=size)
    assert online.value <= size
    count_query = "SELECT member_count FROM guild WHERE id = :g"
    await wait_until(lambda: _is_query_result(stores, count_query, size, g=server.id))


async def test_live_counters_follow_voice_states(stores, sim, bot, server):
    cafe = sim.client.create_channel(server.id, "café", type_=VOICE_CHANNEL_TYPE)
    await _wait_for_voice_count(stores, server, 0)
    sim.client.move_member(server.id, server.ada, cafe)
    sim.client.move_member(server.id, server.bob, cafe)
    sim.client.move_member(server.id, server.robot, cafe)
    await _wait_for_voice_count(stores, server, 2)
    sim.client.move_member(server.id, server.ada, None)
    await _wait_for_voice_count(stores, server, 1)
    sim.client.leave(server.id, server.bob)
    await _wait_for_voice_count(stores, server, 0)


async def test_voice_seconds_match_the_elapsed_time(stores, sim, bot, server):
    cafe = sim.client.create_channel(server.id, "café", type_=VOICE_CHANNEL_TYPE)
    earliest_start = time.monotonic()
    sim.client.move_member(server.id, server.ada, cafe, muted=True)
    sim.client.move_member(server.id, server.robot, cafe)
    await wait_until_stored(stores, bot)
    latest_start = time.monotonic()
    while time.monotonic() < latest_start + 1.5:
        await wait_until_stored(stores, bot)
    min_seconds = time.monotonic() - latest_start
    sim.client.move_member(server.id, server.ada, cafe, streaming=True)
    sim.client.move_member(server.id, server.ada, None)
    await wait_until_stored(stores, bot)
    max_seconds = time.monotonic() - earliest_start
    voice_events = await list_events(stores, server.id, "voice")
    assert {(row.user, row.channel) for row in voice_events} == {(server.ada, cafe)}
    seconds = sum(row.value for row in voice_events)
    assert min_seconds - 1 < seconds <= max_seconds
    assert sum(row.value for row in await list_events(stores, server.id, "voice_muted")) <= seconds
    await move_buffer(stores)
    totals = await stores.clickhouse.query(SECONDS_QUERY, parameters={"guild": server.id})
    assert totals.result_rows == [(cafe, server.ada, seconds)]


async def test_cached_guild_permissions_are_invalidated_on_changes(stores, sim, bot, server):
    async def is_invalidated(user: int) -> bool:
        return (await fetch_rows(stores, INVALIDATED_QUERY, id=user))[0][0]

    async def save_cached_guilds() -> None:
        async with stores.database.transaction() as session:
            for user in (server.ada, server.bob):
                await session.merge(User(id=user, name="member", guilds_fetched_at=utc_now()))
                await session.flush()
                await session.merge(UserGuild(user_id=user, guild_id=server.id, name="Tea", owner=False, permissions=0))

    await save_cached_guilds()
    sim.client.set_nickname(server.id, server.ada, "Countess")
    await wait_until(lambda: is_invalidated(server.ada))  # and every earlier change has been processed
    await save_cached_guilds()
    role = sim.client.create_role(server.id, "Moderators")
    sim.client.set_roles(server.id, server.ada, [role])
    await wait_until(lambda: is_invalidated(server.ada))
    assert not await is_invalidated(server.bob), "nothing changed for this user"
    for change in (
        lambda: sim.client.update_role(server.id, role, permissions=32),
        lambda: sim.client.delete_role(server.id, role),
        lambda: sim.client.update_guild(server.id, owner_id=server.bob),
        lambda: sim.client.remove_guild(server.id),
    ):
        await wait_until_stored(stores, bot)
        await save_cached_guilds()
        change()
        await wait_until(lambda: is_invalidated(server.bob))


async def _wait_for_voice_count(stores, server, count: int) -> None:
    async def has_count() -> bool:
        async with stores.database.transaction() as session:
            counters = await load_live_counters(session, [server.id])
        return server.id in counters and counters[server.id].in_voice == count

    await wait_until(has_count)


async def _is_query_result(stores, query: str, expected: object, **parameters: object) -> bool:
    return (await fetch_rows(stores, query, **parameters))[0][0] == expected
