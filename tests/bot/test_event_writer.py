"""The event writer stores every pending event despite failures of database or Discord."""

import asyncio

import pytest

from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.metadata_sync import MetadataChanges, save_skipping_invalid
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.services import processes
from herwa_shared.services.guilds import ChannelData, GuildData, MemberData
from tests.support.db_assertions import StoredEvent, fetch_rows, list_message_events
from tests.support.event_factories import build_message_event, build_snowflake


@pytest.fixture
async def writer(stores) -> EventWriter:
    """A writer of a registered process that holds at most 10 pending events."""
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name="bot")
    writer = EventWriter(stores.database, process_id=process_id, max_pending_events=10)
    writer.process_id = process_id
    yield writer
    async with stores.database.transaction() as session:
        await processes.mark_process_stopped(session, process_id=process_id)


def create_event(guild_id: int, low: int, *, channel: int = 1):
    return build_message_event(guild_id, build_snowflake(int(utc_now().timestamp() * 1000), low), channel=channel)


async def get_drained_request(stores, writer) -> int | None:
    """Return the newest drain request that the writer has fulfilled."""
    return (await fetch_rows(stores, "SELECT drained FROM process WHERE id = :id", id=writer.process_id))[0][0]


async def test_full_writer_blocks_until_everything_is_stored(stores, writer, guild_id):
    for low in range(9):
        writer.add(create_event(guild_id, low))
    assert not writer.is_full
    await writer.wait_for_capacity()
    writer.add(create_event(guild_id, 9))
    assert writer.is_full
    waiting_task = asyncio.create_task(writer.wait_for_capacity())
    await asyncio.sleep(0)
    assert not waiting_task.done()
    await writer.flush()
    await waiting_task
    assert (writer.is_full, writer.pending) == (False, 0)
    assert len(await list_message_events(stores, guild_id)) == 10


async def test_unreachable_database_loses_no_event(stores, writer, guild_id):
    unreachable_database = Database("postgresql://herwa@127.0.0.1:1/herwa", audit_key=stores.database.audit_key)
    offline_writer = EventWriter(unreachable_database, process_id=1, max_pending_events=10)
    for low in range(10):
        offline_writer.add(create_event(guild_id, low))
    offline_writer.metadata.update_guild(GuildData(guild_id, "Tea", 1, None, 0, utc_now()))
    with pytest.raises(OSError):
        await offline_writer.flush()
    assert (offline_writer.pending, offline_writer.is_full) == (10, True)
    offline_writer._database = stores.database
    await offline_writer.flush()
    assert len(await list_message_events(stores, guild_id)) == 10
    assert await fetch_rows(stores, "SELECT name FROM guild WHERE id = :g", g=guild_id) == [("Tea",)]


async def test_unresolved_channel_does_not_delay_other_events(stores, writer, guild_id):
    [(request,)] = await fetch_rows(stores, "INSERT INTO drain_request DEFAULT VALUES RETURNING id")

    async def raise_unavailable(_channel_id: int) -> None:
        raise OSError("Discord is unreachable")

    async def resolve_thread(channel_id: int) -> None:
        writer.thread_parents.update([ChannelData(channel_id, guild_id, 1, 11, "a thread")])

    writer.resolve_channel = raise_unavailable
    writer.add(create_event(guild_id, 1, channel=55), resolved=False)
    writer.add(create_event(guild_id, 2, channel=1))
    await writer.flush()
    assert await list_message_events(stores, guild_id) == [StoredEvent("message", 1, user=7)]
    assert writer.pending == 1
    assert (await get_drained_request(stores, writer) or 0) < request, "an event is still pending"
    writer.resolve_channel = resolve_thread
    await writer.flush()
    assert (await list_message_events(stores, guild_id))[1:] == [StoredEvent("message", 1, 55, user=7)]
    assert await get_drained_request(stores, writer) >= request


async def test_unresolved_channel_counts_for_itself_at_shutdown(stores, writer, guild_id):
    writer_task = asyncio.create_task(writer.run())
    writer.add(create_event(guild_id, 1, channel=55), resolved=False)
    await asyncio.sleep(0)
    writer_task.cancel()
    await asyncio.gather(writer_task, return_exceptions=True)
    assert await list_message_events(stores, guild_id) == [StoredEvent("message", 55, user=7)]


async def test_only_events_that_the_database_rejects_are_skipped(stores, writer, guild_id):
    invalid_events = [
        create_event(guild_id, 3)._replace(channel_id=2**63),
        create_event(guild_id, 4)._replace(user_id="ada"),
    ]
    for event in (create_event(guild_id, 1), *invalid_events, create_event(guild_id, 5)):
        writer.add(event)
    await writer.flush()
    assert len(await list_message_events(stores, guild_id)) == 2
    assert (writer.skipped_count, writer.pending) == (2, 0)


async def test_only_names_that_the_database_rejects_are_skipped(stores, guild_id):
    changes = MetadataChanges()
    for offset, name in enumerate(("one", "x" * 101, "three")):
        changes.guilds[guild_id + offset] = GuildData(guild_id + offset, name, 1, None, 0, utc_now())
        changes.channels[guild_id + offset] = ChannelData(guild_id + offset, guild_id + offset, None, 0, name)
    changes.members[guild_id, 1] = MemberData(guild_id, 1, "ada", bot=False)
    changes.members[guild_id + 1, 1] = MemberData(guild_id + 1, 1, "member of a rejected server", bot=False)
    changes.gone_channels.add(guild_id)
    await save_skipping_invalid(stores.database, changes, PrivacyFilter(stores.database.audit_key))
    channels_query = "SELECT name, deleted FROM channel WHERE id BETWEEN :g AND :g + 2 ORDER BY id"
    assert await fetch_rows(stores, channels_query, g=guild_id) == [("one", True), ("three", False)]
    members_query = "SELECT name FROM member WHERE guild_id BETWEEN :g AND :g + 2"
    assert await fetch_rows(stores, members_query, g=guild_id) == [("ada",)]


async def test_server_missing_from_its_shard_is_marked_as_left(stores, guild_id):
    def create_guild_data(id_: int) -> GuildData:
        return GuildData(id_, "Tea", 1, None, 0, utc_now())

    count = 1 << 20  # so many shards that hardly any other server shares this one
    shard = (guild_id >> 22) % count
    changes = MetadataChanges(guilds={guild_id: create_guild_data(guild_id)})
    await save_skipping_invalid(stores.database, changes, PrivacyFilter(stores.database.audit_key))
    changes_with_guild = MetadataChanges(shards={(shard, count): frozenset({guild_id})})
    changes_of_other_shard = MetadataChanges(shards={((shard + 1) % count, count): frozenset()})
    left_query = "SELECT left_at IS NOT NULL FROM guild WHERE id = :g"
    for changes, expected in (
        (changes_with_guild, False),
        (changes_of_other_shard, False),
        (MetadataChanges(shards={(shard, count): frozenset()}), True),
    ):
        await save_skipping_invalid(stores.database, changes, PrivacyFilter(stores.database.audit_key))
        assert await fetch_rows(stores, left_query, g=guild_id) == [(expected,)]
