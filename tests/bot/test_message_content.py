"""Message lengths and attachments with and without the content intent.

The content is never stored or logged.
"""

import re

import pytest

from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import StoredEvent, fetch_rows, list_message_events, move_buffer, wait_until_stored

CANARY = "the-canary-sings-at-dawn"
TABLES_QUERY = "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


@pytest.fixture
def ungranted_intents(sim):
    """Withdraw all privileged intents for one test."""
    sim.client.set_application(privileged=[])
    yield
    sim.client.set_application(privileged=["members", "presences", "message_content"])


@pytest.fixture
async def reading_bot(stores, settings, sim):
    """A bot with the content intent and log level DEBUG."""
    with run_bot_process(settings, sim, HERWA_MESSAGE_CONTENT="true", HERWA_LOG_LEVEL="DEBUG") as bot:
        await bot.wait_until_ready()
        yield bot
        assert await bot.stop() == 0


async def test_lengths_and_attachments_are_stored_without_content_or_secrets(
    stores, sim, folder, reading_bot, server, logs
):
    message_id = sim.client.send_message(server.channel, server.ada, content=CANARY, attachments=2)
    sim.client.send_message(server.channel, server.bob, content="", reply_to=message_id)
    sim.client.send_message(server.channel, server.robot, content=f"{CANARY} 🐤")
    sim.client.send_message(server.channel, webhook="news", content=CANARY)
    sim.client.edit_message(server.channel, message_id, content=f"{CANARY} again")
    sim.client.delete_messages(server.channel, message_id)
    for payload in ({"content": CANARY}, {"content": CANARY, "id": CANARY}, {"id": "7", "edited_timestamp": CANARY}):
        sim.client.dispatch("MESSAGE_CREATE", {"guild_id": str(server.id), **payload}, guild_id=server.id)
        sim.client.dispatch("MESSAGE_UPDATE", {"guild_id": str(server.id), **payload}, guild_id=server.id)
    await wait_until_stored(stores, reading_bot)
    lengths = [(row.kind, row.value, row.attachments) for row in await list_message_events(stores, server.id)]
    assert lengths == [
        ("message", len(CANARY), 2),
        ("message", 0, 0),
        ("message_bot", len(CANARY) + 2, 0),
        ("message_webhook", len(CANARY), 0),
        ("message_edit", None, None),
        ("message_delete", None, None),
    ]
    await reading_bot.wait_for_log("event skipped")
    assert await list_tables_containing(stores, CANARY) == []
    await move_buffer(stores)
    counts = await stores.clickhouse.query(
        "SELECT count(), countIf(toString(tuple(*)) LIKE '%canary%') FROM activity_events WHERE guild_id = {guild:UInt64} AND startsWith(toString(kind), 'message')",
        parameters={"guild": server.id},
    )
    assert counts.result_rows == [(6, 0)]
    assert [file.name for file in logs.iterdir() if CANARY in file.read_text(errors="replace")] == []
    assert_no_secret_is_in_a_log(sim, folder, logs)


async def list_tables_containing(stores, text: str) -> list[str]:
    """List the tables of PostgreSQL in which any row contains the text."""
    tables = []
    for (table,) in await fetch_rows(stores, TABLES_QUERY):
        query = f"SELECT count(*) FROM {table} AS row_data WHERE row_data::text LIKE :pattern"
        if (await fetch_rows(stores, query, pattern=f"%{text}%"))[0][0]:
            tables.append(table)
    return tables


def assert_no_secret_is_in_a_log(sim, folder, logs):
    """Assert that no log file contains a secret of this copy or the bot token."""
    secrets = [
        folder.get_or_create_secret(name)
        for name in re.findall(r'"(\w+)":', (folder.path / "secrets.json").read_text())
    ]
    for file in logs.iterdir():
        log_text = file.read_text(errors="replace")
        assert not [secret for secret in (*secrets, sim.token) if secret in log_text], file.name


@pytest.mark.slow
async def test_missing_content_intent_is_logged_and_counting_continues(
    stores, settings, sim, ungranted_intents, server
):
    with run_bot_process(settings, sim, HERWA_MESSAGE_CONTENT="true") as bot:
        await bot.wait_for_log("Discord does not grant the message content intent")
        await bot.wait_until_ready()
        sim.client.send_message(server.channel, server.ada, length=30, attachments=1)
        await wait_until_stored(stores, bot)
        assert await bot.stop() == 0
    assert await list_message_events(stores, server.id) == [StoredEvent("message", server.channel, user=server.ada)]
    assert "Traceback" not in bot.read_log()
