"""From memory to PostgreSQL: batches by time and by size, nothing lost when the database is away for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from herwa_bot.collector.gateway_sessions import GatewaySessions
from herwa_bot.collector.live_updates import LiveUpdates
from herwa_bot.collector.member_counts import MemberCounts
from herwa_bot.collector.metadata_sync import UNSTORABLE_ERRORS, MetadataTracker, save_skipping_invalid
from herwa_bot.collector.thread_parents import ThreadParents
from herwa_bot.collector.voice_tracker import VoiceTracker, store_skipping_invalid
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.drain import ack_drain, load_latest_drain_request
from herwa_shared.pipeline.events import ActivityEvent

log = get_logger(__name__)

FLUSH_INTERVAL_SECONDS = 0.25
FLUSH_THRESHOLD_EVENTS = 5_000
MAX_BATCH_EVENTS = 20_000
MAX_PENDING_EVENTS = 200_000  # from here on the gateway is no longer read until there is room; Discord then replays
MAX_SEEN_KEYS = 100_000
MAX_RETRY_SECONDS = 5.0
RESOLVE_TIMEOUT_SECONDS = 2.0
FINAL_FLUSH_TIMEOUT_SECONDS = 2.0

ResolveChannel = Callable[[int], Awaitable[None]]


class EventWriter:
    """Holds what was heard until it is stored. `add` never waits; `run` does the storing.

    `resolve` asks Discord about a place that no event described and lets `places` learn it. It raises when Discord
    cannot say now. A writer outlives connections to Discord, each of which may bring a `resolve` of its own.
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
        self.voice_tracker = VoiceTracker()
        self.member_counts = MemberCounts()
        self.live_updates = LiveUpdates(self.voice_tracker, self.member_counts)
        self.resolve_channel = resolve_channel
        self.stored = 0
        self.duplicates = 0
        self.skipped = 0
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
        self._failures = 0

    @property
    def pending(self) -> int:
        """Events and changes in voice that are not stored yet."""
        return len(self._events) + len(self._unresolved) + self.voice_tracker.pending

    def add(self, event: ActivityEvent, *, resolved: bool = True) -> None:
        """Take an event. `resolved` is False where nobody has yet said what its place is."""
        if resolved:
            self._events.append(event)
        else:
            self._unresolved.append(event)
        if len(self._events) >= FLUSH_THRESHOLD_EVENTS:
            self._wake.set()
        if len(self._events) + len(self._unresolved) >= self._max_pending_events and self._has_capacity.is_set():
            self._has_capacity.clear()
            log.warning("Discord is not read any more until events could be stored", held=self.pending)

    def add_all(self, events: Iterable[ActivityEvent]) -> None:
        """Take events whose places are known."""
        for event in events:
            self.add(event)

    def add_once(self, key: str, event: ActivityEvent, *, resolved: bool = True) -> None:
        """Take an event that has no message id, unless one with the same natural key came lately."""
        if key in self._seen_keys:
            return
        self._seen_keys[key] = None
        if len(self._seen_keys) > MAX_SEEN_KEYS:
            self._seen_keys.popitem(last=False)
        self.add(event, resolved=resolved)

    @property
    def is_full(self) -> bool:
        """True while nothing more should be added."""
        return not self._has_capacity.is_set()

    async def wait_for_capacity(self) -> None:
        """Return when events may be added; at once unless the database has been away for long."""
        await self._has_capacity.wait()

    async def run(self) -> None:
        """Store what is held, again and again, until cancelled; then once more, for at most two seconds."""
        try:
            while True:
                await self._wait_for_flush()
                # Shielded: a commit that is cancelled half-way may have happened, and would happen again.
                await asyncio.shield(self._try_flush())
        finally:
            await self._flush_before_exit()

    async def resolve_channels(self) -> None:
        """Ask Discord about places that no event described: threads that slept since before we came.

        What it cannot say now waits and holds up nothing else.
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
            except Exception as error:  # noqa: BLE001 - whatever it is, those events are tried again
                log.warning("events wait, Discord does not say where", places=len(unknown_ids), error=repr(error)[:200])
        unresolved_events, self._unresolved = self._unresolved, []
        for event in unresolved_events:
            parent_id = self.thread_parents.find_parent(event.source_channel_id)
            resolved_event = (
                event._replace(channel_id=parent_id, thread_id=event.source_channel_id) if parent_id else event
            )
            self.add(resolved_event, resolved=parent_id is not None)

    async def flush(self) -> None:
        """Store everything held and answer a drain request. When this raises, all of it is still held."""
        async with self._flush_lock:
            started_at = utc_now()
            async with self._database.acquire_connection() as connection:
                request_id = await load_latest_drain_request(connection)
            await self.resolve_channels()
            is_complete = not self._unresolved
            await self._save_metadata()
            await self._store_events()
            self.stored += await store_skipping_invalid(self._database, self.voice_tracker)
            if not is_complete:
                return
            self.stored_until = started_at
            if request_id > self._acked_request_id:
                async with self._database.acquire_connection() as connection:
                    await ack_drain(connection, process_id=self._process_id, request_id=request_id)
                self._acked_request_id = request_id

    async def _wait_for_flush(self) -> None:
        delay = min(FLUSH_INTERVAL_SECONDS * 2**self._failures, MAX_RETRY_SECONDS)
        try:
            await asyncio.wait_for(self._wake.wait(), timeout=delay)
        except TimeoutError:
            return
        if self._failures:
            await asyncio.sleep(delay)

    async def _try_flush(self) -> None:
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001 - whatever it is, what is held must be tried again
            self._failures += 1
            log.warning("events wait, they could not be stored", held=self.pending, error=repr(error)[:300])
        else:
            if self._failures:
                log.info("events are stored again", stored=self.stored)
            self._failures = 0

    async def _flush_before_exit(self) -> None:
        """Nobody can be asked about places any more: what is still unnamed counts for the place itself."""
        self.resolve_channel = None
        for event in self._unresolved:
            self.thread_parents.treat_as_channel(event.source_channel_id)
        try:
            async with asyncio.timeout(FINAL_FLUSH_TIMEOUT_SECONDS):
                await self.flush()
        except Exception as error:  # noqa: BLE001 - the process ends, whatever it is
            reason = repr(error)[:300]
            log.error("events are lost, they could not be stored at the end", held=self.pending, error=reason)  # noqa: TRY400

    async def _save_metadata(self) -> None:
        changes = self.metadata.take()
        if not changes:
            return
        try:
            await save_skipping_invalid(self._database, changes)
        except BaseException:
            self.metadata.changes.merge_older(changes)
            raise

    async def _store_events(self) -> None:
        self._wake.clear()
        events, self._events = self._events, []
        while events:
            batch, events = events[:MAX_BATCH_EVENTS], events[MAX_BATCH_EVENTS:]
            try:
                await self._store_batch(batch)
            except BaseException:
                self._events = batch + events + self._events
                raise
        if self.is_full:
            log.info("Discord is read again")
        self._has_capacity.set()

    async def _store_batch(self, events: list[ActivityEvent]) -> None:
        try:
            async with self._database.acquire_connection() as connection:
                result = await append_events(connection, events)
        except UNSTORABLE_ERRORS as error:
            if len(events) == 1:
                self.skipped += 1
                log.error("event skipped, it cannot be stored", kind=events[0].kind, error=str(error)[:200])  # noqa: TRY400 - one line says it
                return
            middle = len(events) // 2
            await self._store_batch(events[:middle])
            await self._store_batch(events[middle:])
        else:
            self.stored += result.stored
            self.duplicates += result.duplicates
