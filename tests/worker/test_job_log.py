"""The log of the worker's jobs: last run, duration, failures in a row; runs that an operator requested."""

import asyncio

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.dialects.postgresql import insert

from herwa_shared.models import JobRequest
from herwa_shared.stores import Stores
from herwa_worker.job_log import JobLog
from herwa_worker.job_requests import JobRequests
from tests.support.waiting import wait_until


async def test_failures_are_counted_until_a_run_succeeds(stores: Stores):
    outcomes = iter([ValueError("no disk"), ValueError("no disk"), None])

    async def work() -> None:
        error = next(outcomes, None)
        if error is not None:
            raise error

    scheduler = AsyncIOScheduler()
    job_log = JobLog(scheduler)
    job_log.add_job(work, seconds=3_600)
    requests = JobRequests(stores.database, scheduler)
    scheduler.start()
    try:
        for failures, error in ((1, "no disk"), (2, "no disk"), (0, "")):
            [before] = job_log.list_jobs()
            async with stores.database.transaction() as session:
                await session.execute(insert(JobRequest).values(name="work").on_conflict_do_nothing())
                await session.execute(insert(JobRequest).values(name="unknown").on_conflict_do_nothing())
            await requests.start_requested()

            async def has_run(before=before) -> bool:
                return job_log.list_jobs()[0].last_at != before.last_at

            await wait_until(has_run)
            [job] = job_log.list_jobs()
            assert (job.name, job.interval_seconds, job.failures, job.last_error) == ("work", 3_600, failures, error)
            await asyncio.sleep(0.01)
    finally:
        scheduler.shutdown(wait=False)
