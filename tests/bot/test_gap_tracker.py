"""Gaps of one guild or channel: recorded, ended by every proof, and never bridged by the coverage of messages."""

from dataclasses import replace
from datetime import timedelta

from herwa_bot.collector.gap_tracker import GUILD_TIMEOUT, GapTracker
from herwa_bot.collector.gateway_sessions import NEVER_MS
from herwa_shared.clock import utc_now
from herwa_shared.services.collection_gaps import GapRecord, save_gaps
from tests.support.db_assertions import fetch_rows, list_message_events, wait_until_stored
from tests.support.row_factories import add_guild
from tests.support.waiting import wait_until

NOW = utc_now()
LATER = NOW + timedelta(minutes=5)
GAPS_QUERY = "SELECT channel_id, to_at IS NULL FROM collection_gap WHERE guild_id = :g ORDER BY from_at, channel_id"
VIEW_CHANNEL = str(1 << 10)


async def wait_for_users(stores, guild_id: int, users: list[int]) -> None:
    """Wait until exactly these users' messages are stored."""

    async def are_stored() -> bool:
        return sorted(row.user for row in await list_message_events(stores, guild_id)) == sorted(users)

    await wait_until(are_stored, description="the fetched messages")


def set_overwrites(sim, channel_id: int, *overwrites: dict) -> None:
    sim.client.call("channel/overwrites", channel_id=str(channel_id), overwrites=list(overwrites))


async def list_gaps(stores, guild_id: int) -> list[tuple[int, bool]]:
    """List the guild's gaps as channel id and whether they last."""
    return [tuple(row) for row in await fetch_rows(stores, GAPS_QUERY, g=guild_id)]


async def test_outage_of_one_guild_is_a_gap_whose_messages_are_fetched_afterwards(stores, sim, bot, server):
    sim.client.send_message(server.channel, server.ada)
    await wait_until_stored(stores, bot)
    sim.client.set_available(server.id, False)
    sim.client.send_message(server.channel, server.ada)  # not delivered
    await wait_until_stored(stores, bot)
    assert await list_gaps(stores, server.id) == [(0, True)]
    assert len(await list_message_events(stores, server.id)) == 1

    sim.client.set_available(server.id, True)
    sim.client.send_message(server.channel, server.bob)
    await wait_until_stored(stores, bot)

    assert await list_gaps(stores, server.id) == [(0, False)]
    await wait_for_users(stores, server.id, [server.ada, server.ada, server.bob])


async def test_channel_that_the_bot_cannot_view_is_a_gap_of_that_channel(stores, sim, bot, server):
    sim.client.send_message(server.channel, server.ada)
    set_overwrites(sim, server.channel, {"id": str(server.id), "type": 0, "allow": "0", "deny": VIEW_CHANNEL})
    sim.client.send_message(server.channel, server.ada)  # not delivered
    await wait_until_stored(stores, bot)
    assert await list_gaps(stores, server.id) == [(server.channel, True)]
    assert len(await list_message_events(stores, server.id)) == 1

    set_overwrites(sim, server.channel)
    sim.client.send_message(server.channel, server.bob)
    await wait_until_stored(stores, bot)

    assert await list_gaps(stores, server.id) == [(server.channel, False)]
    await wait_for_users(stores, server.id, [server.ada, server.ada, server.bob])


def test_guild_without_guild_create_is_a_gap_from_ready_on():
    tracker = GapTracker()
    tracker.expect_guilds([1, 2], now=NOW)
    assert tracker.take_expected(1) == NOW
    tracker.open_overdue_gaps(now=NOW + GUILD_TIMEOUT)
    assert tracker.take() == []
    tracker.open_overdue_gaps(now=LATER)
    assert tracker.take() == [GapRecord(2, 0, NOW)]
    assert (tracker.get_live_since_ms(1, 5), tracker.get_live_since_ms(2, 5)) == (0, NEVER_MS)
    assert not tracker.is_expecting(lambda _: True)
    tracker.expect_guilds([1, 2], now=LATER)
    assert tracker.take_expected(2) == NOW, "what was missed before the first READY is still to be fetched"
    assert tracker.is_expecting(lambda guild_id: guild_id == 1)
    assert not tracker.is_expecting(lambda guild_id: guild_id == 2)


def test_events_arrive_again_only_some_time_after_the_gap():
    tracker = GapTracker()
    tracker.set_hidden_channels(1, frozenset({7, 8}), at=NOW)
    tracker.set_hidden_channels(1, frozenset({8}), at=LATER)
    *opened, closed = tracker.take()
    assert {gap.channel_id for gap in opened} == {7, 8}
    assert closed == GapRecord(1, 7, NOW, LATER)
    assert tracker.get_live_since_ms(1, 7) > LATER.timestamp() * 1000
    assert (tracker.get_live_since_ms(1, 8), tracker.get_live_since_ms(1, 9)) == (NEVER_MS, 0)


def test_guild_that_becomes_unavailable_before_guild_create_is_a_gap_from_ready_on():
    tracker = GapTracker()
    tracker.expect_guilds([1], now=NOW)
    tracker.open_guild_gap(1, at=LATER)
    assert tracker.take() == [GapRecord(1, 0, NOW)]
    assert tracker.take_expected(1) == NOW


def test_guild_that_removed_the_bot_during_a_break_has_no_open_gap():
    tracker = GapTracker()
    tracker.add_open_gaps([GapRecord(1, 0, NOW), GapRecord(2, 7, NOW), GapRecord(3, 7, NOW), GapRecord(4, 7, NOW)])
    tracker.remove_missing_guilds(lambda guild_id: guild_id < 4, frozenset({1}), at=LATER)
    assert sorted(gap.guild_id for gap in tracker.take()) == [2, 3]


def test_removed_guild_has_no_open_gap():
    tracker = GapTracker()
    tracker.open_guild_gap(1, at=NOW)
    tracker.remove_guild(1, at=LATER)
    assert tracker.take() == [GapRecord(1, 0, NOW), GapRecord(1, 0, NOW, LATER)]
    assert tracker.get_live_since_ms(1, 7) == 0


async def test_gaps_of_all_guilds_of_a_large_bot_are_saved_at_once(stores):
    guild_id = await add_guild(stores)
    gaps = [GapRecord(guild_id, number, NOW) for number in range(20_000)]
    async with stores.database.transaction() as session:
        await save_gaps(session, [*gaps, *(replace(gap, to_at=LATER) for gap in gaps), GapRecord(guild_id - 1, 0, NOW)])
    query = "SELECT count(*), count(to_at) FROM collection_gap WHERE guild_id = ANY(:g)"
    assert [tuple(row) for row in await fetch_rows(stores, query, g=[guild_id, guild_id - 1])] == [(20_000, 20_000)]
