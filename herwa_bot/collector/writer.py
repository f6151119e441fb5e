"""From memory to PostgreSQL: batches by time and by size, nothing lost when the database is away for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import asyncpg

from herwa_bot.collector.directory import Directory, save
from herwa_bot.collector.listening import Listening
from herwa_bot.collector.places import Places
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
UNSTORABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, OverflowError, TypeError, ValueError)

Resolve = Callable[[int], Awaitable[None]]


class Writer:
    """Holds what was heard until it is stored. `add` never waits; `run` does the storing."""

    def __init__(self, database: Database, *, process_id: int, resolve: Resolve) -> None:
        self.directory = Directory()
        self.places = Places()
        self.listening = Listening()
        self.stored = 0
        self.duplicates = 0
        self.skipped = 0
        self.stored_until = utc_now()
        self._database = database
        self._process_id = process_id
        self._resolve = resolve
        self._events: list[Event] = []
        self._nameless: list[Event] = []
        self._once: OrderedDict[str, None] = OrderedDict()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._answered = -1
        self._failures = 0

    @property
    def held(self) -> int:
        """Events that are not stored yet."""
        return len(self._events) + len(self._nameless)

    def add(self, event: Event, *, resolved: bool = True) -> None:
        """Take an event. `resolved` is False where nobody has yet said what its place is."""
        if resolved:
            self._events.append(event)
        else:
            self._nameless.append(event)
        held = len(self._events)
        if held >= FLUSH_EVENTS:
            self._wake.set()
            if held >= FULL_EVENTS:
                self._room.clear()

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
        """Store what is held, again and again, until cancelled; then once more."""
        try:
            while True:
                await self._next_flush()
                await self._flush_or_keep()
        finally:
            await asyncio.wait_for(self.flush(), timeout=3)

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

    async def flush(self) -> None:
        """Store everything held and answer a drain request. When this raises, all of it is still held."""
        began = utc_now()
        async with self._database.raw() as connection:
            request = await newest_drain_request(connection)
        await self._name_places()
        await self._save_directory()
        await self._store_events()
        self.stored_until = began
        if request > self._answered and not self.held:
            async with self._database.raw() as connection:
                await answer_drain(connection, process_id=self._process_id, request=request)
            self._answered = request

    async def _name_places(self) -> None:
        """Ask Discord about places that no event described: threads that slept since before we came."""
        events, self._nameless = self._nameless, []
        try:
            for place_id in {event.place_id for event in events}:
                if self.places.parent_of(place_id) is None:
                    await self._resolve(place_id)
        except BaseException:
            self._nameless = events + self._nameless
            raise
        for event in events:
            parent_id = self.places.parent_of(event.place_id)
            self.add(event._replace(channel_id=parent_id, thread_id=event.place_id) if parent_id else event)

    async def _save_directory(self) -> None:
        changes = self.directory.take()
        if not changes:
            return
        try:
            async with self._database.transaction() as session:
                await save(session, changes)
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
