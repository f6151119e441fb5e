"""When each job ran, how long it took and whether it failed, for the operator's health page."""

import time
from collections.abc import Callable
from typing import Any

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_SUBMITTED,
    JobEvent,
    JobExecutionEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from herwa_shared.errors import format_reason
from herwa_shared.services.process_details import JobStatus

MAX_ERROR_LENGTH = 200


class JobLog:
    """The jobs of a scheduler. `clock` returns Unix seconds."""

    def __init__(self, scheduler: AsyncIOScheduler, clock: Callable[[], float] = time.time) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._intervals: dict[str, float] = {}
        self._started_at: dict[str, float] = {}
        self._statuses: dict[str, JobStatus] = {}
        scheduler.add_listener(self._record, EVENT_JOB_SUBMITTED | EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)

    def add_job(self, function: Callable[..., Any], *, seconds: float, name: str = "", **options: Any) -> None:
        """Schedule a job at a fixed interval. Its name is that of the function, unless another one is given."""
        job_name = name or function.__name__
        self._intervals[job_name] = seconds
        self._scheduler.add_job(function, "interval", seconds=seconds, id=job_name, **options)

    def list_jobs(self) -> list[JobStatus]:
        """List all jobs: those that fail first, then by name."""
        statuses = [self._statuses.get(name, JobStatus(name, seconds)) for name, seconds in self._intervals.items()]
        return sorted(statuses, key=lambda job: (-job.failures, job.name))

    def _record(self, event: JobEvent) -> None:
        now, interval = self._clock(), self._intervals.get(event.job_id)
        if interval is None:
            return
        if not isinstance(event, JobExecutionEvent):
            self._started_at[event.job_id] = now
            return
        milliseconds = round(1000 * (now - self._started_at.get(event.job_id, now)))
        earlier = self._statuses.get(event.job_id, JobStatus(event.job_id, interval))
        failures = earlier.failures + 1 if event.exception else 0
        error = format_reason(event.exception)[:MAX_ERROR_LENGTH] if event.exception else ""
        self._statuses[event.job_id] = JobStatus(event.job_id, interval, now, milliseconds, failures, error)
