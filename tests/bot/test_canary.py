"""What members write is in no table, log or file, with and without the message content intent.

Names are stored, in the tables that are about names only: that they are found shows that the search works.
"""

import pytest

from tests.bot.test_message_content import list_tables_containing
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import list_message_events, move_buffer, wait_until_stored

CONTENT, NAME, THREAD_NAME = "canary-in-a-message", "canary-as-nickname", "canary-as-thread"
LOCAL_DISCORD_FOLDER = "sim"
CLICKHOUSE_SQL = """
SELECT countIf(position(toString(tuple(*)), {text:String}) > 0) FROM {table:Identifier} WHERE guild_id = {guild:UInt64}
"""


def send_canaries(sim, server) -> None:
    """Send the text in every way in which the local Discord carries content."""
    client = sim.client
    message_id = client.send_message(server.channel, server.ada, content=CONTENT, attachments=1)
    client.send_message(server.channel, server.bob, content=CONTENT, reply_to=message_id)
    client.send_message(server.channel, server.robot, content=CONTENT)
    client.send_message(server.channel, webhook="news", content=CONTENT)
    client.edit_message(server.channel, message_id, content=f"{CONTENT} again")
    thread = client.create_thread(server.channel, THREAD_NAME, message_id=message_id, owner_id=server.ada)
    client.send_message(thread, server.ada, content=CONTENT)
    forum = client.create_channel(server.id, "help", type_=15)
    client.create_post(forum, "a post", owner_id=server.bob, content=CONTENT)
    client.set_nickname(server.id, server.ada, NAME)
    client.dispatch("MESSAGE_CREATE", {"guild_id": str(server.id), "content": CONTENT}, guild_id=server.id)
    client.dispatch(CONTENT.upper(), {"guild_id": str(server.id), "content": CONTENT}, guild_id=server.id)


async def list_clickhouse_hits(stores, guild_id: int) -> list[int]:
    return [
        (
            await stores.clickhouse.query(
                CLICKHOUSE_SQL, parameters={"text": CONTENT, "table": table, "guild": guild_id}
            )
        ).result_rows[0][0]
        for table in ("activity_events", "activity_hourly")
    ]


def list_files_containing(folder, text: str) -> list[str]:
    """List the files of the copy that contain the text, without those of the local Discord."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] != LOCAL_DISCORD_FOLDER
        and text.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("message_content", ["true", pytest.param("false", marks=pytest.mark.slow)])
async def test_canary_is_found_nowhere(stores, settings, sim, server, message_content):
    options = {"HERWA_MESSAGE_CONTENT": message_content, "HERWA_LOG_LEVEL": "DEBUG"}
    with run_bot_process(settings, sim, **options) as bot:
        await bot.wait_until_ready()
        send_canaries(sim, server)
        await wait_until_stored(stores, bot)
        assert await bot.stop() == 0
    sim.client.send_message(server.channel, server.bob, content=CONTENT)
    with run_bot_process(settings, sim, **options) as bot:  # fetches the message that was missed
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
        stored = await list_message_events(stores, server.id)
        assert len(stored) >= 7
        assert ({row.value for row in stored} != {None}) == (message_content == "true")
        await move_buffer(stores)
        assert await list_tables_containing(stores, CONTENT) == []
        assert await list_tables_containing(stores, NAME) == ["member"]
        assert await list_tables_containing(stores, THREAD_NAME) == ["channel"]
        assert await list_clickhouse_hits(stores, server.id) == [0, 0]
        assert await bot.stop() == 0
    assert list_files_containing(settings.data_dir, CONTENT) == []
