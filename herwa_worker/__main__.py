"""`python -m herwa_worker`: the scheduler and the process's life."""

import logging

import uvloop
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.heartbeat import present
from herwa_shared.runtime.shutdown import until_stopped
from herwa_shared.stores import open_stores
from herwa_worker.jobs import Jobs

log = get_logger("herwa_worker")

MOVE_SECONDS = 0.3
EXPIRE_SECONDS = 1
TRIM_SECONDS = 30
FORGET_SECONDS = 3600


async def run(settings: Settings) -> None:
    """Run every job on time until told to stop."""
    async with open_stores(settings) as stores:
        jobs = Jobs(stores)
        await jobs.before_all()
        scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
        scheduler.add_job(jobs.move, "interval", seconds=MOVE_SECONDS)
        scheduler.add_job(jobs.expire, "interval", seconds=EXPIRE_SECONDS)
        scheduler.add_job(jobs.trim, "interval", seconds=TRIM_SECONDS)
        scheduler.add_job(jobs.forget, "interval", seconds=FORGET_SECONDS, next_run_time=utc_now())
        scheduler.add_listener(_say_failure, EVENT_JOB_ERROR)
        async with present(stores.database, name="worker", detail=jobs.detail):
            scheduler.start()
            log.info("working")
            await until_stopped()
            scheduler.shutdown(wait=False)


def _say_failure(event: JobExecutionEvent) -> None:
    log.error("job failed", job=event.job_id, error=str(event.exception)[:500])


def main() -> None:
    """Entry point."""
    settings = Settings()
    configure_logging(settings.log_level)
    # A run that is due while the last one still moves a backlog is skipped by design: nothing to tell.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
