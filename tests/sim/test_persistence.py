"""The world of the local Discord is saved to disk and survives restarts and kills."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import orjson
import pytest
from discord import MessageType

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions.channels import create_channel, create_thread
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.messages import send_message
from herwa_sim.actions.reactions import add_reaction
from herwa_sim.actions.voice import move_member
from herwa_sim.persistence import dump_world, load_world, write_atomically
from herwa_sim.world import World
from tests.sim.recording_bot import connect_bot, wait_until
from tests.support.sim_process import REPOSITORY_ROOT, SimProcess

pytestmark = pytest.mark.slow


def _create_sample_data(sim: SimProcess) -> tuple[int, int, int, int]:
    """Create a guild, a channel, a thread, a member and a message.

    Returns the ids of the first four.
    """
    guild = sim.client.create_guild("Kept")
    channel = sim.client.create_channel(guild, "kept")
    thread = sim.client.create_thread(channel, "kept, too")
    member = sim.client.join(guild, "Ada")
    sim.client.send_message(channel, member, content="a canary sang")
    return guild, channel, thread, member


async def test_world_and_commands_survive_a_restart(own_sim):
    sample_ids = await asyncio.to_thread(_create_sample_data, own_sim)
    guild, channel, thread, member = sample_ids
    async with connect_bot(own_sim):
        pass
    assert await asyncio.to_thread(own_sim.stop) == 0
    await asyncio.to_thread(own_sim.start)
    async with connect_bot(own_sim) as bot:
        assert bot.get_channel(channel).name == "kept"
        assert bot.get_channel(thread).parent_id == channel
        assert bot.get_guild(guild).get_member(member)
        messages = [(message.type, len(message.content)) async for message in bot.get_channel(channel).history()]
        assert messages == [(MessageType.default, len("a canary sang")), (MessageType.thread_created, 0)]
        assert (await asyncio.to_thread(own_sim.client.run_command, channel, member, "stats")).responded
    assert b"canary" not in (own_sim.folder.path / "sim" / "world.json").read_bytes()


def test_world_survives_a_kill(own_sim):
    guild, channel, _, _ = _create_sample_data(own_sim)
    time.sleep(1.2)
    assert own_sim.stop(signal.SIGKILL) == -signal.SIGKILL
    own_sim.start()
    assert own_sim.client.create_guild("Kept") == guild
    assert own_sim.client.create_channel(guild, "kept") == channel


async def test_bot_reconnects_after_a_restart(own_sim):
    _, channel, _, member = await asyncio.to_thread(_create_sample_data, own_sim)
    async with connect_bot(own_sim) as bot:
        await asyncio.to_thread(own_sim.stop)
        await asyncio.to_thread(own_sim.start)
        # discord.py waits a random time between its attempts, up to a minute after a few of them.
        await wait_until(lambda: bot.recorded_events.count(("identify", 0)) == 2, 90)
        await wait_until(lambda: bot.recorded_events.count(("available", bot.guilds[0].id)) == 2)
        message_id = await asyncio.to_thread(own_sim.client.send_message, channel, member)
        await wait_until(lambda: [message.id for message in bot.messages] == [message_id])


def test_supervised_process_stops_with_its_supervisor(tmp_path):
    environment = {**os.environ, "HERWA_DATA_DIR": str(tmp_path), "HERWA_SUPERVISED": "1"}
    command = [sys.executable, "-m", "herwa_sim", "--quiet"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, cwd=REPOSITORY_ROOT, stdin=pipe, stderr=pipe) as process:
        assert b"local Discord is ready" in process.stderr.readline()
        process.stdin.close()
        assert process.wait(5) == 0


def test_second_process_on_the_same_folder_is_refused_and_changes_nothing(own_sim):
    world = own_sim.folder.path / "sim" / "world.json"
    _create_sample_data(own_sim)
    time.sleep(1.2)
    modified_at = world.stat().st_mtime_ns
    environment = {**os.environ, "HERWA_DATA_DIR": str(own_sim.folder.path)}
    command = [sys.executable, "-m", "herwa_sim", "--quiet"]
    completed = subprocess.run(
        command, env=environment, cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert completed.returncode == 1
    assert str(own_sim.folder.get_or_create_port("sim")) in completed.stderr
    assert world.stat().st_mtime_ns == modified_at


def test_incomplete_file_is_never_read(tmp_path):
    path = tmp_path / "world.json"
    write_atomically(path, dump_world(World()))
    path.with_suffix(".new").write_bytes(b"{")
    assert load_world(path).guilds == {}
    assert orjson.loads(path.read_bytes())["users"]


def test_world_saved_before_voice_existed_is_loaded(tmp_path):
    world = World()
    guild = create_guild(world, name="Old")
    thread = create_thread(world, create_channel(world, guild, name="general"), name="aside", owner_id=guild.owner_id)
    message = send_message(world, thread, author_id=guild.owner_id, length=3)
    world_data = orjson.loads(dump_world(world))
    del (
        world_data["guilds"][0]["voice"],
        world_data["guilds"][0]["afk_channel_id"],
        world_data["messages"][0]["reactions"],
    )
    del world_data["guilds"][0]["threads"][str(thread.id)]["members"]
    path = tmp_path / "world.json"
    path.write_bytes(orjson.dumps(world_data))
    loaded = load_world(path)
    assert loaded.get_guild(guild.id).voice == {}
    assert loaded.get_channel(thread.id).members == {}
    assert loaded.get_message(thread.id, message.id).reactions == {}


def test_voice_reactions_and_thread_members_are_saved(tmp_path):
    world = World()
    guild = create_guild(world, name="New")
    voice_channel = create_channel(world, guild, name="lounge", type_=ChannelType.VOICE)
    thread = create_thread(world, create_channel(world, guild, name="general"), name="aside", owner_id=guild.owner_id)
    message = send_message(world, thread, author_id=guild.owner_id, length=3)
    add_reaction(world, thread, message.id, guild.owner_id, "🌻")
    move_member(world, guild, guild.owner_id, voice_channel.id, streaming=True)
    path = tmp_path / "world.json"
    write_atomically(path, dump_world(world))
    loaded = load_world(path)
    assert loaded.get_guild(guild.id).voice == guild.voice
    assert loaded.get_channel(thread.id).members == thread.members
    assert loaded.get_message(thread.id, message.id).reactions == {"🌻": [guild.owner_id]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stop_with_a_connected_bot_exits_with_0(own_sim, number):
    async with connect_bot(own_sim) as bot:
        assert bot.is_ready()
        assert await asyncio.to_thread(own_sim.stop, number) == 0
