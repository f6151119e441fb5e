"""Events that Discord repeats, shifts or leaves out are counted once, at their own time."""

from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from tests.bot.payloads import VOICE_CHANNEL_TYPE, create_message_payload
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import StoredEvent, fetch_rows, list_events, list_message_events, wait_until_stored
from tests.support.event_factories import build_snowflake

OPEN_VOICE_QUERY = "SELECT user_id FROM voice_session WHERE guild_id = :g AND open"
EVENT_TIMES_QUERY = "SELECT at_ms FROM event_buffer WHERE guild_id = :g AND kind = :kind ORDER BY at_ms"


def get_now_ms() -> int:
    return int(utc_now().timestamp() * 1000)


def build_member_add(guild_id: int, user_id: int, joined_at) -> dict:
    return {
        "guild_id": str(guild_id),
        "user": {"id": str(user_id), "username": "carla", "discriminator": "0", "avatar": None, "global_name": None},
        "nick": None,
        "roles": [],
        "joined_at": joined_at.isoformat(),
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def build_thread_payload(server, thread_id: int, *, created_at) -> dict:
    return {
        "id": str(thread_id),
        "type": 11,
        "guild_id": str(server.id),
        "parent_id": str(server.channel),
        "owner_id": str(server.ada),
        "name": "aside",
        "newly_created": True,
        "message_count": 0,
        "member_count": 1,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": created_at.isoformat(),
            "locked": False,
            "create_timestamp": created_at.isoformat(),
        },
    }


async def test_five_threads_of_which_one_is_on_an_old_message_are_five_of_today(stores, sim, bot, server):
    now, start_ms = utc_now(), get_now_ms()
    message_ids = [build_snowflake(start_ms, low_bits=index) for index in range(4)]
    message_ids.insert(2, build_snowflake(start_ms - 49 * 86_400_000))
    for thread_id in message_ids:
        sim.client.dispatch(
            "THREAD_CREATE", build_thread_payload(server, thread_id, created_at=now), guild_id=server.id
        )
    await wait_until_stored(stores, bot)

    times = [row[0] for row in await fetch_rows(stores, EVENT_TIMES_QUERY, g=server.id, kind="thread")]
    assert len(times) == 5
    assert min(times) >= start_ms - 1_000


async def test_join_that_is_sent_again_with_a_shifted_time_is_counted_once(stores, sim, bot, new_server):
    user_id, joined_at = build_snowflake(get_now_ms(), low_bits=77), utc_now()
    for shift in (0, 400, -400, 0):
        payload = build_member_add(new_server.id, user_id, joined_at + timedelta(milliseconds=shift))
        sim.client.dispatch("GUILD_MEMBER_ADD", payload, guild_id=new_server.id)
        await wait_until_stored(stores, bot)
    joins = [row for row in await list_events(stores, new_server.id, "join") if row.user == user_id]
    assert len(joins) == 1


async def test_voice_ends_when_the_member_leaves_the_server_without_a_voice_event(stores, sim, bot, server):
    cafe = sim.client.create_channel(server.id, "café", type_=VOICE_CHANNEL_TYPE)
    sim.client.move_member(server.id, server.ada, cafe)
    sim.client.move_member(server.id, server.bob, cafe)
    await wait_until_stored(stores, bot)
    payload = {"guild_id": str(server.id), "user": build_member_add(server.id, server.ada, utc_now())["user"]}
    sim.client.dispatch("GUILD_MEMBER_REMOVE", payload, guild_id=server.id)
    await wait_until_stored(stores, bot)
    assert [row[0] for row in await fetch_rows(stores, OPEN_VOICE_QUERY, g=server.id)] == [server.bob]


async def test_voice_ends_when_its_channel_is_deleted_without_a_voice_event(stores, sim, bot, server):
    cafe = sim.client.create_channel(server.id, "café", type_=VOICE_CHANNEL_TYPE)
    sim.client.move_member(server.id, server.ada, cafe)
    await wait_until_stored(stores, bot)
    payload = {"id": str(cafe), "type": VOICE_CHANNEL_TYPE, "guild_id": str(server.id), "name": "café", "position": 0}
    sim.client.dispatch("CHANNEL_DELETE", payload, guild_id=server.id)
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, OPEN_VOICE_QUERY, g=server.id) == []


async def test_nickname_of_a_silent_member_is_known_at_once(stores, sim, bot, server):
    sim.client.set_nickname(server.id, server.ada, "Countess")
    await wait_until_stored(stores, bot)
    rows = await fetch_rows(
        stores, "SELECT name FROM member WHERE guild_id = :g AND user_id = :u", g=server.id, u=server.ada
    )
    assert [row[0] for row in rows] == ["Countess"]


async def test_replies_and_follow_ups_of_an_app_are_messages_of_a_bot(stores, sim, bot, server):
    app_id = str(server.robot)
    author = {"id": app_id, "username": "robot", "global_name": None, "bot": True}
    sim.client.dispatch(
        "MESSAGE_CREATE",
        create_message_payload(server, type=20, author=author, application_id=app_id),
        guild_id=server.id,
    )
    follow_up_id = str(build_snowflake(get_now_ms(), low_bits=5))
    follow_up = create_message_payload(server, id=follow_up_id, author=author, application_id=app_id, webhook_id=app_id)
    sim.client.dispatch("MESSAGE_CREATE", follow_up, guild_id=server.id)
    await wait_until_stored(stores, bot)
    assert await list_message_events(stores, server.id) == 2 * [
        StoredEvent("message_bot", server.channel, user=server.robot)
    ]


@pytest.mark.slow
async def test_edit_is_counted_once_also_after_a_killed_bot_and_never_when_the_message_is_pinned(
    stores, settings, sim, server
):
    created = create_message_payload(server)
    edited = created | {"edited_timestamp": utc_now().isoformat()}
    old_id = str(build_snowflake(get_now_ms() - 60 * 86_400_000, low_bits=3))
    pinned = created | {
        "id": old_id,
        "edited_timestamp": (utc_now() - timedelta(days=49)).isoformat(),
        "pinned": True,
    }
    deleted = {"id": created["id"], "channel_id": created["channel_id"], "guild_id": created["guild_id"]}

    async def run_bot() -> None:
        with run_bot_process(settings, sim) as bot:
            await bot.wait_until_ready()
            sim.client.dispatch("MESSAGE_CREATE", created, guild_id=server.id)
            sim.client.dispatch("MESSAGE_UPDATE", edited, guild_id=server.id)
            sim.client.dispatch("MESSAGE_UPDATE", pinned, guild_id=server.id)
            sim.client.dispatch("MESSAGE_DELETE", deleted, guild_id=server.id)
            await wait_until_stored(stores, bot)
            bot.kill_if_running()

    await run_bot()
    await run_bot()
    assert [row.kind for row in await list_message_events(stores, server.id)] == [
        "message",
        "message_edit",
        "message_delete",
    ]
