"""Import the generated history of the local Discord's servers, once, at the first start."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from herwa.commands.import_history import IMPORT_SOURCE, import_source
from herwa.commands.replay import wait_for_guild
from herwa.history_files.history_source import open_history
from herwa.texts import startup as texts
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import NotFound, ServiceUnavailable
from herwa_shared.pipeline.history_import import load_recorded_times
from herwa_shared.retry import RetryPolicy, retry
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.guilds import set_timezone
from herwa_shared.services.imported_periods import list_guilds_with_imports
from herwa_sim.client.client import SimClient

IMPORT_RETRY = RetryPolicy(first_delay_seconds=2.0, max_delay_seconds=2.0, max_attempts=5)

EARLIER_SOURCE = "replay"
"""The source in copies whose history was sent through the gateway, by earlier versions."""

ProgressReporter = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class HistoryPeriod:
    """The history of one server that the local Discord has prepared for import."""

    key: str
    guild_id: int
    name: str
    begin: datetime
    end: datetime
    messages: int
    timezone: str


async def import_demo_history(
    settings: Settings, folder: DataFolder, database_url: str, report: ProgressReporter
) -> dict[str, int]:
    """Import the history of each simulated server that has none yet. Idempotent.

    Needs a running local Discord, which writes the files, and a bot that stores its servers. An interrupted import goes
    on the next time, which counts nothing twice. Returns the number of messages by server name. Raises
    ServiceUnavailable if the local Discord remains unreachable or a server is not stored.
    """
    if not settings.demo_days or not settings.discord.is_local:
        return {}
    client = SimClient(
        f"http://127.0.0.1:{folder.get_or_create_port('sim')}", folder.get_or_create_secret("sim_control")
    )
    database = Database(database_url, pool_size=2, audit_key=load_audit_key(settings, folder))
    try:
        return await _import_missing(client, database, settings.demo_days, report)
    finally:
        client.close()
        await database.close()


async def _import_missing(client: SimClient, database: Database, days: int, report: ProgressReporter) -> dict[str, int]:
    async with database.transaction() as session:
        imported_ids = await list_guilds_with_imports(session, sources=(IMPORT_SOURCE, EARLIER_SOURCE))
    sim_state = await asyncio.to_thread(client.get_snapshot)
    missing = [guild for guild in sim_state.guilds if guild.lively and guild.id not in imported_ids]
    started_at, imported = time.monotonic(), {}
    for guild in missing:
        period = await retry(
            partial(_import_guild, client, database, guild.id, days, report),
            IMPORT_RETRY,
            errors=(NotFound, ServiceUnavailable),  # the local Discord was restarted
            report=lambda error, delay: report(texts.format_retry(str(error), round(delay))),
        )
        async with database.transaction() as session:
            await set_timezone(session, guild_id=period.guild_id, zone=ZoneInfo(period.timezone))
        imported[period.name] = period.messages
    if imported:
        seconds = time.monotonic() - started_at
        report(texts.format_import_finished(days, len(imported), sum(imported.values()), seconds))
    return imported


async def _import_guild(
    client: SimClient, database: Database, guild_id: int, days: int, report: ProgressReporter
) -> HistoryPeriod:
    """Write and import the history of one server. An import that failed can be repeated from the start."""
    payload = await asyncio.to_thread(client.call, "past/begin", guild_id=str(guild_id), days=days)
    period = _parse_period(payload)
    report(texts.format_import_started(days, period.name))
    while not (await asyncio.to_thread(client.call, "past/step", key=period.key))["done"]:
        pass
    written = await asyncio.to_thread(client.call, "past/finish", key=period.key)
    file = Path(written["paths"][0])
    source = open_history(file)
    await asyncio.to_thread(source.validate)
    recorded = await load_recorded_times(
        database, guild_id, source.coverage.kinds, period.begin, period.end, clickhouse=None
    )
    await wait_for_guild(database, guild_id)
    await import_source(database, source, guild_id, recorded, report=report, show_bar=False)
    await asyncio.to_thread(file.unlink)
    return period


def _parse_period(payload: dict[str, Any]) -> HistoryPeriod:
    (guild,) = payload["guilds"]
    return HistoryPeriod(
        key=payload["key"],
        guild_id=int(guild["guild_id"]),
        name=guild["name"],
        begin=datetime.fromisoformat(guild["from"]),
        end=datetime.fromisoformat(guild["to"]),
        messages=guild["messages"],
        timezone=guild["zone"],
    )
