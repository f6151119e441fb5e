"""Heartbeats: a row per process in PostgreSQL, updated periodically until it stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.services import processes
from herwa_shared.services.process_details import ProcessDetail

limited_log = RateLimitedLogger(get_logger(__name__))


@asynccontextmanager
async def send_heartbeats(
    database: Database, *, name: str, build_detail: Callable[[], ProcessDetail]
) -> AsyncIterator[None]:
    """Register this process for `herwa status` and send heartbeats while the block runs.

    Failures after the registration are logged and do not end the block.
    """
    async with database.transaction() as session:
        process_id = await processes.register_process(session, name=name)

    async def record() -> None:
        async with database.transaction() as session:
            await processes.record_heartbeat(session, process_id=process_id, detail=build_detail())

    heartbeat_task = asyncio.create_task(run_heartbeats(record))
    try:
        yield
    finally:
        heartbeat_task.cancel()
        with suppress(OSError, SQLAlchemyError):
            async with database.transaction() as session:
                await processes.mark_process_stopped(session, process_id=process_id)


async def run_heartbeats(record: Callable[[], Awaitable[None]]) -> None:
    """Call `record` every `processes.HEARTBEAT_INTERVAL_SECONDS` until cancelled.

    Failures, such as an unavailable database, are logged and retried.
    """
    while True:
        try:
            await record()
        except Exception as error:  # noqa: BLE001 - any failure may be temporary, the next heartbeat retries
            limited_log.warning("heartbeat failed", kind=type(error).__name__, error=format_reason(error))
        await asyncio.sleep(processes.HEARTBEAT_INTERVAL_SECONDS)
