"""Replay of a history through the gateway: every row arrives despite lost connections."""

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from herwa.commands.replay import replay
from herwa.history_files.errors import HistoryFormatError
from herwa_shared.errors import ServiceUnavailable
from herwa_sim.actions import messages
from herwa_sim.actions.channels import create_channel
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.members import create_user, join
from herwa_sim.serialize.messages import serialize_message_event, serialize_plain_event
from herwa_sim.texts import actions as texts
from herwa_sim.world import World
from tests.sim.conftest import HISTORY_CSV_HEADER
from tests.sim.recording_bot import wait_until

STARTED_AT = datetime(2021, 5, 1, tzinfo=UTC)


@pytest.fixture
def history_path(tmp_path):
    """A history of 300 messages in two categories, every third one in a thread."""
    rows = [HISTORY_CSV_HEADER]
    for n in range(300):
        sent_at = (STARTED_AT + timedelta(minutes=n)).isoformat()
        rows.append(
            f"{sent_at},{'general' if n % 2 else 'rayonism☀'},chat,{'help' if n % 3 == 0 else ''},{n % 7},{n},{n % 2}"
        )
    path = tmp_path / "history.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def _replay_file(client, path, **window):
    return asyncio.to_thread(lambda: replay(path, guild="Replayed", client=client, **window))


async def test_rows_arrive_with_times_channels_threads_and_authors(sim, bot, history_path):
    result = await _replay_file(sim.client, history_path)
    assert result.sent == 300
    await wait_until(lambda: len(bot.messages) == 300)
    assert [message.created_at for message in bot.messages] == [STARTED_AT + timedelta(minutes=n) for n in range(300)]
    guild = bot.get_guild(result.guild_id)
    assert guild.owner_id == (await asyncio.to_thread(sim.client.get_snapshot)).personas["owner"]
    assert sorted((channel.category.name, channel.name) for channel in guild.text_channels) == [
        ("general", "chat"),
        ("rayonism☀", "chat"),
    ]
    assert {thread.name for thread in guild.threads} == {"help"}
    assert sum(message.channel.type.name == "public_thread" for message in bot.messages) == 100
    assert {message.author.name for message in bot.messages} == {f"author-{n}" for n in range(7)}


async def test_second_replay_has_the_same_guild_and_the_same_ids(sim, bot, history_path):
    first_result = await _replay_file(sim.client, history_path)
    second_result = await _replay_file(sim.client, history_path)
    await wait_until(lambda: len(bot.messages) == 600)
    assert first_result == second_result
    assert [message.id for message in bot.messages[:300]] == [message.id for message in bot.messages[300:]]


async def test_window_has_the_same_ids_as_the_full_history(sim, bot, history_path):
    await _replay_file(sim.client, history_path)
    await _replay_file(sim.client, history_path, end=STARTED_AT.date())
    assert (
        await _replay_file(sim.client, history_path, start=STARTED_AT.date(), end=STARTED_AT.date() + timedelta(days=1))
    ).sent == 300


@pytest.mark.parametrize("row", ["nonsense", "2031-01-01T00:00:00Z,general,chat,,1,10,0"])
async def test_history_with_an_invalid_row_sends_nothing(sim, bot, history_path, row):
    with history_path.open("a") as file:
        file.write(f"{row}\n")
    with pytest.raises(HistoryFormatError) as error_info:
        await _replay_file(sim.client, history_path)
    assert [problem.line for problem in error_info.value.problems] == [302]
    await asyncio.sleep(0.1)
    assert bot.messages == []


@pytest.mark.parametrize("fault", ["drop_sockets", "request_reconnect", "invalidate_sessions"])
async def test_every_message_arrives_when_the_connection_is_lost_between_chunks(sim, bot, fault):
    def create_rows(start):
        return [
            [(STARTED_AT + timedelta(seconds=n)).isoformat(), "", "chat", "", "1", 5, 0]
            for n in range(start, start + 500)
        ]

    def replay_with_fault():
        key, _ = sim.client.begin_replay(f"Broken by {fault}")
        for start in range(0, 5000, 500):
            sim.client.send_replay_rows(key, create_rows(start))
            if start == 2000:
                getattr(sim.client, fault)()
        return sim.client.finish_replay(key)

    assert await asyncio.to_thread(replay_with_fault) == 5000
    await wait_until(lambda: len({message.id for message in bot.messages}) == 5000)
    if fault != "invalidate_sessions":
        assert len(bot.messages) == 5000


async def test_replay_without_a_bot_is_an_error(sim):
    key, _ = await asyncio.to_thread(sim.client.begin_replay, "Without bot", reconnect_timeout=0.2)
    row = [STARTED_AT.isoformat(), "", "chat", "", "1", 5, 0]
    with pytest.raises(ServiceUnavailable, match=texts.format_no_bot("Without bot")):
        await asyncio.to_thread(sim.client.send_replay_rows, key, [row])


@pytest.mark.parametrize("attachments", [0, 2])
def test_fast_serialization_of_a_plain_message_equals_the_full_one(attachments):
    world = World()
    guild = create_guild(world, name="G")
    channel = create_channel(world, guild, name="c")
    author = create_user(world, name='Ada "the first"')
    join(world, guild, author)
    message = messages.send_message(world, channel, author_id=author.id, length=40, attachments=attachments)
    events = [orjson.loads(body) for body in serialize_plain_event(world, message)]
    assert events == [orjson.loads(orjson.dumps(shape)) for shape in serialize_message_event(world, message)]
