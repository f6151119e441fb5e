"""What `herwa up` says when everything answers: where to look, who one can be, and what to try."""

import asyncio
import os
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
from sqlalchemy.exc import SQLAlchemyError

from herwa.commands.demo_history import bring_the_past
from herwa.console import say
from herwa.error_messages import sentence
from herwa.supervisor.process_registry import truly_living
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError
from herwa_shared.models import Guild
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.guilds import known_guilds

READY_SECONDS = 90.0
POLL_SECONDS = 0.2

PERSONAS = {
    "owner": "owns most servers, and one that the bot is not in yet",
    "manager": "may manage two servers through a role",
    "member": "an ordinary member: sees the bot's answers, not the dashboard",
    "stranger": "is in none of the servers that the bot is in",
    "operator": "runs this Herwa",
}
"""Who one can be on the local Discord."""


async def welcome(settings: Settings, folder: DataFolder, *, database_url: str, began: float) -> None:
    """Wait until pages, API and bot are ready, then say so. `began` is when the start began, on the monotonic clock."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await _pages_answer(settings.port)
            guilds = await _bot_listens(database_url)
    except TimeoutError:
        say(f"not everything is ready after {READY_SECONDS:.0f} s: `{to_type('status')}` says more")
        return
    if settings.discord.is_local and settings.demo_days:
        await _past(settings, folder, database_url)
    say(f"ready after {time.monotonic() - began:.0f} s")
    for line in _first_lines(settings, folder, guilds):
        say(line)
    say("Ctrl-C stops everything")


async def _past(settings: Settings, folder: DataFolder, database_url: str) -> None:
    """Without it Herwa works as well: a failure is said, and the next start goes on."""
    try:
        await bring_the_past(settings, folder, database_url, say)
    except (HerwaError, OSError, SQLAlchemyError) as error:
        say(f"the servers of the local Discord have no past yet: {sentence(error)} The next start goes on with it.")


def to_type(*words: str) -> str:
    """How a person types another command of this very copy, in another terminal."""
    own = [f"{name}={shlex.quote(os.environ[name])}" for name in ("HERWA_DATA_DIR",) if os.environ.get(name)]
    return " ".join([*own, _program(), *map(shlex.quote, words)])


def _program() -> str:
    """`herwa` where that is found, else the path by which it was started."""
    path = Path(sys.argv[0]).absolute()
    if path.name != "herwa" or shutil.which("herwa"):
        return "herwa"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


async def _pages_answer(port: int) -> None:
    """Through the one public port, pages and API."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get("/readyz")).is_success:
                    return
            await asyncio.sleep(POLL_SECONDS)


async def _bot_listens(database_url: str) -> Sequence[Guild]:
    """The servers that the bot is in, as soon as it is connected and has written them down."""
    database = Database(database_url, pool_size=1)
    try:
        while True:
            with suppress(OSError, SQLAlchemyError, asyncpg.PostgresError):
                async with database.transaction() as session:
                    bots = [one for one in await truly_living(session) if one.name == "bot"]
                    guilds = [one for one in await known_guilds(session) if one.left_at is None]
                if any(
                    bot.detail.get("gateway") == "connected" and bot.detail["guilds"] <= len(guilds) for bot in bots
                ):
                    return guilds
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await database.close()


def _first_lines(settings: Settings, folder: DataFolder, guilds: Sequence[Guild]) -> list[str]:
    local = settings.discord.is_local
    where = "the local Discord" if local else (settings.discord.url or "Discord")
    number = "no server yet: invite it to one" if not guilds else "one server" if len(guilds) == 1 else None
    return [
        f"the bot listens to {number or f'{len(guilds):,} servers'} of {where}",
        "",
        f"  open {settings.origin}",
        "",
        *(_to_try(f"http://127.0.0.1:{folder.port('sim')}") if local else ()),
        *(_for_programs(settings, guilds[0]) if guilds else ()),
    ]


def _for_programs(settings: Settings, guild: Guild) -> list[str]:
    return [
        f"programs get a key, this one of {guild.name}:",
        f"  {to_type('keys', 'create', '--guild', str(guild.id), '--name', 'first')}",
        f"  curl -H 'Authorization: Bearer KEY' {settings.origin}/api/guilds/{guild.id}/stats",
    ]


def _to_try(local_discord: str) -> list[str]:
    width = max(map(len, PERSONAS))
    return [
        "log in and be one of these:",
        *(f"  {name:<{width}}  {words}" for name, words in PERSONAS.items()),
        "things to try:",
        "  - as the owner, open a server and pick another range, channel or comparison",
        f"  - at {local_discord} write, join voice or run /server-stats as a member, and watch the numbers move",
        f"  - at {local_discord}/chaos let Discord misbehave: nothing is lost",
    ]
