"""The past of the local Discord's servers: brought in once, when a copy is started for the first time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from herwa.commands.replay import note_when_known
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import NotFound, Unreachable
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.guilds import choose_zone
from herwa_shared.services.imported_periods import guilds_with_history
from herwa_sim.client.client import SimClient

SAY_EVERY = 3.0
ATTEMPTS = 5
REST_SECONDS = 2.0
SOURCE = "replay"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The past of one server, as the local Discord has it ready."""

    key: str
    guild_id: int
    name: str
    begin: datetime
    end: datetime
    messages: int
    zone: str


async def bring_the_past(settings: Settings, folder: DataFolder, database_url: str, say: Say) -> dict[str, int]:
    """Send the past of each living server that has none yet; how many messages, by the server's name.

    Needs a running local Discord and a bot that is connected to it. What is interrupted is told again from the start
    the next time, which adds nothing twice. Raises Unreachable when bot or local Discord stay away.
    """
    if not settings.demo_days or not settings.discord.is_local:
        return {}
    client = SimClient(f"http://127.0.0.1:{folder.port('sim')}", folder.secret("sim_control"))
    database = Database(database_url, pool_size=1)
    try:
        return await _bring(client, database, settings.demo_days, say)
    finally:
        client.close()
        await database.close()


async def _bring(client: SimClient, database: Database, days: int, say: Say) -> dict[str, int]:
    async with database.transaction() as session:
        known = await guilds_with_history(session, source=SOURCE)
    state = await asyncio.to_thread(client.state)
    missing = [guild for guild in state.guilds if guild.lively and guild.id not in known]
    began, brought = time.monotonic(), {}
    for guild in missing:
        stretch = await _tell_again(client, guild.id, days, say)
        await note_when_known(database, stretch.guild_id, stretch.begin, stretch.end)
        async with database.transaction() as session:
            await choose_zone(session, guild_id=stretch.guild_id, zone=ZoneInfo(stretch.zone))
        brought[stretch.name] = stretch.messages
    if brought:
        whose = "one server has" if len(brought) == 1 else f"{len(brought)} servers have"
        seconds = time.monotonic() - began
        say(f"{whose} a past of {days} days now: {sum(brought.values()):,} messages after {seconds:.0f} s")
    return brought


async def _tell_again(client: SimClient, guild_id: int, days: int, say: Say) -> Stretch:
    """Tell it, anew if the local Discord or the bot went away meanwhile and came back."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _tell(client, guild_id, days, say)
        except (NotFound, Unreachable):
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(REST_SECONDS)
    raise AssertionError("the last attempt returns or raises")


async def _tell(client: SimClient, guild_id: int, days: int, say: Say) -> Stretch:
    begun = await asyncio.to_thread(client.call, "past/begin", guild_id=str(guild_id), days=days)
    stretch = _stretch(begun)
    say(f"bringing {days} days of past into {stretch.name} …")
    said, done = time.monotonic(), False
    while not done:
        told = await asyncio.to_thread(client.call, "past/step", key=stretch.key)
        done = told["done"]
        if not done and time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            say(f"  {told['sent']:,} of {stretch.messages:,} messages")
    await asyncio.to_thread(client.call, "past/finish", key=stretch.key)
    return stretch


def _stretch(begun: dict[str, Any]) -> Stretch:
    (guild,) = begun["guilds"]
    return Stretch(
        key=begun["key"],
        guild_id=int(guild["guild_id"]),
        name=guild["name"],
        begin=datetime.fromisoformat(guild["from"]),
        end=datetime.fromisoformat(guild["to"]),
        messages=guild["messages"],
        zone=guild["zone"],
    )
