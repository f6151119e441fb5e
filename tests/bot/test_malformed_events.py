"""A malformed gateway event is logged and skipped, and the bot continues counting."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from herwa_shared.clock import utc_now
from tests.bot.payloads import create_message_payload
from tests.support.bot_process import list_connected_sessions
from tests.support.db_assertions import StoredEvent, fetch_rows, list_events, list_message_events, wait_until_stored

NEEDS_OWN_BOT = True  # its log is read
TOO_LARGE_ID = str(2**63)
HUGE_ID = "9" * 40
FUTURE_ID = str(2**63 - 1)

# Replace the entire payload of an event.
MALFORMED_PAYLOADS = (None, [], [1, 2], "text", 7, True, {}, {"guild_id": None})
# Replace one field of a message payload.
MALFORMED_MESSAGE_FIELDS = (
    *({"id": id_} for id_ in (None, "", "x", "-1", "0", TOO_LARGE_ID, HUGE_ID, FUTURE_ID, {}, [], True, 1.5)),
    *({"guild_id": id_} for id_ in (None, "x", "-1", TOO_LARGE_ID, HUGE_ID, {})),
    *({"channel_id": id_} for id_ in (None, "x", "-1", TOO_LARGE_ID, HUGE_ID, [])),
    *({"author": author} for author in (None, [], "ada", {}, {"id": HUGE_ID, "username": "x"}, {"id": "5"})),
    *({"author": {"id": "5", "username": name}} for name in (None, 5, [], {})),
    *({"member": member} for member in ("x", 5, ["nick"], {"nick": 5})),
    *({"type": type_} for type_ in ({}, [], "0", None)),
)
MALFORMED_EDIT_FIELDS = (
    {"edited_timestamp": timestamp} for timestamp in (5, "soon", "0001-01-01T00:00:00+00:00", "2026-01-01", {})
)
OTHER_EVENT_NAMES = (
    "READY",
    "RESUMED",
    "GUILD_CREATE",
    "GUILD_UPDATE",
    "GUILD_DELETE",
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
    "CHANNEL_DELETE",
    "THREAD_CREATE",
    "THREAD_DELETE",
    "THREAD_LIST_SYNC",
    "INTERACTION_CREATE",
    "GUILD_ROLE_CREATE",
    "GUILD_ROLE_UPDATE",
    "GUILD_ROLE_DELETE",
    "MESSAGE_REACTION_ADD",
    "VOICE_STATE_UPDATE",
    "GUILD_MEMBER_ADD",
    "GUILD_MEMBER_UPDATE",
    "GUILD_MEMBER_REMOVE",
    "A_NAME_OF_THE_FUTURE",
)


@pytest.fixture
def dispatch(sim, server):
    """Dispatches a gateway event with any payload, also None."""

    def send(name: str, data: object) -> None:
        sim.client._request("POST", "/fault/dispatch", {"name": name, "data": data, "guild_id": str(server.id)})

    return send


@pytest.fixture
async def health_check(stores, sim, bot, server):
    """After the test: the same process and session count exactly the next message."""
    yield
    sim.client.send_message(server.channel, server.bob)
    await wait_until_stored(stores, bot)
    assert await list_message_events(stores, server.id) == [StoredEvent("message", server.channel, user=server.bob)]
    assert bot.process.poll() is None
    assert len(list_connected_sessions(sim)) == 1


async def test_malformed_message_is_skipped(bot, dispatch, server, health_check):
    for payload in MALFORMED_PAYLOADS:
        dispatch("MESSAGE_CREATE", payload)
    for part in MALFORMED_MESSAGE_FIELDS:
        dispatch("MESSAGE_CREATE", create_message_payload(server) | part)
    for missing in ("id", "type", "channel_id", "author"):
        dispatch(
            "MESSAGE_CREATE", {name: value for name, value in create_message_payload(server).items() if name != missing}
        )
    await bot.wait_for_log("event skipped")


async def test_unreadable_events_of_one_kind_are_three_lines_and_no_stack_trace(bot, dispatch, health_check):
    for _ in range(50):
        dispatch("GUILD_ROLE_CREATE", {"guild_id": None})
        dispatch("MESSAGE_DELETE", {"guild_id": None, "channel_id": "1", "id": "1"})
    for _ in range(10):
        dispatch("MESSAGE_REACTION_ADD", {"guild_id": "1", "channel_id": None})
    await bot.wait_for_log('"kind": "MESSAGE_REACTION_ADD')
    lines = [json.loads(line) for line in bot.read_log().splitlines()]
    kinds = (
        "GUILD_ROLE_CREATE InvalidPayload guild_id",
        "MESSAGE_DELETE InvalidPayload guild_id",
        "MESSAGE_REACTION_ADD InvalidPayload channel_id",
    )
    for kind in kinds:
        assert len([line for line in lines if line["event"] == "event skipped" and line["kind"] == kind]) == 3
    assert not any("Traceback" in str(line) for line in lines)


async def test_malformed_edit_or_deletion_is_skipped(dispatch, server, health_check):
    for payload in MALFORMED_PAYLOADS:
        dispatch("MESSAGE_UPDATE", payload)
        dispatch("MESSAGE_DELETE", payload)
        dispatch("MESSAGE_DELETE_BULK", payload)
    for part in MALFORMED_EDIT_FIELDS:
        dispatch("MESSAGE_UPDATE", create_message_payload(server) | part)
    channel_ids = {"channel_id": str(server.channel), "guild_id": str(server.id)}
    for id_ in (None, "x", HUGE_ID, {}):
        dispatch("MESSAGE_DELETE", {**channel_ids, "id": id_})
        dispatch("MESSAGE_DELETE_BULK", {**channel_ids, "ids": [id_]})
        dispatch("MESSAGE_DELETE_BULK", {**channel_ids, "ids": id_})


@pytest.mark.parametrize("name", OTHER_EVENT_NAMES)
async def test_any_other_malformed_event_is_skipped(dispatch, server, health_check, name):
    for payload in (
        *MALFORMED_PAYLOADS,
        {"id": HUGE_ID},
        {"id": str(server.id), "name": 5},
        {"guild_id": "x", "id": []},
    ):
        dispatch(name, payload)


async def test_malformed_member_events_are_skipped(stores, sim, bot, dispatch, new_server, health_check):
    guild_part, ada = {"guild_id": str(new_server.id)}, {"id": str(new_server.ada), "username": "ada"}
    reaction = {**guild_part, "channel_id": str(new_server.channel), "message_id": "7", "user_id": str(new_server.ada)}
    for emoji in (None, {}, {"id": None, "name": 5}, {"name": "x" * 200}, "👍"):
        dispatch("MESSAGE_REACTION_ADD", {**reaction, "emoji": emoji})
    for part in ({"user_id": HUGE_ID}, {"message_id": None}, {"member": "x"}, {"channel_id": {}}):
        dispatch("MESSAGE_REACTION_ADD", {**reaction, "emoji": {"name": "👍"}, **part})
    for joined_at in (None, 5, "soon", "2999-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00", "2026-01-01"):
        dispatch("GUILD_MEMBER_ADD", {**guild_part, "user": ada, "joined_at": joined_at})
    for user in (None, {}, {"id": HUGE_ID}, "ada", {**ada, "id": "-5"}):
        dispatch("GUILD_MEMBER_ADD", {**guild_part, "user": user, "joined_at": utc_now().isoformat()})
        dispatch("GUILD_MEMBER_REMOVE", {**guild_part, "user": user})
    for part in ({"channel_id": HUGE_ID}, {"user_id": None}, {"member": [1]}):
        dispatch("VOICE_STATE_UPDATE", {**guild_part, "user_id": "5", "channel_id": str(new_server.channel), **part})
    dispatch(
        "THREAD_CREATE",
        {**guild_part, "id": FUTURE_ID, "type": 11, "newly_created": True, "owner_id": "5", "parent_id": "6"},
    )
    await wait_until_stored(stores, bot)
    assert len(await list_events(stores, new_server.id, "join")) == 2
    assert await list_events(stores, new_server.id, "reaction", "leave", "thread", "voice") == []


async def test_join_is_counted_while_the_clock_of_this_machine_is_slow(stores, bot, dispatch, new_server, health_check):
    joined_at = (utc_now() + timedelta(hours=1)).isoformat()
    grace = new_server.ada + 1
    user = {"id": str(grace), "username": "grace"}
    dispatch("GUILD_MEMBER_ADD", {"guild_id": str(new_server.id), "user": user, "joined_at": joined_at})
    await wait_until_stored(stores, bot)
    assert [row.user for row in await list_events(stores, new_server.id, "join")].count(grace) == 1


async def test_malformed_metadata_is_skipped_and_the_next_update_is_saved(stores, bot, dispatch, server, health_check):
    guild = {"id": str(server.id), "owner_id": str(server.owner)}
    channel = {"id": str(server.channel + 1), "guild_id": str(server.id), "type": 0, "name": "fine"}
    for part in ({"name": 5}, {"owner_id": HUGE_ID}, {"id": HUGE_ID}):
        dispatch("GUILD_UPDATE", {**guild, "name": "Broken", **part})
    for part in (
        {"position": 2**40},
        {"type": 2**40},
        {"type": "x"},
        {"name": 5},
        {"id": HUGE_ID},
        {"parent_id": "-1"},
    ):
        dispatch("CHANNEL_CREATE", {**channel, **part})
    dispatch("GUILD_UPDATE", {**guild, "name": "Whole", "icon": {"a": "dict"}})
    dispatch("CHANNEL_CREATE", channel)
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, "SELECT name, icon FROM guild WHERE id = :g", g=server.id) == [("Whole", None)]
    assert await fetch_rows(stores, "SELECT name FROM channel WHERE id = :c", c=server.channel + 1) == [("fine",)]


async def test_null_character_is_removed_from_a_name(stores, bot, sim, dispatch, server):
    author = {"id": str(server.ada), "username": "ada", "global_name": "A\0da 🎉"}
    dispatch("MESSAGE_CREATE", create_message_payload(server) | {"author": author})
    await wait_until_stored(stores, bot)
    async with stores.database.transaction() as session:
        query = text("SELECT name FROM member WHERE guild_id = :g AND user_id = :u")
        name = await session.scalar(query, {"g": server.id, "u": server.ada})
    assert name == "Ada 🎉"
