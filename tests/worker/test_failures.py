"""A failed job is logged with its reason; a job that the shutdown cancels is not a failure."""

import asyncio

from apscheduler.events import EVENT_JOB_ERROR
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog.testing import capture_logs

from herwa_worker.__main__ import log_failure


async def run_until_shutdown(job) -> list[dict]:
    """Run the job, shut the scheduler down while it runs, and return the log entries about jobs."""
    started = asyncio.Event()

    async def run_job() -> None:
        started.set()
        await job()

    scheduler = AsyncIOScheduler()
    scheduler.add_listener(log_failure, EVENT_JOB_ERROR)
    scheduler.add_job(run_job, id="job")
    with capture_logs() as entries:
        scheduler.start()
        await started.wait()
        await asyncio.sleep(0)
        scheduler.shutdown(wait=False)
        await asyncio.sleep(0.1)
    return [entry for entry in entries if "job" in entry]  # what other tests left running also logs


async def test_job_that_the_shutdown_cancels_is_not_logged():
    async def wait_forever() -> None:
        await asyncio.Event().wait()

    assert await run_until_shutdown(wait_forever) == []


async def test_failure_without_a_message_is_logged_with_its_class():
    async def fail() -> None:
        raise TimeoutError

    [entry] = await run_until_shutdown(fail)
    assert (entry["log_level"], entry["job"], entry["error"]) == ("error", "job", "TimeoutError")
