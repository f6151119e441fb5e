"""Buffer activity events in memory and write them to PostgreSQL in batches.

Batches are written by time and by size. Nothing is lost while the database is unavailable for a while: batches are
retried with backoff.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from herwa_bot.collector.backfill import Backfiller
from herwa_bot.collector.catch_up import CatchUp
from herwa_bot.collector.gap_tracker import GapTracker
from herwa_bot.collector.gateway_sessions import GatewaySessions
from herwa_bot.collector.growth import GrowthCounter
from herwa_bot.collector.history_fetcher import HistoryFetcher
from herwa_bot.collector.join_message_tracker import JoinMessageTracker
from herwa_bot.collector.live_updates import LiveUpdates
from herwa_bot.collector.member_counts import MemberCounts
from herwa_bot.collector.metadata_sync import UNSTORABLE_ERRORS, MetadataTracker, save_skipping_invalid
from herwa_bot.collector.skipped_events import log_skipped_value
from herwa_bot.collector.thread_parents import ThreadParents
from herwa_bot.collector.ticket_tracker import TicketTracker
from herwa_bot.collector.voice_tracker import VoiceTracker, store_skipping_invalid
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.drain import ack_drain, load_latest_drain_request
from herwa_shared.pipeline.events import ActivityEvent
from herwa_shared.pipeline.key_dedup import hash_event_key
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.retry import Backoff, RetryPolicy, log_retry
from herwa_shared.services.collection_gaps import ALL_CHANNELS, save_gaps
from herwa_shared.services.join_message_periods import save_join_message_periods

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

FLUSH_INTERVAL_SECONDS = 0.25
FLUSH_THRESHOLD_EVENTS = 5_000
MAX_BATCH_EVENTS = 20_000
MAX_PENDING_EVENTS = 200_000  # at this size gateway reads pause until events are stored; Discord replays the rest
MAX_SEEN_KEYS = 100_000
FLUSH_RETRY = RetryPolicy(first_delay_seconds=0.5, max_delay_seconds=5.0)
RESOLVE_TIMEOUT_SECONDS = 2.0
FINAL_FLUSH_TIMEOUT_SECONDS = 2.0

ResolveChannel = Callable[[int], Awaitable[None]]


class EventWriter:
    """In-memory buffer of events until they are stored. `add` never waits; `run` flushes.

    `resolve_channel` fetches a channel that no event described and records it in `thread_parents`. It raises if Discord
    is unavailable. A writer outlives connections to Discord, each of which may set its own `resolve_channel`.

    `stored`, `duplicates` and `skipped` count events. `stored_until` is the time up to which all received events are
    stored.
    """

    def __init__(
        self,
        database: Database,
        *,
        process_id: int,
        resolve_channel: ResolveChannel | None = None,
        max_pending_events: int = MAX_PENDING_EVENTS,
    ) -> None:
        self.metadata = MetadataTracker()
        self.thread_parents = ThreadParents()
        self.gateway_sessions = GatewaySessions()
        self.gap_tracker = GapTracker()
        self.join_message_tracker = JoinMessageTracker()
        self.privacy = PrivacyFilter(database.audit_key)
        self.ticket_tracker = TicketTracker()
        page_lock = asyncio.Lock()
        self.catch_up = CatchUp(
            database,
            HistoryFetcher(database, self.privacy, store_lock=page_lock),
            self.privacy,
            self.ticket_tracker,
        )
        self.backfiller = Backfiller(database, HistoryFetcher(database, self.privacy, store_lock=page_lock))
        self.growth_counter = GrowthCounter(database)
        self.voice_tracker = VoiceTracker()
        self.member_counts = MemberCounts()
        self.live_updates = LiveUpdates(self.voice_tracker, self.member_counts)
        self.resolve_channel = resolve_channel
        self.stored_count = 0
        self.duplicate_count = 0
        self.skipped_count = 0
        self.stored_until = utc_now()
        self._database = database
        self._process_id = process_id
        self._max_pending_events = max_pending_events
        self._events: list[ActivityEvent] = []
        self._unresolved: list[ActivityEvent] = []
        self._seen_keys: OrderedDict[str, None] = OrderedDict()
        self._wake = asyncio.Event()
        self._has_capacity = asyncio.Event()
        self._has_capacity.set()
        self._flush_lock = asyncio.Lock()
        self._acked_request_id = -1
        self._backoff = Backoff(FLUSH_RETRY)
        self._names_version = -1

    @property
    def pending(self) -> int:
        """Number of events, gaps, periods, threads and voice changes that are not stored yet."""
        trackers = (self.gap_tracker, self.join_message_tracker, self.voice_tracker, self.ticket_tracker)
        return len(self._events) + len(self._unresolved) + sum(tracker.pending for tracker in trackers)

    def get_live_since_ms(self, guild_id: int, channel_id: int = ALL_CHANNELS) -> int:
        """Get the time since which no event of this channel was missed; NEVER_MS if events do not arrive now."""
        return max(
            self.gateway_sessions.get_live_since_ms(guild_id), self.gap_tracker.get_live_since_ms(guild_id, channel_id)
        )

    def get_covered_since_ms(self, guild_id: int) -> int:
        """Get the time since which the recorded coverage of a guild has no break; NEVER_MS while it is not covered."""
        return max(
            self.gateway_sessions.get_recorded_since_ms(guild_id),
            self.gap_tracker.get_live_since_ms(guild_id, ALL_CHANNELS),
        )

    def add(self, event: ActivityEvent, *, resolved: bool = True) -> None:
        """Add an event. `resolved` is False if it is unknown whether its channel is a thread."""
        if resolved:
            self._events.append(event)
        else:
            self._unresolved.append(event)
        if len(self._events) >= FLUSH_THRESHOLD_EVENTS:
            self._wake.set()
        if len(self._events) + len(self._unresolved) >= self._max_pending_events and self._has_capacity.is_set():
            self._has_capacity.clear()
            log.warning("event buffer full, gateway reads paused", pending=self.pending)

    def add_all(self, events: Iterable[ActivityEvent]) -> None:
        """Add events whose channels are resolved."""
        for event in events:
            self.add(event)

    def add_once(self, key: str, event: ActivityEvent, *, resolved: bool = True) -> None:
        """Add an event without an ID of its own, which `key` identifies.

        It is stored once (see `herwa_shared.pipeline.key_dedup`). The last MAX_SEEN_KEYS are not even added again.
        """
        if key in self._seen_keys:
            return
        self._seen_keys[key] = None
        if len(self._seen_keys) > MAX_SEEN_KEYS:
            self._seen_keys.popitem(last=False)
        self.add(event._replace(key=hash_event_key(key)), resolved=resolved)

    @property
    def is_full(self) -> bool:
        """Whether the buffer is full, so that gateway reads must pause."""
        return not self._has_capacity.is_set()

    async def wait_for_capacity(self) -> None:
        """Wait until events may be added.

        Returns at once unless the database was unavailable for long.
        """
        await self._has_capacity.wait()

    async def run(self) -> None:
        """Flush periodically until cancelled; then once more, for at most two seconds."""
        try:
            while True:
                await self._wait_for_flush()
                # Shielded: a cancelled commit may have succeeded, and its events would then be stored twice.
                await asyncio.shield(self._try_flush())
        finally:
            await self._flush_before_exit()

    async def resolve_channels(self) -> None:
        """Fetch channels that no event described.

        These are, for example, threads that were inactive since before the bot joined. Events whose channel cannot be
        fetched now remain unresolved and do not block other events.
        """
        unknown_ids = {
            event.source_channel_id
            for event in self._unresolved
            if self.thread_parents.find_parent(event.source_channel_id) is None
        }
        if unknown_ids and self.resolve_channel is not None:
            try:
                async with asyncio.timeout(RESOLVE_TIMEOUT_SECONDS):
                    for channel_id in unknown_ids:
                        await self.resolve_channel(channel_id)
            except Exception as error:  # noqa: BLE001 - after any failure these events are retried
                log.warning(
                    "channel resolution failed, events kept", channels=len(unknown_ids), error=repr(error)[:200]
                )
        unresolved_events, self._unresolved = self._unresolved, []
        for event in unresolved_events:
            parent_id = self.thread_parents.find_parent(event.source_channel_id)
            resolved_event = (
                event._replace(channel_id=parent_id, thread_id=event.source_channel_id) if parent_id else event
            )
            self.add(resolved_event, resolved=parent_id is not None)

    async def flush(self) -> None:
        """Store all pending data and acknowledge a drain request.

        If this raises, unsaved data is still pending. Concurrent calls run one after the other. After a successful
        flush only events of unresolved channels remain; while there are any, `stored_until` does not advance and no
        drain request is acknowledged.
        """
        async with self._flush_lock:
            started_at = utc_now()
            async with self._database.acquire_connection() as connection:
                request_id = await load_latest_drain_request(connection)
            await self.resolve_channels()
            is_complete = not self._unresolved
            await self._save_metadata()
            await self._save_coverage()
            await self._store_events()
            self._forget_names_after_choice()
            self.stored_count += await store_skipping_invalid(self._database, self.voice_tracker, self.privacy)
            if not is_complete:
                return
            self.stored_until = started_at
            if request_id > self._acked_request_id:
                async with self._database.acquire_connection() as connection:
                    await ack_drain(connection, process_id=self._process_id, request_id=request_id)
                self._acked_request_id = request_id

    async def _wait_for_flush(self) -> None:
        """Wait for the flush interval, or less if a batch is full.

        After failures it always waits for the full backoff.
        """
        delay = self._backoff.delay or FLUSH_INTERVAL_SECONDS
        try:
            await asyncio.wait_for(self._wake.wait(), timeout=delay)
        except TimeoutError:
            return
        if self._backoff.failures:
            await asyncio.sleep(delay)

    async def _try_flush(self) -> None:
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001 - after any failure the pending events must be retried
            delay = self._backoff.record_failure()
            log_retry(limited_log, "flush failed, events kept in memory", error, delay, pending=self.pending)
        else:
            if self._backoff.reset():
                log.info("flush succeeded after failures", stored=self.stored_count)

    async def _flush_before_exit(self) -> None:
        """Flush a last time; events of unresolved channels count for the channel itself.

        The connection to Discord is closed, so channels can no longer be resolved.
        """
        self.resolve_channel = None
        for event in self._unresolved:
            self.thread_parents.treat_as_channel(event.source_channel_id)
        flush_task = asyncio.create_task(self.flush())
        await asyncio.wait({flush_task}, timeout=FINAL_FLUSH_TIMEOUT_SECONDS)
        if not flush_task.done():  # not cancelled here: its commit may succeed
            log.error("final flush not confirmed, events may be lost", seconds=FINAL_FLUSH_TIMEOUT_SECONDS)
        elif error := flush_task.exception():
            log.error("final flush failed, events lost", pending=self.pending, error=format_reason(error))

    async def _save_metadata(self) -> None:
        changes = self.metadata.take()
        if not changes:
            return
        try:
            hidden_members = await save_skipping_invalid(self._database, changes, self.privacy)
        except BaseException:
            self.metadata.changes.merge_older(changes)
            raise
        self.metadata.forget_names(hidden_members)

    def _forget_names_after_choice(self) -> None:
        """Forget which names are stored after members changed their choices, since rows may have been deleted."""
        if self.privacy.version != self._names_version:
            self.metadata.forget_names()
            self._names_version = self.privacy.version

    async def _save_coverage(self) -> None:
        """Save the gaps, and the periods in which joins are read from join messages."""
        gaps, join_message_periods = self.gap_tracker.take(), self.join_message_tracker.take()
        if not gaps and not join_message_periods:
            return
        try:
            async with self._database.transaction() as session:
                if gaps:
                    await save_gaps(session, gaps)
                if join_message_periods:
                    await save_join_message_periods(session, join_message_periods)
        except BaseException:
            self.gap_tracker.restore(gaps)
            self.join_message_tracker.restore(join_message_periods)
            raise

    async def _store_events(self) -> None:
        """Store the events, after the threads in which they happened."""
        self._wake.clear()
        events, self._events = self._events, []
        try:
            await self.ticket_tracker.save(self._database, self.privacy)
        except BaseException:
            self._events = events + self._events
            raise
        while events:
            batch, events = events[:MAX_BATCH_EVENTS], events[MAX_BATCH_EVENTS:]
            try:
                await self._store_batch(batch)
            except BaseException:
                self._events = batch + events + self._events
                raise
        if self.is_full:
            log.info("gateway reads resumed")
        self._has_capacity.set()

    async def _store_batch(self, events: list[ActivityEvent]) -> None:
        """Store a batch; bisect to find events that the database rejects, log them and skip them."""
        try:
            async with self._database.acquire_connection() as connection:
                result = await append_events(connection, events, privacy=self.privacy)
        except UNSTORABLE_ERRORS as error:
            if len(events) == 1:
                self.skipped_count += 1
                log_skipped_value(f"{events[0].kind} event", error)
                return
            middle = len(events) // 2
            await self._store_batch(events[:middle])
            await self._store_batch(events[middle:])
        else:
            self.stored_count += result.stored
            self.duplicate_count += result.duplicates
