"""Persistence of the world in the data folder.

The world is saved as one JSON file soon after a change, replaced atomically, and loaded at startup.
"""

import asyncio
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from pydantic import TypeAdapter

from herwa_shared.log import get_logger
from herwa_sim.entities import (
    Json,
    SimApplication,
    SimChannel,
    SimEntitlement,
    SimGuild,
    SimMessage,
    SimSku,
    SimUser,
    SimWebhook,
)
from herwa_sim.world import MAX_SHOWN_MESSAGES, World

SAVE_INTERVAL_SECONDS = 0.5
# Average write rate. A lively world changes all the time, and without a limit it would keep the disk busy.
MAX_BYTES_PER_SECOND = 500_000

log = get_logger(__name__)


@dataclass(slots=True)
class WorldSnapshot:
    """The part of the world that survives a restart.

    Only the length of members' messages is stored, not their text.
    """

    application: SimApplication
    users: list[SimUser]
    guilds: list[SimGuild]
    webhooks: list[SimWebhook]
    commands: list[Json]
    messages: list[SimMessage]
    directs: list[SimChannel] = field(default_factory=list)
    skus: list[SimSku] = field(default_factory=list)
    entitlements: list[SimEntitlement] = field(default_factory=list)


_SNAPSHOT_ADAPTER = TypeAdapter(WorldSnapshot)


def load_world(path: Path) -> World:
    """Load the saved world, or return a new one if there is no file."""
    world = World()
    if not path.exists():
        return world
    snapshot = _SNAPSHOT_ADAPTER.validate_json(path.read_bytes())
    world.application = snapshot.application
    world.users |= {user.id: user for user in snapshot.users}
    world.guilds = {guild.id: guild for guild in snapshot.guilds}
    world.webhooks = {webhook.id: webhook for webhook in snapshot.webhooks}
    world.skus |= {sku.id: sku for sku in snapshot.skus}
    world.entitlements = {entitlement.id: entitlement for entitlement in snapshot.entitlements}
    for guild in snapshot.guilds:
        world.channels |= guild.channels | guild.threads
    for channel in snapshot.directs:
        world.channels[channel.id] = world.direct_channels[channel.recipient_id or 0] = channel
    for command in snapshot.commands:
        guild_id = int(command["guild_id"]) if "guild_id" in command else None
        world.commands[guild_id][int(command["id"])] = command
    for message in snapshot.messages:
        world.messages[message.channel_id].append(message)
    return world


def dump_world(world: World) -> bytes:
    """Serialize the world for `load_world`."""
    snapshot = WorldSnapshot(
        application=world.application,
        users=list(world.users.values()),
        guilds=list(world.guilds.values()),
        webhooks=list(world.webhooks.values()),
        commands=[command for commands in world.commands.values() for command in commands.values()],
        messages=[
            _strip_content(world, message)
            for recent in world.messages.values()
            for message in list(recent)[-MAX_SHOWN_MESSAGES:]
        ],
        directs=list(world.direct_channels.values()),
        skus=list(world.skus.values()),
        entitlements=list(world.entitlements.values()),
    )
    return orjson.dumps(snapshot, option=orjson.OPT_NON_STR_KEYS)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file atomically, so that a kill at any moment leaves a complete file."""
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


async def save_periodically(world: World, path: Path) -> None:
    """Save the world after changes until cancelled, then save once more.

    The pause between saves grows with the file size, see MAX_BYTES_PER_SECOND.
    """
    saved_version = -1
    write_future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    write_future.set_result(None)
    try:
        while True:
            if saved_version != world.version:
                saved_version = world.version
                content = dump_world(world)
                write_future = asyncio.ensure_future(asyncio.to_thread(write_atomically, path, content))
                await asyncio.shield(write_future)
                await asyncio.sleep(len(content) / MAX_BYTES_PER_SECOND)
            await asyncio.sleep(SAVE_INTERVAL_SECONDS)
    finally:
        await write_future  # a thread cannot be cancelled, and the newest state must be written last
        write_atomically(path, dump_world(world))
        log.info("world saved", guilds=len(world.guilds), users=len(world.users))


def _strip_content(world: World, message: SimMessage) -> SimMessage:
    """Return the message without its text; messages of the bot keep it."""
    if message.content is None or message.author_id == world.bot.id:
        return message
    return replace(message, content=None)
