"""`herwa export`: create, list, pause, resume, cancel, delete and copy exports, and list events, for the operator.

The operator is not bound by the limits of the server's tier.
"""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from herwa.commands.operator_session import get_shell_actor, open_operator_session, resolve_guild
from herwa.texts import exports as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.event_times import DISCORD_EPOCH
from herwa_shared.errors import BadRequest
from herwa_shared.exports import events, jobs
from herwa_shared.exports.files import open_export_folder
from herwa_shared.exports.jobs import ExportCreator, ExportRequest, ExportState
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.services.audit import record
from herwa_shared.stores import open_stores

MAX_LISTED = 20
MAX_LISTED_EVENTS = 100
COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options of `herwa export create`; times without an offset are UTC. No data sets are all of them,
    and the channel 0 is all channels.
    """

    data_sets: tuple[DataSet, ...]
    format: ExportFormat
    start: datetime | None
    end: datetime | None
    channel_id: int
    with_members: bool

    def build_request(self, now: datetime) -> ExportRequest:
        """Build the request: by default everything until now."""
        return ExportRequest(
            self.data_sets or tuple(DataSet),
            self.format,
            (self.start or DISCORD_EPOCH).replace(tzinfo=UTC),
            now if self.end is None else self.end.replace(tzinfo=UTC),
            self.channel_id,
            self.with_members,
        )


async def create_export_of_guild(
    settings: Settings, *, guild: str, options: ExportOptions, dry_run: bool
) -> dict[str, Any]:
    """Create an export and return it; with `dry_run` only what it would hold. Raises NotFound, BadRequest."""
    now = utc_now()
    async with open_stores(settings, report=lambda _: None) as stores:
        async with stores.database.transaction() as session:
            guild_id = (await resolve_guild(session, guild)).id
        request = options.build_request(now)
        preview = await jobs.preview_export(stores.clickhouse, guild_id=guild_id, request=request, now=now)
        if dry_run:
            return {"estimated_rows": preview.rows, "estimated_bytes": preview.size, "parts": len(preview.parts)}
        async with stores.database.transaction() as session:
            job = await jobs.create_export(
                session,
                ExportCreator(get_shell_actor()),
                guild_id=guild_id,
                request=request,
                preview=preview,
                max_rows=None,
            )
            return jobs.build_status(job, now).to_json()


async def list_exports_of_guild(settings: Settings, *, guild: str) -> list[dict[str, Any]]:
    """List the newest exports of a server. Raises NotFound."""
    async with open_operator_session(settings) as session:
        target = await resolve_guild(session, guild)
        rows = await jobs.list_exports(session, guild_id=target.id, limit=MAX_LISTED)
        return [jobs.build_status(job, utc_now()).to_json() for job in rows]


async def list_events_of_guild(settings: Settings, *, guild: str, after_id: int) -> list[dict[str, Any]]:
    """List when exports of a server became ready or failed: the first events after one. Raises NotFound."""
    async with open_operator_session(settings) as session:
        target = await resolve_guild(session, guild)
        rows = await events.list_events(session, guild_id=target.id, after_id=after_id, limit=MAX_LISTED_EVENTS)
        return [event.to_json() for event in rows]


async def run_export_action(settings: Settings, *, guild: str, export_id: int, action: str) -> dict[str, Any]:
    """Pause, resume, cancel or delete an export, and return it. Raises NotFound, ExportNotPossible."""
    async with open_operator_session(settings) as session:
        target, actor = await resolve_guild(session, guild), get_shell_actor()
        job = await jobs.get_export(session, guild_id=target.id, export_id=export_id)
        match action:
            case "pause":
                await jobs.pause_export(session, actor, job=job)
            case "resume":
                await jobs.resume_export(session, actor, job=job)
            case "cancel":
                await jobs.cancel_export(session, actor, job=job)
            case "delete":
                await jobs.delete_export(session, actor, job=job)
        return jobs.build_status(job, utc_now()).to_json()


async def copy_export(settings: Settings, *, guild: str, export_id: int, path: Path) -> str:
    """Copy the file of an export to `path`, and return a sentence. Raises NotFound, and BadRequest without a file."""
    async with open_operator_session(settings) as session:
        target = await resolve_guild(session, guild)
        job = await jobs.get_export(session, guild_id=target.id, export_id=export_id)
        if job.state != ExportState.READY:
            raise BadRequest(texts.NO_FILE)
        try:
            file = open_export_folder(settings).open_file(export_id)
        except FileNotFoundError:
            raise BadRequest(texts.NO_FILE) from None
        with file:
            await record(session, get_shell_actor(), "export.download", guild_id=target.id, target=str(export_id))
            await asyncio.to_thread(_copy, file, path)
    return texts.format_copied(path, job.file_bytes or 0)


def _copy(file: BinaryIO, path: Path) -> None:
    """Copy a file. After a failure, such as an export that is written again meanwhile, no part of it remains."""
    with path.open("wb") as target:
        try:
            shutil.copyfileobj(file, target, COPY_BYTES)
        except OSError:
            path.unlink()
            raise
