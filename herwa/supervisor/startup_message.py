"""The message of `herwa up` when everything is ready: URLs, demo users, and things to try."""

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

from herwa.commands.demo_history import import_demo_history
from herwa.console import print_line
from herwa.error_messages import describe_error
from herwa.supervisor.process_registry import list_running_processes
from herwa.texts import startup as texts
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError
from herwa_shared.models import Guild
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.guilds import list_guilds
from herwa_shared.services.process_details import BotDetail, parse_detail

READY_TIMEOUT_SECONDS = 90.0
POLL_INTERVAL_SECONDS = 0.2
DISCORD_HOME_URL = "https://discord.com"


async def print_startup_message(
    settings: Settings, folder: DataFolder, *, database_url: str, started_at: float
) -> None:
    """Wait until pages, API and bot are ready, then print the startup message.

    `started_at` is the start of `herwa up` on the monotonic clock, in seconds.
    """
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS):
            await _wait_for_web(settings.port)
            guilds = await _wait_for_bot(database_url)
    except TimeoutError:
        print_line(texts.format_not_ready(READY_TIMEOUT_SECONDS, format_shell_command("status")))
        return
    if settings.discord.is_local and settings.demo_days:
        await _import_history(settings, folder, database_url)
    print_line(texts.format_ready(time.monotonic() - started_at))
    for line in _format_intro(settings, folder, guilds):
        print_line(line)
    print_line(texts.PRESS_CTRL_C)


def format_shell_command(*arguments: str) -> str:
    """Format a command that addresses this copy from another terminal."""
    environment = [f"{name}={shlex.quote(os.environ[name])}" for name in ("HERWA_DATA_DIR",) if os.environ.get(name)]
    return " ".join([*environment, _get_program_name(), *map(shlex.quote, arguments)])


async def _import_history(settings: Settings, folder: DataFolder, database_url: str) -> None:
    """Import the demo history. It is optional: a failure is printed, the next start retries."""
    try:
        await import_demo_history(settings, folder, database_url, print_line)
    except (HerwaError, OSError, SQLAlchemyError) as error:
        print_line(texts.format_import_failed(describe_error(error)))


def _get_program_name() -> str:
    """Get `herwa` if it is on the PATH, else the path by which this process was started."""
    path = Path(sys.argv[0]).absolute()
    if path.name != "herwa" or shutil.which("herwa"):
        return "herwa"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


async def _wait_for_web(port: int) -> None:
    """Wait until pages and API are ready. Both are served on the public port."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get("/readyz")).is_success:
                    return
            await asyncio.sleep(POLL_INTERVAL_SECONDS)


async def _wait_for_bot(database_url: str) -> Sequence[Guild]:
    """Wait until the bot is connected and has stored its servers. Returns the servers."""
    database = Database(database_url, pool_size=1)
    try:
        while True:
            with suppress(OSError, SQLAlchemyError, asyncpg.PostgresError):
                async with database.transaction() as session:
                    details = [
                        parse_detail(process.name, process.detail) for process in await list_running_processes(session)
                    ]
                    guilds = [guild for guild in await list_guilds(session) if guild.left_at is None]
                bots = [detail for detail in details if isinstance(detail, BotDetail)]
                if any(bot.is_connected and bot.guilds <= len(guilds) for bot in bots):
                    return guilds
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
    finally:
        await database.close()


def _format_intro(settings: Settings, folder: DataFolder, guilds: Sequence[Guild]) -> list[str]:
    is_local = settings.discord.is_local
    discord_url = None if is_local else (settings.discord.url or DISCORD_HOME_URL)
    return [
        texts.format_server_count(len(guilds), discord_url),
        "",
        texts.format_open_address(settings.origin),
        "",
        *(_format_demo_hint(f"http://127.0.0.1:{folder.get_or_create_port('sim')}") if is_local else ()),
        *(_format_api_hint(settings, guilds[0]) if guilds else ()),
    ]


def _format_api_hint(settings: Settings, guild: Guild) -> list[str]:
    return [
        texts.format_key_hint(guild.name),
        f"  {format_shell_command('keys', 'create', '--guild', str(guild.id), '--name', 'first')}",
        f"  curl -H 'Authorization: Bearer KEY' {settings.origin}/api/guilds/{guild.id}/stats",
    ]


def _format_demo_hint(sim_url: str) -> list[str]:
    width = max(map(len, texts.PERSONAS))
    suggestions = (texts.TRY_OVERVIEW, texts.format_try_chat(sim_url), texts.format_try_chaos(sim_url))
    return [
        texts.LOG_IN_AS,
        *(f"  {name:<{width}}  {description}" for name, description in texts.PERSONAS.items()),
        texts.THINGS_TO_TRY,
        *(f"  - {suggestion}" for suggestion in suggestions),
    ]
