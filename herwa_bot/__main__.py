"""Entry point of the bot process: `python -m herwa_bot`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

from herwa_bot.access.guard import Guard
from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.periodic import build_detail, record_heartbeat, send_final_heartbeat, tick_forever
from herwa_bot.collector.voice_tracker import load_voice_sessions
from herwa_bot.discord_endpoints import find_dashboard_url, find_discord_url, get_bot_token, set_discord_url
from herwa_bot.runner import run_forever
from herwa_bot.surfaces import collect_surfaces, register_with_retry
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord.guild_reader import open_guild_reader
from herwa_shared.errors import format_reason
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.heartbeat import run_heartbeats
from herwa_shared.runtime.metrics_server import serve_metrics
from herwa_shared.runtime.process_health import HealthMonitor, monitor_health
from herwa_shared.runtime.shutdown import wait_for_shutdown
from herwa_shared.services import processes
from herwa_shared.services.collection_gaps import load_open_gaps
from herwa_shared.services.join_message_periods import load_open_join_message_periods
from herwa_shared.services.process_details import BotDetail
from herwa_shared.services.process_metrics import build_process_metrics
from herwa_shared.stores import Stores, open_stores

log = get_logger("herwa_bot")

SHUTDOWN_TIMEOUT_SECONDS = 1.0
PERMISSION_CACHE_SECONDS = 2.0
"""`/why` must show what a manager has just changed in Discord."""


async def run(settings: Settings) -> int:
    """Run the bot until a shutdown signal arrives. Returns the exit code of the process."""
    folder = DataFolder(settings.data_dir)
    if url := find_discord_url(settings, folder):
        set_discord_url(url)
    token = get_bot_token(settings, folder)
    async with (
        open_stores(settings) as stores,
        open_guild_reader(settings, cache_seconds=PERMISSION_CACHE_SECONDS) as guild_reader,
        _open_guard(stores) as guard,
        monitor_health() as monitor,
        _open_writer(stores.database, guard, monitor, folder) as writer,
    ):
        shutdown_task = asyncio.create_task(wait_for_shutdown())
        try:
            return await run_forever(
                stores,
                writer,
                guard,
                guild_reader,
                token,
                message_content=settings.discord.message_content,
                dashboard_url=find_dashboard_url(settings),
                shutdown_task=shutdown_task,
            )
        finally:
            shutdown_task.cancel()


@asynccontextmanager
async def _open_guard(stores: Stores) -> AsyncIterator[Guard]:
    """Open the guard and its policy cache; register the bot's surfaces in the background."""
    surfaces = collect_surfaces()
    cache = PolicyCache(stores.database, stores.database_url, surfaces)
    registration_task = asyncio.create_task(register_with_retry(stores.database, surfaces))
    async with cache.run():
        try:
            yield Guard(cache, surfaces, stores.database)
        finally:
            registration_task.cancel()
            await asyncio.gather(registration_task, return_exceptions=True)


@asynccontextmanager
async def _open_writer(
    database: Database, guard: Guard, monitor: HealthMonitor, folder: DataFolder
) -> AsyncIterator[EventWriter]:
    """Run the event writer, the heartbeat, the metrics and the periodic tasks for the duration of the block."""
    async with database.transaction() as session:
        process_id = await processes.register_process(session, name="bot")
    writer = EventWriter(database, process_id=process_id)
    await load_voice_sessions(database, writer.voice_tracker)
    async with database.transaction() as session:
        writer.gap_tracker.add_open_gaps(await load_open_gaps(session))
        writer.join_message_tracker.add_open_periods(await load_open_join_message_periods(session))

    def build_current_detail() -> BotDetail:
        return build_detail(writer, monitor.read_health(), guard.cache.get_status())

    async def record() -> None:
        await record_heartbeat(writer, database, process_id=process_id, detail=build_current_detail())

    tasks = [
        asyncio.create_task(writer.run()),
        asyncio.create_task(run_heartbeats(record)),
        asyncio.create_task(tick_forever(writer, database)),
    ]
    try:
        async with serve_metrics(folder, "bot", lambda: build_process_metrics(build_current_detail())):
            yield writer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _shutdown(writer, database, process_id=process_id)


async def _shutdown(writer: EventWriter, database: Database, *, process_id: int) -> None:
    """Send the final heartbeat and mark the process as stopped; give up after a timeout."""
    try:
        async with asyncio.timeout(SHUTDOWN_TIMEOUT_SECONDS):
            await send_final_heartbeat(writer, database)
            async with database.transaction() as session:
                await processes.mark_process_stopped(session, process_id=process_id)
    except Exception as error:  # noqa: BLE001 - the process exits in any case
        log.warning("final heartbeat failed", error=format_reason(error))
    log.info("bot stopped", stored=writer.stored_count)


def main() -> None:
    """Read the settings, configure logging and run the bot."""
    settings = Settings()
    folder = DataFolder(settings.data_dir)
    configure_logging(settings.log_level, process_name="bot", user_key=folder.get_log_key())
    sys.exit(uvloop.run(run(settings)))


if __name__ == "__main__":
    main()
