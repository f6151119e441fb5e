"""One process among the others: announced, alive every two seconds, and gone with a good-bye."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.services import processes

log = get_logger(__name__)


@asynccontextmanager
async def send_heartbeats(database: Database, *, name: str, detail: Callable[[], dict[str, Any]]) -> AsyncIterator[int]:
    """Be seen by `herwa status` as long as the block runs; yields the process's id. A lost database ends nothing."""
    async with database.transaction() as session:
        process_id = await processes.register_process(session, name=name)
    heartbeat_task = asyncio.create_task(_run_heartbeat(database, process_id, detail))
    try:
        yield process_id
    finally:
        heartbeat_task.cancel()
        with suppress(OSError, SQLAlchemyError):
            async with database.transaction() as session:
                await processes.mark_stopped(session, process_id=process_id)


async def _run_heartbeat(database: Database, process_id: int, detail: Callable[[], dict[str, Any]]) -> None:
    while True:
        try:
            async with database.transaction() as session:
                await processes.record_heartbeat(session, process_id=process_id, detail=detail())
        except (OSError, SQLAlchemyError) as error:
            log.warning("no sign of life could be given", error=str(error)[:200])
        await asyncio.sleep(processes.HEARTBEAT_INTERVAL_SECONDS)
