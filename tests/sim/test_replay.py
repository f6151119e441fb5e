"""A replay through the gateway: every row once, whatever the connection does."""

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from herwa.commands.replay import BadHistory, replay
from herwa_shared.errors import Unreachable
from herwa_sim.actions import messages
from herwa_sim.actions.channels import create_channel
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.members import create_user, join
from herwa_sim.serialize.messages import message_event, plain_event
from herwa_sim.world import World
from tests.sim.bot import until
from tests.sim.test_history import HEADER

BEGAN = datetime(2021, 5, 1, tzinfo=UTC)


@pytest.fixture
def history(tmp_path):
    """300 messages in two categories, every third in a thread."""
    rows = [HEADER]
    for n in range(300):
        when = (BEGAN + timedelta(minutes=n)).isoformat()
        rows.append(
            f"{when},{'general' if n % 2 else 'rayonism☀'},chat,{'help' if n % 3 == 0 else ''},{n % 7},{n},{n % 2}"
        )
    path = tmp_path / "history.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def _sent(client, path, **window):
    return asyncio.to_thread(lambda: replay(path, guild="Replayed", client=client, **window))


async def test_rows_arrive_with_their_times_channels_threads_and_authors(sim, bot, history):
    done = await _sent(sim.client, history)
    assert done.sent == 300
    await until(lambda: len(bot.messages) == 300)
    assert [one.created_at for one in bot.messages] == [BEGAN + timedelta(minutes=n) for n in range(300)]
    guild = bot.get_guild(done.guild_id)
    assert guild.owner_id == (await asyncio.to_thread(sim.client.state)).personas["owner"]
    assert sorted((one.category.name, one.name) for one in guild.text_channels) == [
        ("general", "chat"),
        ("rayonism☀", "chat"),
    ]
    assert {thread.name for thread in guild.threads} == {"help"}
    assert sum(one.channel.type.name == "public_thread" for one in bot.messages) == 100
    assert {one.author.name for one in bot.messages} == {f"author-{n}" for n in range(7)}


async def test_second_replay_has_the_same_guild_and_the_same_ids(sim, bot, history):
    first = await _sent(sim.client, history)
    second = await _sent(sim.client, history)
    await until(lambda: len(bot.messages) == 600)
    assert first == second
    assert [one.id for one in bot.messages[:300]] == [one.id for one in bot.messages[300:]]


async def test_window_has_the_same_ids_as_the_whole(sim, bot, history):
    await _sent(sim.client, history)
    await _sent(sim.client, history, end=BEGAN.date())
    assert (await _sent(sim.client, history, start=BEGAN.date(), end=BEGAN.date() + timedelta(days=1))).sent == 300


async def test_bad_row_sends_nothing(sim, bot, history):
    with history.open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(BadHistory, match="Line 302"):
        await _sent(sim.client, history)
    await asyncio.sleep(0.1)
    assert bot.messages == []


@pytest.mark.parametrize("fault", ["drop_sockets", "ask_to_reconnect", "invalidate_sessions"])
async def test_every_message_arrives_when_the_connection_is_lost_between_chunks(sim, bot, fault):
    def rows(first):
        return [
            [(BEGAN + timedelta(seconds=n)).isoformat(), "", "chat", "", "1", 5, 0] for n in range(first, first + 500)
        ]

    def send():
        key, _ = sim.client.begin_replay(f"Broken by {fault}")
        for first in range(0, 5000, 500):
            sim.client.replay_rows(key, rows(first))
            if first == 2000:
                getattr(sim.client, fault)()
        return sim.client.finish_replay(key)

    assert await asyncio.to_thread(send) == 5000
    await until(lambda: len({one.id for one in bot.messages}) == 5000)
    if fault != "invalidate_sessions":
        assert len(bot.messages) == 5000


async def test_replay_without_a_bot_says_so(sim):
    key, _ = await asyncio.to_thread(sim.client.begin_replay, "Nobody home", patience=0.2)
    row = [BEGAN.isoformat(), "", "chat", "", "1", 5, 0]
    with pytest.raises(Unreachable, match="No bot is connected for the server Nobody home"):
        await asyncio.to_thread(sim.client.replay_rows, key, [row])


@pytest.mark.parametrize("attachments", [0, 2])
def test_fast_way_of_a_plain_message_says_the_same_as_the_long_one(attachments):
    world = World()
    guild = create_guild(world, name="G")
    channel = create_channel(world, guild, name="c")
    ada = create_user(world, name='Ada "the first"')
    join(world, guild, ada)
    message = messages.say(world, channel, author_id=ada.id, length=40, attachments=attachments)
    fast = [orjson.loads(body) for body in plain_event(world, message)]
    assert fast == [orjson.loads(orjson.dumps(shape)) for shape in message_event(world, message)]
