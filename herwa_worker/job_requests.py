"""Run jobs that an operator requested on the health page."""

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.operators.jobs import take_job_requests


class JobRequests:
    """Starts requested jobs of a scheduler."""

    def __init__(self, database: Database, scheduler: AsyncIOScheduler) -> None:
        self._database = database
        self._scheduler = scheduler

    async def start_requested(self) -> None:
        """Start the requested jobs; a name without a job is ignored."""
        async with self._database.transaction() as session:
            names = await take_job_requests(session)
        for name in names:
            if self._scheduler.get_job(name) is not None:
                self._scheduler.modify_job(name, next_run_time=utc_now())
