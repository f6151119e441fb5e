"""Lengths and attachments with Discord's content intent, counting without it, and what was said in no place ever."""

import re

import pytest

from tests.bot.process import bot_process
from tests.bot.stored import Row, ask, events, moved, settled

CANARY = "the-canary-sings-at-dawn"
TABLES = "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


@pytest.fixture
def not_granted(sim):
    sim.client.set_application(privileged=[])
    yield
    sim.client.set_application(privileged=["members", "presences", "message_content"])


@pytest.fixture
async def reading_bot(stores, settings, sim):
    """Granted the intent, and talkative."""
    with bot_process(settings, sim, HERWA_MESSAGE_CONTENT="true", HERWA_LOG_LEVEL="DEBUG") as bot:
        await bot.listens()
        yield bot
        assert await bot.stop() == 0


async def test_lengths_and_attachments_are_stored_and_neither_what_was_said_nor_a_secret_is_kept(
    stores, sim, folder, reading_bot, place, logs
):
    said = sim.client.say(place.channel, place.ada, content=CANARY, attachments=2)
    sim.client.say(place.channel, place.bob, content="", reply_to=said)
    sim.client.say(place.channel, place.robot, content=f"{CANARY} 🐤")
    sim.client.say(place.channel, webhook="news", content=CANARY)
    sim.client.edit(place.channel, said, content=f"{CANARY} again")
    sim.client.delete(place.channel, said)
    for broken in ({"content": CANARY}, {"content": CANARY, "id": CANARY}, {"id": "7", "edited_timestamp": CANARY}):
        sim.client.dispatch("MESSAGE_CREATE", {"guild_id": str(place.guild), **broken}, guild_id=place.guild)
        sim.client.dispatch("MESSAGE_UPDATE", {"guild_id": str(place.guild), **broken}, guild_id=place.guild)
    await settled(stores, reading_bot)
    lengths = [(row.kind, row.value, row.attachments) for row in await events(stores, place.guild)]
    assert lengths == [
        ("message", len(CANARY), 2),
        ("message", 0, 0),
        ("message_bot", len(CANARY) + 2, 0),
        ("message_webhook", len(CANARY), 0),
        ("message_edit", None, None),
        ("message_delete", None, None),
    ]
    await reading_bot.says("event skipped")
    assert await kept_anywhere(stores, CANARY) == []
    await moved(stores)
    kept = await stores.clickhouse.query(
        "SELECT count(), countIf(toString(tuple(*)) LIKE '%canary%') FROM activity_events WHERE guild_id = {guild:UInt64} AND startsWith(toString(kind), 'message')",
        parameters={"guild": place.guild},
    )
    assert kept.result_rows == [(6, 0)]
    assert [file.name for file in logs.iterdir() if CANARY in file.read_text(errors="replace")] == []
    assert_no_secret_is_in_a_log(sim, folder, logs)


async def kept_anywhere(stores, words: str) -> list[str]:
    """The tables of PostgreSQL that hold these words."""
    found = []
    for (table,) in await ask(stores, TABLES):
        query = f"SELECT count(*) FROM {table} AS kept WHERE kept::text LIKE :words"
        if (await ask(stores, query, words=f"%{words}%"))[0][0]:
            found.append(table)
    return found


def assert_no_secret_is_in_a_log(sim, folder, logs):
    secrets = [folder.secret(name) for name in re.findall(r'"(\w+)":', (folder.path / "secrets.json").read_text())]
    for file in logs.iterdir():
        told = file.read_text(errors="replace")
        assert not [secret for secret in (*secrets, sim.token) if secret in told], file.name


async def test_without_the_intent_it_says_so_and_goes_on_counting(stores, settings, sim, not_granted, place):
    with bot_process(settings, sim, HERWA_MESSAGE_CONTENT="true") as bot:
        await bot.says("Discord does not grant the message content intent")
        await bot.listens()
        sim.client.say(place.channel, place.ada, length=30, attachments=1)
        await settled(stores, bot)
        assert await bot.stop() == 0
    assert await events(stores, place.guild) == [Row("message", place.channel, user=place.ada)]
    assert "Traceback" not in bot.said()
