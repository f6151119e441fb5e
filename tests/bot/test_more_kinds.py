"""Boosts, scheduled events, stages and AFK channels are counted once, each as a kind of its own."""

import asyncio

import pytest

from tests.bot.payloads import VOICE_CHANNEL_TYPE
from tests.support.db_assertions import StoredEvent, fetch_rows, list_events, list_message_events, wait_until_stored

STAGE_CHANNEL_TYPE = 13
ACTIVE, COMPLETED, CANCELED = 2, 3, 4
SCHEDULED_KINDS = ("scheduled_event", "scheduled_event_start", "scheduled_event_end", "scheduled_event_cancel")
SESSIONS_QUERY = "SELECT user_id, audience, afk FROM voice_session WHERE guild_id = :g AND open ORDER BY user_id"


@pytest.fixture
def stage(sim, server):
    return sim.client.create_channel(server.id, "stage", type_=STAGE_CHANNEL_TYPE)


async def test_boosts_are_counted_with_their_members_and_are_no_messages(stores, sim, bot, server):
    for level in (0, 1):
        sim.client.boost(server.channel, server.ada, level=level)
    await wait_until_stored(stores, bot)
    boost = StoredEvent("boost", server.channel, user=server.ada)
    assert await list_events(stores, server.id, "boost") == [boost, boost]
    assert await list_message_events(stores, server.id) == []


async def test_repeated_boost_is_counted_once(stores, sim, bot, server):
    sim.client.enable_faults(double=1.0)
    try:
        sim.client.boost(server.channel, server.bob)
    finally:
        sim.client.disable_faults()
    await wait_until_stored(stores, bot)
    assert len(await list_events(stores, server.id, "boost")) == 1


async def test_scheduled_event_is_counted_once_per_change_of_its_status(stores, sim, bot, server, stage):
    event = sim.client.create_scheduled_event(server.id, stage, server.ada, "Talk")
    sim.client.update_scheduled_event(server.id, event, name="Talks")
    for status in (ACTIVE, ACTIVE, COMPLETED, COMPLETED):
        sim.client.update_scheduled_event(server.id, event, status=status)
    sim.client.delete_scheduled_event(server.id, event)
    await wait_until_stored(stores, bot)
    assert await list_events(stores, server.id, *SCHEDULED_KINDS) == [
        StoredEvent("scheduled_event", stage, user=server.ada),
        StoredEvent("scheduled_event_start", stage),
        StoredEvent("scheduled_event_end", stage),
    ]


@pytest.mark.parametrize("statuses", [(), (ACTIVE,), (CANCELED,)])
async def test_deleted_event_is_canceled_once(stores, sim, bot, server, stage, statuses):
    event = sim.client.create_scheduled_event(server.id, stage, server.ada, "Talk")
    for status in statuses:
        sim.client.update_scheduled_event(server.id, event, status=status)
    sim.client.delete_scheduled_event(server.id, event)
    await wait_until_stored(stores, bot)
    assert len(await list_events(stores, server.id, "scheduled_event_cancel")) == 1


async def test_repeated_and_swapped_updates_are_counted_once(stores, sim, bot, server, stage):
    event = sim.client.create_scheduled_event(server.id, stage, server.ada, "Talk")
    [created] = sim.client.read_journal(on=True).events["GUILD_SCHEDULED_EVENT_CREATE"]
    for name, status in (("UPDATE", COMPLETED), ("UPDATE", ACTIVE), ("UPDATE", COMPLETED), ("CREATE", 1)):
        data = created | {"status": status}
        await asyncio.to_thread(sim.client.dispatch, f"GUILD_SCHEDULED_EVENT_{name}", data, guild_id=server.id)
    assert created["id"] == str(event)
    await wait_until_stored(stores, bot)
    kinds = [row.kind for row in await list_events(stores, server.id, *SCHEDULED_KINDS)]
    assert sorted(kinds) == ["scheduled_event", "scheduled_event_end", "scheduled_event_start"]


async def test_audience_and_afk_are_stored_with_the_session(stores, sim, bot, server, stage):
    voice = sim.client.create_channel(server.id, "voice", type_=VOICE_CHANNEL_TYPE)
    afk = sim.client.create_channel(server.id, "afk", type_=VOICE_CHANNEL_TYPE)
    sim.client.update_guild(server.id, afk_channel_id=afk)
    carla, dora = (sim.client.join(server.id, f"{name}{server.id}") for name in ("carla", "dora"))
    sim.client.move_member(server.id, server.ada, stage, suppressed=True)
    sim.client.move_member(server.id, server.bob, stage)
    sim.client.move_member(server.id, carla, afk)
    sim.client.move_member(server.id, dora, voice, suppressed=True)
    await wait_until_stored(stores, bot)
    expected = {server.ada: (True, False), server.bob: (False, False), carla: (False, True), dora: (False, False)}
    rows = await fetch_rows(stores, SESSIONS_QUERY, g=server.id)
    assert {user: (audience, is_afk) for user, audience, is_afk in rows} == expected
