"""What `herwa up` says when everything answers: where, which servers there are, and what to type next."""

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

from herwa.roster import truly_living
from herwa.say import say
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.models import Guild
from herwa_shared.services.guilds import known_guilds

READY_SECONDS = 90.0
POLL_SECONDS = 0.2
NAMED_GUILDS = 5


async def welcome(settings: Settings, *, database_url: str, began: float) -> None:
    """Wait until API and bot are ready, then say so. `began` is when the start began, on the monotonic clock."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await _api_answers(settings.port)
            guilds = await _bot_listens(database_url)
    except TimeoutError:
        say(f"not everything is ready after {READY_SECONDS:.0f} s: `{to_type('status')}` says more")
        return
    say(f"ready after {time.monotonic() - began:.0f} s at {settings.origin}/api/openapi.json")
    for line in _next_steps(settings, guilds):
        say(line)
    say("Ctrl-C stops everything")


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


async def _api_answers(port: int) -> None:
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


def _next_steps(settings: Settings, guilds: Sequence[Guild]) -> list[str]:
    where = "the local Discord" if settings.discord.is_local else (settings.discord.url or "Discord")
    if not guilds:
        return [f"the bot listens to {where} and is in no server yet: invite it to one"]
    number = f"{len(guilds):,} servers" if len(guilds) > 1 else "one server"
    width = max(len(str(guild.id)) for guild in guilds[:NAMED_GUILDS])
    left_out = [f"  and {len(guilds) - NAMED_GUILDS:,} more"] if len(guilds) > NAMED_GUILDS else []
    first = guilds[0].id
    return [
        f"the bot listens to {number} of {where}:",
        *(f"  {guild.id:<{width}}  {guild.name}" for guild in guilds[:NAMED_GUILDS]),
        *left_out,
        "get a key, in another terminal, and ask with it:",
        f"  {to_type('keys', 'create', '--guild', str(first), '--name', 'first')}",
        f"  curl -H 'Authorization: Bearer KEY' {settings.origin}/api/guilds/{first}/stats",
    ]
