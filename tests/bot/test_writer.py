"""What is held is stored, whatever the rest of the world does meanwhile."""

import asyncio

import pytest

from herwa_bot.collector.event_writer import Writer
from herwa_bot.collector.metadata_sync import Changes, save_all_but_impossible
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.services import processes
from herwa_shared.services.guilds import ChannelSeen, GuildSeen, MemberSeen
from tests.bot.stored import Row, ask, events
from tests.events import message, snowflake


@pytest.fixture
async def writer(stores) -> Writer:
    async with stores.database.transaction() as session:
        process_id = await processes.register(session, name="bot")
    writer = Writer(stores.database, process_id=process_id, full_events=10)
    writer.process_id = process_id
    yield writer
    async with stores.database.transaction() as session:
        await processes.stopped(session, process_id=process_id)


def said(guild_id: int, low: int, *, channel: int = 1):
    return message(guild_id, snowflake(int(utc_now().timestamp() * 1000), low), channel=channel)


async def drained(stores, writer) -> int | None:
    return (await ask(stores, "SELECT drained FROM process WHERE id = :id", id=writer.process_id))[0][0]


async def test_beyond_what_it_may_hold_nothing_more_is_read_until_all_of_it_is_stored(stores, writer, guild_id):
    for low in range(9):
        writer.add(said(guild_id, low))
    assert not writer.is_full
    await writer.room()
    writer.add(said(guild_id, 9))
    assert writer.is_full
    reading = asyncio.create_task(writer.room())
    await asyncio.sleep(0)
    assert not reading.done()
    await writer.flush()
    await reading
    assert (writer.is_full, writer.held) == (False, 0)
    assert len(await events(stores, guild_id)) == 10


async def test_a_database_that_is_away_costs_nothing(stores, writer, guild_id):
    away = Writer(Database("postgresql://nobody@127.0.0.1:1/nothing"), process_id=1, full_events=10)
    for low in range(10):
        away.add(said(guild_id, low))
    away.directory.guild(GuildSeen(guild_id, "Tea", 1, None, 0, utc_now()))
    with pytest.raises(OSError):
        await away.flush()
    assert (away.held, away.is_full) == (10, True)
    away._database = stores.database
    await away.flush()
    assert len(await events(stores, guild_id)) == 10
    assert await ask(stores, "SELECT name FROM guild WHERE id = :g", g=guild_id) == [("Tea",)]


async def test_a_place_that_cannot_be_asked_about_holds_up_nothing_else(stores, writer, guild_id):
    [(request,)] = await ask(stores, "INSERT INTO drain_request DEFAULT VALUES RETURNING id")

    async def away(_place_id: int) -> None:
        raise OSError("Discord is away")

    async def back(place_id: int) -> None:
        writer.places.learn([ChannelSeen(place_id, guild_id, 1, 11, "a thread")])

    writer.resolve = away
    writer.add(said(guild_id, 1, channel=55), resolved=False)
    writer.add(said(guild_id, 2, channel=1))
    await writer.flush()
    assert await events(stores, guild_id) == [Row("message", 1, user=7)]
    assert writer.held == 1
    assert (await drained(stores, writer) or 0) < request, "what it still holds is not drained"
    writer.resolve = back
    await writer.flush()
    assert (await events(stores, guild_id))[1:] == [Row("message", 1, 55, user=7)]
    assert await drained(stores, writer) >= request


async def test_at_the_end_what_nobody_could_name_counts_for_itself(stores, writer, guild_id):
    writing = asyncio.create_task(writer.run())
    writer.add(said(guild_id, 1, channel=55), resolved=False)
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert await events(stores, guild_id) == [Row("message", 55, user=7)]


async def test_an_event_that_the_database_refuses_is_left_out_alone(stores, writer, guild_id):
    refused = [said(guild_id, 3)._replace(channel_id=2**63), said(guild_id, 4)._replace(user_id="ada")]
    for event in (said(guild_id, 1), *refused, said(guild_id, 5)):
        writer.add(event)
    await writer.flush()
    assert len(await events(stores, guild_id)) == 2
    assert (writer.skipped, writer.held) == (2, 0)


async def test_a_name_that_the_database_refuses_is_left_out_alone(stores, guild_id):
    changes = Changes()
    for offset, name in enumerate(("one", "x" * 101, "three")):
        changes.guilds[guild_id + offset] = GuildSeen(guild_id + offset, name, 1, None, 0, utc_now())
        changes.channels[guild_id + offset] = ChannelSeen(guild_id + offset, guild_id + offset, None, 0, name)
    changes.members[guild_id, 1] = MemberSeen(guild_id, 1, "ada", bot=False)
    changes.members[guild_id + 1, 1] = MemberSeen(guild_id + 1, 1, "of a server that was refused", bot=False)
    changes.gone_channels.add(guild_id)
    await save_all_but_impossible(stores.database, changes)
    channels = "SELECT name, deleted FROM channel WHERE id BETWEEN :g AND :g + 2 ORDER BY id"
    assert await ask(stores, channels, g=guild_id) == [("one", True), ("three", False)]
    members = "SELECT name FROM member WHERE guild_id BETWEEN :g AND :g + 2"
    assert await ask(stores, members, g=guild_id) == [("ada",)]


async def test_a_shard_that_begins_without_a_server_has_left_it(stores, guild_id):
    def seen(id_: int) -> GuildSeen:
        return GuildSeen(id_, "Tea", 1, None, 0, utc_now())

    count = 1 << 20  # so many shards that hardly any other server is on this one
    shard = (guild_id >> 22) % count
    changes = Changes(guilds={guild_id: seen(guild_id)})
    await save_all_but_impossible(stores.database, changes)
    here = Changes(shards={(shard, count): frozenset({guild_id})})
    elsewhere = Changes(shards={((shard + 1) % count, count): frozenset()})
    left = "SELECT left_at IS NOT NULL FROM guild WHERE id = :g"
    for changes, expected in ((here, False), (elsewhere, False), (Changes(shards={(shard, count): frozenset()}), True)):
        await save_all_but_impossible(stores.database, changes)
        assert await ask(stores, left, g=guild_id) == [(expected,)]
