"""Entry point of the worker, `python -m herwa_worker`: stores, scheduler, heartbeat."""

import asyncio
import logging

import uvloop
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.entitlements import open_entitlement_reader
from herwa_shared.embedded import rotate_engine_logs
from herwa_shared.errors import format_reason
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.heartbeat import send_heartbeats
from herwa_shared.runtime.metrics_server import serve_metrics
from herwa_shared.runtime.process_health import monitor_health
from herwa_shared.runtime.shutdown import wait_for_shutdown
from herwa_shared.services.process_details import WorkerDetail
from herwa_shared.services.process_metrics import build_process_metrics
from herwa_shared.stores import open_stores
from herwa_worker.audit_anchors import build_audit_anchor_job
from herwa_worker.entitlement_jobs import EntitlementJobs
from herwa_worker.export_jobs import ExportJobs
from herwa_worker.job_log import JobLog
from herwa_worker.job_requests import JobRequests
from herwa_worker.jobs import WorkerJobs
from herwa_worker.privacy_jobs import PrivacyJobs

log = get_logger("herwa_worker")

MOVE_INTERVAL_SECONDS = 0.3
EXPIRE_INTERVAL_SECONDS = 1
TRIM_INTERVAL_SECONDS = 30
ROTATE_INTERVAL_SECONDS = 10
PURGE_INTERVAL_SECONDS = 3600
ERASE_INTERVAL_SECONDS = 1
PSEUDONYM_INTERVAL_SECONDS = 6 * 3600
EXPORT_INTERVAL_SECONDS = 1
EXPORT_CHOICES_INTERVAL_SECONDS = 2
EXPORT_CLEANUP_INTERVAL_SECONDS = 60
STATISTICS_INTERVAL_SECONDS = 60
MEASURE_INTERVAL_SECONDS = 300
REQUEST_INTERVAL_SECONDS = 1
ENTITLEMENT_INTERVAL_SECONDS = 3600
ENTITLEMENT_REQUEST_INTERVAL_SECONDS = 0.5
ANCHOR_INTERVAL_SECONDS = 600  # the job runs once a day; the interval is how late after midnight it may be


async def run(settings: Settings) -> None:
    """Run the scheduled jobs until shutdown."""
    async with open_stores(settings, with_writer=True) as stores, open_entitlement_reader(settings) as reader:
        jobs = WorkerJobs(stores)
        await jobs.prepare()
        scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
        job_log = JobLog(scheduler)
        add_jobs(job_log, jobs, DataFolder(settings.data_dir))
        add_privacy_jobs(job_log, PrivacyJobs(stores))
        add_export_jobs(job_log, ExportJobs(settings, stores))
        add_entitlement_jobs(job_log, EntitlementJobs(stores.database, reader))
        anchors = build_audit_anchor_job(settings, stores.database)
        job_log.add_job(anchors.run, seconds=ANCHOR_INTERVAL_SECONDS, name="verify_audit_log", next_run_time=utc_now())
        job_log.add_job(JobRequests(stores.database, scheduler).start_requested, seconds=REQUEST_INTERVAL_SECONDS)
        scheduler.add_listener(log_failure, EVENT_JOB_ERROR)
        async with monitor_health() as monitor:

            def build_detail() -> WorkerDetail:
                return jobs.build_detail(monitor.read_health(), job_log.list_jobs())

            async with (
                send_heartbeats(stores.database, name="worker", build_detail=build_detail),
                serve_metrics(DataFolder(settings.data_dir), "worker", lambda: build_process_metrics(build_detail())),
            ):
                scheduler.start()
                log.info("worker started")
                await wait_for_shutdown()
                scheduler.shutdown(wait=False)


async def rotate_logs(folder: DataFolder) -> None:
    """Rotate the log files of the embedded engines, also when no supervisor does."""
    await asyncio.to_thread(rotate_engine_logs, folder)


def add_jobs(job_log: JobLog, jobs: WorkerJobs, folder: DataFolder) -> None:
    """Schedule the jobs about events, subscriptions and the operator's panel."""
    job_log.add_job(jobs.move_events, seconds=MOVE_INTERVAL_SECONDS)
    job_log.add_job(jobs.expire_subscriptions, seconds=EXPIRE_INTERVAL_SECONDS)
    job_log.add_job(rotate_logs, seconds=ROTATE_INTERVAL_SECONDS, args=[folder])
    job_log.add_job(jobs.trim_buffer, seconds=TRIM_INTERVAL_SECONDS)
    job_log.add_job(jobs.purge_expired, seconds=PURGE_INTERVAL_SECONDS, next_run_time=utc_now())
    job_log.add_job(jobs.purge_event_keys, seconds=PURGE_INTERVAL_SECONDS)
    job_log.add_job(jobs.refresh_statistics, seconds=STATISTICS_INTERVAL_SECONDS, next_run_time=utc_now())
    job_log.add_job(jobs.measure_stores, seconds=MEASURE_INTERVAL_SECONDS, next_run_time=utc_now())


def add_privacy_jobs(job_log: JobLog, jobs: PrivacyJobs) -> None:
    """Schedule the jobs about privacy."""
    job_log.add_job(jobs.process_requests, seconds=ERASE_INTERVAL_SECONDS)
    job_log.add_job(jobs.delete_overdue_guilds, seconds=PURGE_INTERVAL_SECONDS, next_run_time=utc_now())
    job_log.add_job(jobs.replace_members, seconds=PSEUDONYM_INTERVAL_SECONDS, next_run_time=utc_now())
    # Not at the start: a history that was just imported keeps its names for some hours, also after a restart.
    job_log.add_job(jobs.replace_members_in_old_hours, seconds=PSEUDONYM_INTERVAL_SECONDS)
    job_log.add_job(jobs.purge_old_rows, seconds=PURGE_INTERVAL_SECONDS)


def add_export_jobs(job_log: JobLog, jobs: ExportJobs) -> None:
    """Schedule the jobs about exports."""
    job_log.add_job(jobs.write_exports, seconds=EXPORT_INTERVAL_SECONDS)
    job_log.add_job(jobs.apply_choices, seconds=EXPORT_CHOICES_INTERVAL_SECONDS)
    job_log.add_job(jobs.delete_expired, seconds=EXPORT_CLEANUP_INTERVAL_SECONDS, name="delete_expired_exports")


def add_entitlement_jobs(job_log: JobLog, jobs: EntitlementJobs) -> None:
    """Schedule the jobs about tiers that servers bought in Discord."""
    job_log.add_job(jobs.request_entitlement_check, seconds=ENTITLEMENT_INTERVAL_SECONDS, next_run_time=utc_now())
    job_log.add_job(jobs.check_entitlements, seconds=ENTITLEMENT_REQUEST_INTERVAL_SECONDS)


def log_failure(event: JobExecutionEvent) -> None:
    """Log the reason of a failed job. A job that is cancelled by the shutdown has not failed."""
    if isinstance(event.exception, asyncio.CancelledError):
        return
    log.error("job failed", job=event.job_id, error=format_reason(event.exception))


def main() -> None:
    """Configure logging and run the worker."""
    settings = Settings()
    folder = DataFolder(settings.data_dir)
    configure_logging(settings.log_level, process_name="worker", user_key=folder.get_log_key())
    # A run that is due while the previous one still moves a backlog is skipped by design. No log line is needed.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
