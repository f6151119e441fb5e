"""The worker's jobs: each calls the domain (`herwa_shared`) and handles its failures."""

import asyncio

from herwa_shared.auth.account_cache import delete_old_account_changes
from herwa_shared.auth.sessions import delete_expired_sessions
from herwa_shared.auth.users import purge_logged_out_users
from herwa_shared.clock import utc_now
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.operators.activity import refresh_guild_activity
from herwa_shared.operators.days import refresh_days
from herwa_shared.operators.store_sizes import record_store_sizes
from herwa_shared.pipeline.buffer import truncate_moved_slots
from herwa_shared.pipeline.key_dedup import purge_event_keys
from herwa_shared.pipeline.mover import move_batch, restamp_after_restore
from herwa_shared.retry import Backoff, RetryPolicy, log_retry
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services.api_key_usage import purge_usage
from herwa_shared.services.idempotency import delete_old_responses
from herwa_shared.services.process_details import JobStatus, WorkerDetail
from herwa_shared.services.subscriptions import record_expired
from herwa_shared.services.widget_uses import purge_uses
from herwa_shared.stores import Stores

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

MOVE_RETRY = RetryPolicy(first_delay_seconds=0.6, max_delay_seconds=10.0)


class WorkerJobs:
    """The jobs of one worker process, and their shared counters."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._moved_rows = 0
        self._backoff = Backoff(MOVE_RETRY)

    async def prepare(self) -> None:
        """Run once at the start, before the first job."""
        async with self._stores.database.acquire_connection() as connection:
            await restamp_after_restore(connection)

    async def move_events(self) -> None:
        """Move all buffered events to ClickHouse, batch by batch.

        After a failure the same batch is retried with exponential backoff.
        """
        try:
            async with self._stores.database.acquire_connection() as connection:
                while rows := await move_batch(connection, self._stores.clickhouse_writer):
                    self._moved_rows += rows
                    if failures := self._backoff.reset():
                        log.info("moving events works again", failures=failures)
        except Exception as error:  # noqa: BLE001 - after any error the batch is still pending and must be retried
            delay = self._backoff.record_failure()
            log_retry(limited_log, "moving events failed", error, delay)
            await asyncio.sleep(delay)

    async def trim_buffer(self) -> None:
        """Free the disk space of moved events by truncating their partitions."""
        async with self._stores.database.acquire_connection() as connection:
            await truncate_moved_slots(connection)

    async def purge_event_keys(self) -> None:
        """Delete the keys of events that can no longer be repeated."""
        async with self._stores.database.acquire_connection() as connection:
            await purge_event_keys(connection, now=utc_now())

    async def expire_subscriptions(self) -> None:
        """Record expired subscriptions in the audit log, and notify all processes of them."""
        async with self._stores.database.transaction() as session:
            await record_expired(session, now=utc_now())

    async def refresh_statistics(self) -> None:
        """Count servers, members and events for the operator's panel."""
        now = utc_now()
        await refresh_guild_activity(self._stores.database, self._stores.clickhouse, now=now)
        await refresh_days(self._stores.database, self._stores.clickhouse, now=now)

    async def measure_stores(self) -> None:
        """Measure the sizes of the databases for the operator's panel."""
        stores = self._stores
        await record_store_sizes(stores.database, stores.clickhouse, stores.redis, now=utc_now())

    async def purge_expired(self) -> None:
        """Delete expired sessions, login data of users without a session, and old records of the API."""
        async with self._stores.database.transaction() as session:
            expired_count = await delete_expired_sessions(session, now=utc_now())
            await purge_logged_out_users(session, now=utc_now())
            await purge_usage(session, now=utc_now())
            await purge_uses(session, now=utc_now())
            await delete_old_responses(session, now=utc_now())
            await delete_old_account_changes(session)
        if expired_count:
            log.info("sessions ended", count=expired_count, reason="expired")

    def build_detail(self, health: ProcessHealth, jobs: list[JobStatus]) -> WorkerDetail:
        """Build the heartbeat's detail: moved events, and failures since the last success."""
        return WorkerDetail(health, moved=self._moved_rows, failures=self._backoff.failures, jobs=jobs)
