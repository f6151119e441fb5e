"""The world outlives its process, and lives."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import orjson
import pytest

from herwa_sim.population import Population, liveliness
from herwa_sim.store import dump, load, write
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


async def test_people_go_on_living(tmp_path):
    process = await asyncio.to_thread(SimProcess, tmp_path)
    try:
        async with connected(process) as bot:
            names = {guild.name for guild in bot.guilds}
            assert names == {"Garden Club", "Pixel Forge", "週末カメラ部"}
            assert all(8 <= guild.member_count <= 40 for guild in bot.guilds)
            assert any(guild.threads for guild in bot.guilds)
            await asyncio.to_thread(process.client.set_population, True, speed=500)
            await until(lambda: len(bot.messages) > 150 and any(one.webhook_id for one in bot.messages))
            await asyncio.to_thread(process.client.set_population, False)
        assert {one.guild.name for one in bot.messages} == names
        assert {"edit", "delete"} <= {kind for kind, _ in bot.told}
        assert any(one.author.bot and not one.webhook_id for one in bot.messages)
    finally:
        await asyncio.to_thread(process.close)


async def test_population_is_the_same_for_the_same_seed():
    async def deeds() -> list[tuple[int, int]]:
        world = World()
        people = Population(world)
        people.start()
        people.stop()
        for _ in range(200):
            people._act(next(iter(world.guilds.values())))
        return [(one.channel_id, one.author_id) for recent in world.messages.values() for one in recent]

    assert await deeds() == await deeds()


def test_evenings_are_livelier_than_mornings():
    assert liveliness(datetime(2024, 1, 1, 19, tzinfo=UTC)) > 3 * liveliness(datetime(2024, 1, 1, 7, tzinfo=UTC))


def test_half_written_file_is_never_read(tmp_path):
    path = tmp_path / "world.json"
    write(path, dump(World()))
    path.with_suffix(".new").write_bytes(b"{")
    assert load(path).guilds == {}
    assert orjson.loads(path.read_bytes())["users"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stop_is_clean_with_a_bot_connected(own_sim, number):
    async with connected(own_sim) as bot:
        assert bot.is_ready()
        assert await asyncio.to_thread(own_sim.stop, number) == 0
