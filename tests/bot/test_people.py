"""What people do besides writing is what the bot stores, each thing once; and live counters follow."""

import time

from herwa_shared.clock import utc_now
from herwa_shared.models import User, UserGuild
from herwa_shared.services.live_counters import guilds_now
from tests.bot.stored import Row, ask, comes_true, happened, moved, settled

VOICE_CHANNEL = 2
SECONDS = """
SELECT channel_id, user_id, sum(total) FROM activity_hourly
WHERE guild_id = {guild:UInt64} AND kind = 'voice' GROUP BY channel_id, user_id
"""
DOUBTED = "SELECT guilds_asked_at IS NULL FROM user_account WHERE id = :id"


async def test_a_person_reacts_once_with_each_emoji(stores, sim, bot, place):
    said = sim.client.say(place.channel, place.bob)
    sim.client.react(place.channel, said, place.ada)
    sim.client.unreact(place.channel, said, place.ada)
    sim.client.react(place.channel, said, place.ada)
    sim.client.react(place.channel, said, place.ada, "tea:4711")
    sim.client.react(place.channel, said, place.robot)
    sim.client.clear_reactions(place.channel, said)
    thread = sim.client.create_thread(place.channel, "aside")
    sim.client.react(thread, sim.client.say(thread, place.ada), place.bob)
    await settled(stores, bot)
    assert await happened(stores, place.guild, "reaction") == [
        Row("reaction", place.channel, user=place.ada),
        Row("reaction", place.channel, user=place.ada),
        Row("reaction", place.channel, thread, place.bob),
    ]


async def test_a_thread_is_counted_when_it_is_opened_for_its_channel_and_opener(stores, sim, bot, place):
    thread = sim.client.create_thread(place.channel, "aside", owner_id=place.ada)
    forum = sim.client.create_channel(place.guild, "help", type_=15)
    post = sim.client.create_post(forum, "It does not start", owner_id=place.bob)
    sim.client.set_archived(thread, archived=True)
    sim.client.set_archived(thread, archived=False)
    await settled(stores, bot)
    assert await happened(stores, place.guild, "thread") == [
        Row("thread", place.channel, thread, place.ada),
        Row("thread", forum, post, place.bob),
    ]


async def test_people_who_join_and_leave_are_counted_and_bots_are_not(stores, sim, bot, place):
    carla = sim.client.join(place.guild, f"carla{place.guild}")
    sim.client.leave(place.guild, carla)
    sim.client.leave(place.guild, place.robot)
    sim.client.ban(place.guild, place.ada)
    await settled(stores, bot)
    assert [row.user for row in await happened(stores, place.guild, "join")] == [place.ada, place.bob, carla]
    left = await happened(stores, place.guild, "leave")
    assert [row.user for row in left] == [carla, place.ada]
    assert all(row.value is not None and row.value >= 0 for row in left), "they joined while somebody listened"


async def test_how_many_members_there_are_and_how_many_are_online_is_sampled(stores, sim, bot, place):
    for user in (place.ada, place.bob):
        sim.client.set_status(user, "online")

    async def counted() -> bool:
        return bool(await happened(stores, place.guild, "online_count"))

    await comes_true(counted)
    await settled(stores, bot)
    size = len(sim.client.guild(place.guild)["member_list"])
    [members] = await happened(stores, place.guild, "member_count")
    [online] = await happened(stores, place.guild, "online_count")
    assert members == Row("member_count", 0, value=size)
    assert online.value <= size
    known = "SELECT member_count FROM guild WHERE id = :g"
    await comes_true(lambda: _is(stores, known, size, g=place.guild))


async def test_live_counters_follow_voice(stores, sim, bot, place):
    cafe = sim.client.create_channel(place.guild, "café", type_=VOICE_CHANNEL)
    await _in_voice(stores, place, 0)
    sim.client.move(place.guild, place.ada, cafe)
    sim.client.move(place.guild, place.bob, cafe)
    sim.client.move(place.guild, place.robot, cafe)
    await _in_voice(stores, place, 2)
    sim.client.move(place.guild, place.ada, None)
    await _in_voice(stores, place, 1)
    sim.client.leave(place.guild, place.bob)
    await _in_voice(stores, place, 0)


async def test_time_in_voice_is_the_time_that_passed(stores, sim, bot, place):
    cafe = sim.client.create_channel(place.guild, "café", type_=VOICE_CHANNEL)
    outer = time.monotonic()
    sim.client.move(place.guild, place.ada, cafe, muted=True)
    sim.client.move(place.guild, place.robot, cafe)
    await settled(stores, bot)
    inner = time.monotonic()
    while time.monotonic() < inner + 1.5:
        await settled(stores, bot)
    least = time.monotonic() - inner
    sim.client.move(place.guild, place.ada, cafe, streaming=True)
    sim.client.move(place.guild, place.ada, None)
    await settled(stores, bot)
    most = time.monotonic() - outer
    heard = await happened(stores, place.guild, "voice")
    assert {(row.user, row.channel) for row in heard} == {(place.ada, cafe)}
    seconds = sum(row.value for row in heard)
    assert least - 1 < seconds <= most
    assert sum(row.value for row in await happened(stores, place.guild, "voice_muted")) <= seconds
    await moved(stores)
    summed = await stores.clickhouse.query(SECONDS, parameters={"guild": place.guild})
    assert summed.result_rows == [(cafe, place.ada, seconds)]


async def test_what_discord_said_about_rights_is_doubted_when_they_change(stores, sim, bot, place):
    async def doubted(user: int) -> bool:
        return (await ask(stores, DOUBTED, id=user))[0][0]

    async def believed() -> None:
        async with stores.database.transaction() as session:
            for user in (place.ada, place.bob):
                await session.merge(User(id=user, name="somebody", guilds_asked_at=utc_now()))
                await session.flush()
                await session.merge(
                    UserGuild(user_id=user, guild_id=place.guild, name="Tea", owner=False, permissions=0)
                )

    await believed()
    sim.client.rename(place.guild, place.ada, "Countess")
    await comes_true(lambda: doubted(place.ada))  # and all that was reported before
    await believed()
    role = sim.client.create_role(place.guild, "Moderators")
    sim.client.set_roles(place.guild, place.ada, [role])
    await comes_true(lambda: doubted(place.ada))
    assert not await doubted(place.bob), "nothing changed for them"
    for change in (
        lambda: sim.client.update_role(place.guild, role, permissions=32),
        lambda: sim.client.delete_role(place.guild, role),
        lambda: sim.client.update_guild(place.guild, owner_id=place.bob),
        lambda: sim.client.remove_guild(place.guild),
    ):
        await settled(stores, bot)
        await believed()
        change()
        await comes_true(lambda: doubted(place.bob))


async def _in_voice(stores, place, count: int) -> None:
    async def shown() -> bool:
        async with stores.database.transaction() as session:
            now = await guilds_now(session, [place.guild])
        return place.guild in now and now[place.guild].in_voice == count

    await comes_true(shown)


async def _is(stores, query: str, expected: object, **parameters: object) -> bool:
    return (await ask(stores, query, **parameters))[0][0] == expected
