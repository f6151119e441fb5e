"""Heartbeats: a row per process in PostgreSQL, updated periodically until it stops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger
from herwa_shared.services import processes

log = get_logger(__name__)


@asynccontextmanager
async def send_heartbeats(database: Database, *, name: str, detail: Callable[[], dict[str, Any]]) -> AsyncIterator[int]:
    """Register this process for `herwa status` and send heartbeats while the block runs.

    `detail` is called before each heartbeat, every `processes.HEARTBEAT_INTERVAL_SECONDS`; its result is stored as
    JSON. Yields the id of the process's row. Database errors after the registration are logged and do not end the
    block.
    """
    async with database.transaction() as session:
        process_id = await processes.register_process(session, name=name)
    heartbeat_task = asyncio.create_task(_run_heartbeat(database, process_id, detail))
    try:
        yield process_id
    finally:
        heartbeat_task.cancel()
        with suppress(OSError, SQLAlchemyError):
            async with database.transaction() as session:
                await processes.mark_process_stopped(session, process_id=process_id)


async def _run_heartbeat(database: Database, process_id: int, detail: Callable[[], dict[str, Any]]) -> None:
    while True:
        try:
            async with database.transaction() as session:
                await processes.record_heartbeat(session, process_id=process_id, detail=detail())
        except (OSError, SQLAlchemyError) as error:
            log.warning("heartbeat failed", error=format_reason(error))
        await asyncio.sleep(processes.HEARTBEAT_INTERVAL_SECONDS)
