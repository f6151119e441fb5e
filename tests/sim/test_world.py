"""The world outlives its process."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import orjson
import pytest

from herwa_sim.actions.channels import create_channel, create_thread
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.messages import say
from herwa_sim.actions.reactions import react
from herwa_sim.actions.voice import move
from herwa_sim.entities import ChannelType
from herwa_sim.persistence import dump, load, write
from herwa_sim.world import World
from tests.sim.bot import connected, until
from tests.sim.process import CHECKOUT, SimProcess


def _fill(sim: SimProcess) -> tuple[int, int, int, int]:
    guild = sim.client.create_guild("Kept")
    channel = sim.client.create_channel(guild, "kept")
    thread = sim.client.create_thread(channel, "kept, too")
    member = sim.client.join(guild, "Ada")
    sim.client.say(channel, member, content="a canary sang")
    return guild, channel, thread, member


async def test_world_and_commands_survive_a_restart(own_sim):
    filled = await asyncio.to_thread(_fill, own_sim)
    guild, channel, thread, member = filled
    async with connected(own_sim):
        pass
    assert await asyncio.to_thread(own_sim.stop) == 0
    await asyncio.to_thread(own_sim.start)
    async with connected(own_sim) as bot:
        assert bot.get_channel(channel).name == "kept"
        assert bot.get_channel(thread).parent_id == channel
        assert bot.get_guild(guild).get_member(member)
        assert [len(one.content) async for one in bot.get_channel(channel).history()] == [len("a canary sang")]
        assert (await asyncio.to_thread(own_sim.client.command, channel, member, "stats")).answered
    assert b"canary" not in (own_sim.folder.path / "sim" / "world.json").read_bytes()


def test_world_survives_a_kill(own_sim):
    guild, channel, _, _ = _fill(own_sim)
    time.sleep(1.2)
    assert own_sim.stop(signal.SIGKILL) == -signal.SIGKILL
    own_sim.start()
    assert own_sim.client.create_guild("Kept") == guild
    assert own_sim.client.create_channel(guild, "kept") == channel


async def test_bot_finds_its_way_back_after_a_restart(own_sim):
    _, channel, _, member = await asyncio.to_thread(_fill, own_sim)
    async with connected(own_sim) as bot:
        await asyncio.to_thread(own_sim.stop)
        await asyncio.to_thread(own_sim.start)
        await until(lambda: bot.told.count(("identify", 0)) == 2, 20)
        await until(lambda: bot.told.count(("available", bot.guilds[0].id)) == 2)
        said = await asyncio.to_thread(own_sim.client.say, channel, member)
        await until(lambda: [one.id for one in bot.messages] == [said])


def test_supervised_process_ends_with_its_supervisor(tmp_path):
    environment = {**os.environ, "HERWA_DATA_DIR": str(tmp_path), "HERWA_SUPERVISED": "1"}
    command = [sys.executable, "-m", "herwa_sim", "--quiet"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, cwd=CHECKOUT, stdin=pipe, stderr=pipe) as process:
        assert b"local Discord is ready" in process.stderr.readline()
        process.stdin.close()
        assert process.wait(5) == 0


def test_second_process_on_the_same_folder_touches_nothing_and_says_that_one_is_running(own_sim):
    world = own_sim.folder.path / "sim" / "world.json"
    _fill(own_sim)
    time.sleep(1.2)
    before = world.stat().st_mtime_ns
    environment = {**os.environ, "HERWA_DATA_DIR": str(own_sim.folder.path)}
    command = [sys.executable, "-m", "herwa_sim", "--quiet"]
    ended = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Is it running already?" in ended.stderr
    assert world.stat().st_mtime_ns == before


def test_half_written_file_is_never_read(tmp_path):
    path = tmp_path / "world.json"
    write(path, dump(World()))
    path.with_suffix(".new").write_bytes(b"{")
    assert load(path).guilds == {}
    assert orjson.loads(path.read_bytes())["users"]


def test_a_world_that_was_kept_before_there_was_voice_is_read(tmp_path):
    world = World()
    guild = create_guild(world, name="Old")
    thread = create_thread(world, create_channel(world, guild, name="general"), name="aside", owner_id=guild.owner_id)
    said = say(world, thread, author_id=guild.owner_id, length=3)
    kept = orjson.loads(dump(world))
    del kept["guilds"][0]["voice"], kept["guilds"][0]["afk_channel_id"], kept["messages"][0]["reactions"]
    del kept["guilds"][0]["threads"][str(thread.id)]["members"]
    path = tmp_path / "world.json"
    path.write_bytes(orjson.dumps(kept))
    again = load(path)
    assert again.guild(guild.id).voice == {}
    assert again.channel(thread.id).members == {}
    assert again.message(thread.id, said.id).reactions == {}


def test_voice_reactions_and_who_joined_a_thread_are_kept(tmp_path):
    world = World()
    guild = create_guild(world, name="New")
    hall = create_channel(world, guild, name="lounge", type_=ChannelType.VOICE)
    thread = create_thread(world, create_channel(world, guild, name="general"), name="aside", owner_id=guild.owner_id)
    said = say(world, thread, author_id=guild.owner_id, length=3)
    react(world, thread, said.id, guild.owner_id, "🌻")
    move(world, guild, guild.owner_id, hall.id, streaming=True)
    path = tmp_path / "world.json"
    write(path, dump(world))
    again = load(path)
    assert again.guild(guild.id).voice == guild.voice
    assert again.channel(thread.id).members == thread.members
    assert again.message(thread.id, said.id).reactions == {"🌻": [guild.owner_id]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stop_is_clean_with_a_bot_connected(own_sim, number):
    async with connected(own_sim) as bot:
        assert bot.is_ready()
        assert await asyncio.to_thread(own_sim.stop, number) == 0
