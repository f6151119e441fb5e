"""Servers of the local Discord in which something happens all the time, at the same rate in every round."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.environment import connect_sim
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.client.client import SimClient

TEXT, VOICE = 0, 2
TICK_SECONDS = 1.0
VOICE_EVERY_TICKS = 10
STATUS_EVERY_TICKS = 7
MEMBER_COUNT = 20


@dataclass(frozen=True, slots=True)
class LivingServer:
    """A server, its channels, members, and the managers who log in."""

    id: int
    text_channels: tuple[int, ...]
    voice_channel: int
    members: tuple[int, ...]
    managers: tuple[int, ...]


def create_living_server(sim: SimClient, name: str, *, manager_count: int) -> LivingServer:
    """Create a server with members and so many managers."""
    guild_id = sim.create_guild(name)
    role_id = sim.create_role(guild_id, "Staff", permissions=MANAGE_GUILD)
    members = tuple(sim.join(guild_id, f"{name} member {number}") for number in range(MEMBER_COUNT))
    managers = tuple(sim.join(guild_id, f"{name} manager {number}") for number in range(manager_count))
    for manager in managers:
        sim.set_roles(guild_id, manager, [role_id])
    return LivingServer(
        guild_id,
        tuple(sim.create_channel(guild_id, f"channel-{number}", type_=TEXT) for number in range(5)),
        sim.create_channel(guild_id, "Voice", type_=VOICE),
        members,
        managers,
    )


@contextmanager
def keep_alive(folder: DataFolder, servers: list[LivingServer]) -> Iterator[None]:
    """Let members of all servers write every second, and come and go in voice, while the block runs."""
    stopped = threading.Event()
    thread = threading.Thread(target=_run, args=(folder, servers, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _run(folder: DataFolder, servers: list[LivingServer], stopped: threading.Event) -> None:
    sim, tick = connect_sim(folder), 0
    next_at = time.monotonic()
    while not stopped.wait(max(0.0, next_at - time.monotonic())):
        next_at += TICK_SECONDS
        for number, server in enumerate(servers):
            _act(sim, server, tick + number)
        tick += 1
    sim.close()


def _act(sim: SimClient, server: LivingServer, tick: int) -> None:
    member = server.members[tick % MEMBER_COUNT]
    sim.send_message(server.text_channels[tick % len(server.text_channels)], member, length=20)
    if tick % VOICE_EVERY_TICKS == 0:
        is_leaving = tick // VOICE_EVERY_TICKS % 2
        sim.move_member(server.id, server.members[0], None if is_leaving else server.voice_channel)
    if tick % STATUS_EVERY_TICKS == 0:
        sim.set_status(server.members[1], "offline" if tick // STATUS_EVERY_TICKS % 2 else "online")
