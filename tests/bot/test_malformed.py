"""Whatever a gateway event contains: it is logged and skipped, and the bot goes on counting."""

import pytest
from sqlalchemy import text

from herwa_shared.clock import utc_now
from tests.bot.process import connected
from tests.bot.stored import Row, ask, events, happened, settled
from tests.bot.test_counting import raw_message

BEYOND = str(2**63)
HUGE = "9" * 40
LATER = str(2**63 - 1)

# What stands in place of the whole event.
NO_EVENTS = (None, [], [1, 2], "text", 7, True, {}, {"guild_id": None})
# What stands in place of one part of a message.
BROKEN_PARTS = (
    *({"id": id_} for id_ in (None, "", "x", "-1", "0", BEYOND, HUGE, LATER, {}, [], True, 1.5)),
    *({"guild_id": id_} for id_ in (None, "x", "-1", BEYOND, HUGE, {})),
    *({"channel_id": id_} for id_ in (None, "x", "-1", BEYOND, HUGE, [])),
    *({"author": author} for author in (None, [], "ada", {}, {"id": HUGE, "username": "x"}, {"id": "5"})),
    *({"author": {"id": "5", "username": name}} for name in (None, 5, [], {})),
    *({"member": member} for member in ("x", 5, ["nick"], {"nick": 5})),
    *({"type": type_} for type_ in ({}, [], "0", None)),
)
BROKEN_EDITS = ({"edited_timestamp": when} for when in (5, "soon", "0001-01-01T00:00:00+00:00", "2026-01-01", {}))
OTHERS = (
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
def dispatch(sim, place):
    """Send anything, also nothing."""

    def send(name: str, data: object) -> None:
        sim.client._send("POST", "/fault/dispatch", {"name": name, "data": data, "guild_id": str(place.guild)})

    return send


@pytest.fixture
async def unharmed(stores, sim, bot, place):
    """Afterwards the same process, in the same session, counts the next message and nothing else."""
    yield
    sim.client.say(place.channel, place.bob)
    await settled(stores, bot)
    assert await events(stores, place.guild) == [Row("message", place.channel, user=place.bob)]
    assert bot.process.poll() is None
    assert len(connected(sim)) == 1


async def test_a_broken_message_is_skipped(bot, dispatch, place, unharmed):
    for broken in NO_EVENTS:
        dispatch("MESSAGE_CREATE", broken)
    for part in BROKEN_PARTS:
        dispatch("MESSAGE_CREATE", raw_message(place) | part)
    for missing in ("id", "type", "channel_id", "author"):
        dispatch("MESSAGE_CREATE", {name: value for name, value in raw_message(place).items() if name != missing})
    await bot.says("event skipped")


async def test_a_broken_edit_or_deletion_is_skipped(dispatch, place, unharmed):
    for broken in NO_EVENTS:
        dispatch("MESSAGE_UPDATE", broken)
        dispatch("MESSAGE_DELETE", broken)
        dispatch("MESSAGE_DELETE_BULK", broken)
    for part in BROKEN_EDITS:
        dispatch("MESSAGE_UPDATE", raw_message(place) | part)
    here = {"channel_id": str(place.channel), "guild_id": str(place.guild)}
    for id_ in (None, "x", HUGE, {}):
        dispatch("MESSAGE_DELETE", {**here, "id": id_})
        dispatch("MESSAGE_DELETE_BULK", {**here, "ids": [id_]})
        dispatch("MESSAGE_DELETE_BULK", {**here, "ids": id_})


@pytest.mark.parametrize("name", OTHERS)
async def test_any_other_broken_event_is_skipped(dispatch, place, unharmed, name):
    for broken in (*NO_EVENTS, {"id": HUGE}, {"id": str(place.guild), "name": 5}, {"guild_id": "x", "id": []}):
        dispatch(name, broken)


async def test_broken_news_of_people_is_skipped(stores, sim, bot, dispatch, place, unharmed):
    here, ada = {"guild_id": str(place.guild)}, {"id": str(place.ada), "username": "ada"}
    reaction = {**here, "channel_id": str(place.channel), "message_id": "7", "user_id": str(place.ada)}
    for emoji in (None, {}, {"id": None, "name": 5}, {"name": "x" * 200}, "👍"):
        dispatch("MESSAGE_REACTION_ADD", {**reaction, "emoji": emoji})
    for part in ({"user_id": HUGE}, {"message_id": None}, {"member": "x"}, {"channel_id": {}}):
        dispatch("MESSAGE_REACTION_ADD", {**reaction, "emoji": {"name": "👍"}, **part})
    for joined_at in (None, 5, "soon", "2999-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00", "2026-01-01"):
        dispatch("GUILD_MEMBER_ADD", {**here, "user": ada, "joined_at": joined_at})
    for user in (None, {}, {"id": HUGE}, "ada", {**ada, "id": "-5"}):
        dispatch("GUILD_MEMBER_ADD", {**here, "user": user, "joined_at": utc_now().isoformat()})
        dispatch("GUILD_MEMBER_REMOVE", {**here, "user": user})
    for part in ({"channel_id": HUGE}, {"user_id": None}, {"member": [1]}):
        dispatch("VOICE_STATE_UPDATE", {**here, "user_id": "5", "channel_id": str(place.channel), **part})
    dispatch(
        "THREAD_CREATE", {**here, "id": LATER, "type": 11, "newly_created": True, "owner_id": "5", "parent_id": "6"}
    )
    await settled(stores, bot)
    assert len(await happened(stores, place.guild, "join")) == 2
    assert await happened(stores, place.guild, "reaction", "leave", "thread", "voice") == []


async def test_a_broken_description_is_skipped_and_the_next_is_taken(stores, bot, dispatch, place, unharmed):
    guild = {"id": str(place.guild), "owner_id": str(place.owner)}
    channel = {"id": str(place.channel + 1), "guild_id": str(place.guild), "type": 0, "name": "fine"}
    for part in ({"name": 5}, {"owner_id": HUGE}, {"id": HUGE}):
        dispatch("GUILD_UPDATE", {**guild, "name": "Broken", **part})
    for part in ({"position": 2**40}, {"type": 2**40}, {"type": "x"}, {"name": 5}, {"id": HUGE}, {"parent_id": "-1"}):
        dispatch("CHANNEL_CREATE", {**channel, **part})
    dispatch("GUILD_UPDATE", {**guild, "name": "Whole", "icon": {"a": "dict"}})
    dispatch("CHANNEL_CREATE", channel)
    await settled(stores, bot)
    assert await ask(stores, "SELECT name, icon FROM guild WHERE id = :g", g=place.guild) == [("Whole", None)]
    assert await ask(stores, "SELECT name FROM channel WHERE id = :c", c=place.channel + 1) == [("fine",)]


async def test_a_name_that_postgresql_cannot_hold_loses_that_character_alone(stores, bot, sim, dispatch, place):
    author = {"id": str(place.ada), "username": "ada", "global_name": "A\0da 🎉"}
    dispatch("MESSAGE_CREATE", raw_message(place) | {"author": author})
    await settled(stores, bot)
    async with stores.database.transaction() as session:
        query = text("SELECT name FROM member WHERE guild_id = :g AND user_id = :u")
        named = await session.scalar(query, {"g": place.guild, "u": place.ada})
    assert named == "Ada 🎉"
