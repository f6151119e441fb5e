"""From memory to PostgreSQL: batches by time and by size, nothing lost when the database is away for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from herwa_bot.collector.gateway_sessions import Listening
from herwa_bot.collector.live_updates import Live
from herwa_bot.collector.member_counts import Census
from herwa_bot.collector.metadata_sync import UNSTORABLE, Directory, save_all_but_impossible
from herwa_bot.collector.thread_parents import Places
from herwa_bot.collector.voice_tracker import Voice, store_all_but_impossible
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.buffer import append
from herwa_shared.pipeline.drain import answer_drain, newest_drain_request
from herwa_shared.pipeline.events import Event

log = get_logger(__name__)

FLUSH_SECONDS = 0.25
FLUSH_EVENTS = 5_000
BATCH_EVENTS = 20_000
FULL_EVENTS = 200_000  # from here on the gateway is no longer read until there is room; Discord then replays
ONCE_KEPT = 100_000
RETRY_SECONDS = 5.0
NAMING_SECONDS = 2.0
LAST_SECONDS = 2.0

Resolve = Callable[[int], Awaitable[None]]


class Writer:
    """Holds what was heard until it is stored. `add` never waits; `run` does the storing.

    `resolve` asks Discord about a place that no event described and lets `places` learn it. It raises when Discord
    cannot say now. A writer outlives connections to Discord, each of which may bring a `resolve` of its own.
    """

    def __init__(
        self,
        database: Database,
        *,
        process_id: int,
        resolve: Resolve | None = None,
        full_events: int = FULL_EVENTS,
    ) -> None:
        self.directory = Directory()
        self.places = Places()
        self.listening = Listening()
        self.voice = Voice()
        self.census = Census()
        self.live = Live(self.voice, self.census)
        self.resolve = resolve
        self.stored = 0
        self.duplicates = 0
        self.skipped = 0
        self.stored_until = utc_now()
        self._database = database
        self._process_id = process_id
        self._full_events = full_events
        self._events: list[Event] = []
        self._nameless: list[Event] = []
        self._once: OrderedDict[str, None] = OrderedDict()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._turn = asyncio.Lock()
        self._answered = -1
        self._failures = 0

    @property
    def held(self) -> int:
        """Events and changes in voice that are not stored yet."""
        return len(self._events) + len(self._nameless) + self.voice.held

    def add(self, event: Event, *, resolved: bool = True) -> None:
        """Take an event. `resolved` is False where nobody has yet said what its place is."""
        if resolved:
            self._events.append(event)
        else:
            self._nameless.append(event)
        if len(self._events) >= FLUSH_EVENTS:
            self._wake.set()
        if len(self._events) + len(self._nameless) >= self._full_events and self._room.is_set():
            self._room.clear()
            log.warning("Discord is not read any more until events could be stored", held=self.held)

    def add_all(self, events: Iterable[Event]) -> None:
        """Take events whose places are known."""
        for event in events:
            self.add(event)

    def add_once(self, key: str, event: Event, *, resolved: bool = True) -> None:
        """Take an event that has no message id, unless one with the same natural key came lately."""
        if key in self._once:
            return
        self._once[key] = None
        if len(self._once) > ONCE_KEPT:
            self._once.popitem(last=False)
        self.add(event, resolved=resolved)

    @property
    def is_full(self) -> bool:
        """True while nothing more should be added."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Return when events may be added; at once unless the database has been away for long."""
        await self._room.wait()

    async def run(self) -> None:
        """Store what is held, again and again, until cancelled; then once more, for at most two seconds."""
        try:
            while True:
                await self._next_flush()
                # Shielded: a commit that is cancelled half-way may have happened, and would happen again.
                await asyncio.shield(self._flush_or_keep())
        finally:
            await self._flush_at_last()

    async def name_places(self) -> None:
        """Ask Discord about places that no event described: threads that slept since before we came.

        What it cannot say now waits and holds up nothing else.
        """
        unknown = {event.place_id for event in self._nameless if self.places.parent_of(event.place_id) is None}
        if unknown and self.resolve is not None:
            try:
                async with asyncio.timeout(NAMING_SECONDS):
                    for place_id in unknown:
                        await self.resolve(place_id)
            except Exception as error:  # noqa: BLE001 - whatever it is, those events are tried again
                log.warning("events wait, Discord does not say where", places=len(unknown), error=repr(error)[:200])
        waiting, self._nameless = self._nameless, []
        for event in waiting:
            parent_id = self.places.parent_of(event.place_id)
            named = event._replace(channel_id=parent_id, thread_id=event.place_id) if parent_id else event
            self.add(named, resolved=parent_id is not None)

    async def flush(self) -> None:
        """Store everything held and answer a drain request. When this raises, all of it is still held."""
        async with self._turn:
            began = utc_now()
            async with self._database.raw() as connection:
                request = await newest_drain_request(connection)
            await self.name_places()
            whole = not self._nameless
            await self._save_directory()
            await self._store_events()
            self.stored += await store_all_but_impossible(self._database, self.voice)
            if not whole:
                return
            self.stored_until = began
            if request > self._answered:
                async with self._database.raw() as connection:
                    await answer_drain(connection, process_id=self._process_id, request=request)
                self._answered = request

    async def _next_flush(self) -> None:
        wait = min(FLUSH_SECONDS * 2**self._failures, RETRY_SECONDS)
        try:
            await asyncio.wait_for(self._wake.wait(), timeout=wait)
        except TimeoutError:
            return
        if self._failures:
            await asyncio.sleep(wait)

    async def _flush_or_keep(self) -> None:
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001 - whatever it is, what is held must be tried again
            self._failures += 1
            log.warning("events wait, they could not be stored", held=self.held, error=repr(error)[:300])
        else:
            if self._failures:
                log.info("events are stored again", stored=self.stored)
            self._failures = 0

    async def _flush_at_last(self) -> None:
        """Nobody can be asked about places any more: what is still unnamed counts for the place itself."""
        self.resolve = None
        for event in self._nameless:
            self.places.assume_channel(event.place_id)
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.flush()
        except Exception as error:  # noqa: BLE001 - the process ends, whatever it is
            log.error("events are lost, they could not be stored at the end", held=self.held, error=repr(error)[:300])  # noqa: TRY400 - one line says it

    async def _save_directory(self) -> None:
        changes = self.directory.take()
        if not changes:
            return
        try:
            await save_all_but_impossible(self._database, changes)
        except BaseException:
            self.directory.changes.absorb(changes)
            raise

    async def _store_events(self) -> None:
        self._wake.clear()
        events, self._events = self._events, []
        while events:
            batch, events = events[:BATCH_EVENTS], events[BATCH_EVENTS:]
            try:
                await self._store(batch)
            except BaseException:
                self._events = batch + events + self._events
                raise
        if self.is_full:
            log.info("Discord is read again")
        self._room.set()

    async def _store(self, events: list[Event]) -> None:
        try:
            async with self._database.raw() as connection:
                appended = await append(connection, events)
        except UNSTORABLE as error:
            if len(events) == 1:
                self.skipped += 1
                log.error("event skipped, it cannot be stored", kind=events[0].kind, error=str(error)[:200])  # noqa: TRY400 - one line says it
                return
            middle = len(events) // 2
            await self._store(events[:middle])
            await self._store(events[middle:])
        else:
            self.stored += appended.stored
            self.duplicates += appended.duplicates
