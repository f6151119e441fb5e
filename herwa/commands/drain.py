"""`herwa pipeline drain`: wait until what is on its way has arrived, or say what keeps it."""

from collections.abc import Callable

from herwa.supervisor.process_registry import truly_living
from herwa_shared.config import Settings
from herwa_shared.pipeline.drain import DrainTimedOut, drain
from herwa_shared.stores import open_stores


async def drain_pipeline(settings: Settings, *, within: float, say: Callable[[str], None]) -> None:
    """Return when all that the bot and the buffer hold now is in ClickHouse. Raises DrainTimedOut."""
    async with open_stores(settings, say=say) as stores:
        try:
            async with stores.database.raw() as connection:
                await drain(connection, within=within)
        except DrainTimedOut as late:
            async with stores.database.transaction() as session:
                names = {process.name for process in await truly_living(session)}
            if "worker" in names:
                raise
            raise DrainTimedOut(f"{late} No worker is running: start `herwa up`, or `herwa worker` alone.") from late
