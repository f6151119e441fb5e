"""Names of servers, channels and members in PostgreSQL follow Discord."""

from tests.bot.conftest import change_channel
from tests.bot.stored import ask, events, settled
from tests.bot.test_counting import raw_message

CHANNEL = "SELECT name, parent_id, kind, deleted FROM channel WHERE id = :id"
GUILD = "SELECT name, left_at IS NULL, (SELECT count(*) FROM guild_stay WHERE guild_id = id AND left_at IS NULL) FROM guild WHERE id = :id"
MEMBER = "SELECT name, bot FROM member WHERE guild_id = :guild AND user_id = :user"


async def test_a_server_is_known_by_its_newest_name(stores, sim, bot, place):
    await settled(stores, bot)
    described = {"id": str(place.guild), "name": "Tea & Biscuits ☕", "owner_id": str(place.ada)}
    sim.client.dispatch("GUILD_UPDATE", described, guild_id=place.guild)
    await settled(stores, bot)
    found = await ask(stores, "SELECT name, owner_id FROM guild WHERE id = :id", id=place.guild)
    assert found == [("Tea & Biscuits ☕", place.ada)]


async def test_a_channel_is_known_by_its_newest_name_and_keeps_it_when_deleted(stores, sim, bot, place):
    category = sim.client.create_channel(place.guild, "talk", type_=4)
    channel = sim.client.create_channel(place.guild, "before", parent_id=category)
    await settled(stores, bot)
    assert await ask(stores, CHANNEL, id=channel) == [("before", category, 0, False)]
    change_channel(sim, channel, name="after")
    await settled(stores, bot)
    assert await ask(stores, CHANNEL, id=channel) == [("after", category, 0, False)]
    sim.client.delete_channel(channel)
    await settled(stores, bot)
    assert await ask(stores, CHANNEL, id=channel) == [("after", category, 0, True)]


async def test_a_thread_is_known_with_its_channel(stores, sim, bot, place):
    thread = sim.client.create_thread(place.channel, "aside")
    await settled(stores, bot)
    assert await ask(stores, CHANNEL, id=thread) == [("aside", place.channel, 11, False)]
    sim.client.delete_channel(thread)
    await settled(stores, bot)
    assert await ask(stores, CHANNEL, id=thread) == [("aside", place.channel, 11, True)]


async def test_a_thread_that_had_to_be_asked_for_gets_its_name(stores, sim, bot, sleeping_thread):
    place, thread = sleeping_thread
    sim.client.say(thread, place.ada)
    await settled(stores, bot)
    assert await ask(stores, CHANNEL, id=thread) == [("last year", place.channel, 11, False)]


async def test_a_member_is_known_by_the_name_of_the_newest_message(stores, sim, bot, place):
    for low, (nick, display) in enumerate(((None, None), (None, "Ada L."), ("Countess", "Ada L."))):
        author = {"id": str(place.ada), "username": "ada", "global_name": display}
        said = raw_message(place, author=author, member={"nick": nick})
        sim.client.dispatch("MESSAGE_CREATE", said | {"id": str(int(said["id"]) + low)}, guild_id=place.guild)
        await settled(stores, bot)
        assert await ask(stores, MEMBER, guild=place.guild, user=place.ada) == [(nick or display or "ada", False)]


async def test_a_bot_is_known_as_one_and_a_webhook_not_as_a_member(stores, sim, bot, place):
    sim.client.say(place.channel, place.robot)
    sim.client.say(place.channel, webhook="news")
    await settled(stores, bot)
    [(_, is_bot)] = await ask(stores, MEMBER, guild=place.guild, user=place.robot)
    assert is_bot
    known = await ask(stores, "SELECT user_id FROM member WHERE guild_id = :g", g=place.guild)
    assert {user for (user,) in known} == {place.ada, place.bob, place.robot}


async def test_thrown_out_of_a_server_and_invited_again(stores, sim, bot, place):
    sim.client.say(place.channel, place.ada)
    await settled(stores, bot)
    [(name, is_in, stays)] = await ask(stores, GUILD, id=place.guild)
    assert (is_in, stays) == (True, 1)
    sim.client.remove_guild(place.guild)
    await settled(stores, bot)
    assert await ask(stores, GUILD, id=place.guild) == [(name, False, 0)]
    assert sim.client.create_guild(name) == place.guild
    await settled(stores, bot)
    assert await ask(stores, GUILD, id=place.guild) == [(name, True, 1)]


async def test_an_outage_of_a_server_is_not_a_farewell(stores, sim, bot, place):
    sim.client.set_available(place.guild, available=False)
    await settled(stores, bot)
    [(_, is_in, _)] = await ask(stores, GUILD, id=place.guild)
    assert is_in
    sim.client.set_available(place.guild, available=True)
    sim.client.say(place.channel, place.ada)
    await settled(stores, bot)
    assert len(await events(stores, place.guild)) == 1
