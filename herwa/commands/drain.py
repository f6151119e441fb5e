"""`herwa pipeline drain`: wait until all current events are in ClickHouse."""

from collections.abc import Callable

from herwa.supervisor.process_registry import list_running_processes
from herwa.texts import errors as texts
from herwa_shared.config import Settings
from herwa_shared.pipeline.drain import DrainTimeout, drain
from herwa_shared.stores import open_stores


async def drain_pipeline(settings: Settings, *, timeout_seconds: float, report: Callable[[str], None]) -> None:
    """Wait until all events that bot and buffer hold now are in ClickHouse.

    Raises DrainTimeout. Its message says if no worker is running.
    """
    async with open_stores(settings, report=report) as stores:
        try:
            async with stores.database.acquire_connection() as connection:
                await drain(connection, timeout_seconds=timeout_seconds)
        except DrainTimeout as timeout_error:
            async with stores.database.transaction() as session:
                names = {process.name for process in await list_running_processes(session)}
            if "worker" in names:
                raise
            raise DrainTimeout(texts.format_no_worker(str(timeout_error))) from timeout_error
