"""Record views and clicks of widgets: in memory, saved every few seconds."""

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.services.widget_uses import UseBatch, save_uses

limited_log = RateLimitedLogger(get_logger(__name__))


class WidgetUseRecorder:
    """Counts the views and clicks of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch = UseBatch()

    def count_view(self, widget_id: int) -> None:
        """Count a request for one form of a widget."""
        self._batch.add(widget_id, utc_now().date(), views=1)

    def count_click(self, widget_id: int) -> None:
        """Count a visitor who followed the link of a widget."""
        self._batch.add(widget_id, utc_now().date(), clicks=1)

    async def save(self) -> None:
        """Save what was counted since the last time. If that fails, it is saved the next time."""
        batch, self._batch = self._batch, UseBatch()
        if not batch.counts:
            return
        try:
            async with self._database.transaction() as session:
                await save_uses(session, batch)
        except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            limited_log.warning("use of widgets not saved", kind=type(error).__name__, error=format_reason(error))
            batch.merge(self._batch)
            self._batch = batch
