"""The jobs about exports: write them part by part, delete their files, apply new choices of members."""

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.exports.cleanup import apply_choices, delete_expired_exports
from herwa_shared.exports.files import open_export_folder
from herwa_shared.exports.runner import ExportRunner
from herwa_shared.stores import Stores


class ExportJobs:
    """Jobs that write exports. Each continues what an interrupted run has left."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        self._database = stores.database
        self._clickhouse = stores.clickhouse_writer
        self._folder = open_export_folder(settings)
        self._runner = ExportRunner(self._database, self._clickhouse, self._folder)

    async def write_exports(self) -> None:
        """Write all parts of all exports that wait; guilds take turns."""
        while await self._runner.run_step():
            pass

    async def apply_choices(self) -> None:
        """Restart exports that hold members who have opted out since."""
        await apply_choices(self._database, self._clickhouse)

    async def delete_expired(self) -> None:
        """Delete files that are a week old."""
        await delete_expired_exports(self._database, self._folder, now=utc_now())
