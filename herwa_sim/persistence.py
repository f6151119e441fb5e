"""Keeps the world in the data folder: written whole and in one step, soon after it changed, and read again at start."""

import asyncio
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from pydantic import TypeAdapter

from herwa_shared.log import get_logger
from herwa_sim.entities import Application, Channel, Guild, Json, Message, User, Webhook
from herwa_sim.world import World

SAVE_EVERY = 0.5
WRITTEN_A_SECOND = 500_000  # bytes in the mean: a lively world changes all the time, and a disk should have peace

log = get_logger(__name__)


@dataclass(slots=True)
class Snapshot:
    """All of a world that outlives its process. Of what members said only the length is kept."""

    application: Application
    users: list[User]
    guilds: list[Guild]
    webhooks: list[Webhook]
    commands: list[Json]
    messages: list[Message]
    directs: list[Channel] = field(default_factory=list)


_SNAPSHOT = TypeAdapter(Snapshot)


def load(path: Path) -> World:
    """The world as it was saved there, or a new one."""
    world = World()
    if not path.exists():
        return world
    kept = _SNAPSHOT.validate_json(path.read_bytes())
    world.application = kept.application
    world.users |= {user.id: user for user in kept.users}
    world.guilds = {guild.id: guild for guild in kept.guilds}
    world.webhooks = {webhook.id: webhook for webhook in kept.webhooks}
    for guild in kept.guilds:
        world.channels |= guild.channels | guild.threads
    for channel in kept.directs:
        world.channels[channel.id] = world.directs[channel.recipient_id or 0] = channel
    for command in kept.commands:
        guild_id = int(command["guild_id"]) if "guild_id" in command else None
        world.commands[guild_id][int(command["id"])] = command
    for message in kept.messages:
        world.messages[message.channel_id].append(message)
    return world


def dump(world: World) -> bytes:
    """The world as bytes for `load`."""
    snapshot = Snapshot(
        application=world.application,
        users=list(world.users.values()),
        guilds=list(world.guilds.values()),
        webhooks=list(world.webhooks.values()),
        commands=[command for commands in world.commands.values() for command in commands.values()],
        messages=[_kept(world, message) for recent in world.messages.values() for message in recent],
        directs=list(world.directs.values()),
    )
    return orjson.dumps(snapshot, option=orjson.OPT_NON_STR_KEYS)


def write(path: Path, content: bytes) -> None:
    """Replace the file in one step, so that a kill at any moment leaves a whole one."""
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


async def keep(world: World, path: Path) -> None:
    """Save the world whenever it has changed, until cancelled; then once more."""
    saved = -1
    writing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    writing.set_result(None)
    try:
        while True:
            if saved != world.version:
                saved = world.version
                content = dump(world)
                writing = asyncio.ensure_future(asyncio.to_thread(write, path, content))
                await asyncio.shield(writing)
                await asyncio.sleep(len(content) / WRITTEN_A_SECOND)
            await asyncio.sleep(SAVE_EVERY)
    finally:
        await writing  # a thread cannot be cancelled, and the last word must be the newest
        write(path, dump(world))
        log.info("world kept", guilds=len(world.guilds), users=len(world.users))


def _kept(world: World, message: Message) -> Message:
    if message.content is None or message.author_id == world.bot.id:
        return message
    return replace(message, content=None)
