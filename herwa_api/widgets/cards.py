"""The widgets that this process serves: who may see them, their last numbers, and their rendered forms, in memory.

An entry holds while the policy of its guild does, which every change of a widget replaces, and for at most a minute.
Numbers are computed by one process for all, at most once a minute. While a database is away, visitors see the last.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from herwa_api.surfaces import WIDGET
from herwa_api.widgets.forms import WidgetForm
from herwa_api.widgets.rendered import RenderedForm
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.errors import HerwaError, format_reason
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.policy_cache.cache import PolicyCache, PolicyUnavailable
from herwa_shared.services.widget_values import (
    REFRESH_INTERVAL,
    StoredNumbers,
    claim_refresh,
    load_numbers,
    save_numbers,
)
from herwa_shared.services.widgets import PublicWidget, find_public_widget
from herwa_shared.stores import Stores
from herwa_shared.widgets.content import STALE_AFTER
from herwa_shared.widgets.numbers import WidgetNumbers, build_question, compute_numbers, read_numbers

limited_log = RateLimitedLogger(get_logger(__name__))

MAX_WIDGETS = 10_000
MAX_FORM_BYTES = 64 << 20
"""The size of all rendered forms. Widgets that were loaded least recently are dropped first."""
MAX_UNKNOWN_IDS = 10_000
UNKNOWN_SECONDS = 5.0
"""For how long an id that does not exist is remembered."""
RETRY_SECONDS = 10.0
"""For how long older numbers are shown before newer ones are asked for again."""
MAX_CONCURRENT_COMPUTATIONS = 4
PATIENCE_SECONDS = 2.0
"""How long a visitor waits for newer numbers if there are older ones."""
FIRST_PATIENCE_SECONDS = 10.0
OTHER_PROCESS_CHECK_SECONDS = 0.25
OUTAGE_ERRORS = (HerwaError, OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(slots=True)
class WidgetEntry:
    """A widget in memory. `numbers` are None if visitors do not see it, or before its first numbers.

    `forms` are those that were asked for; `fresh_until` is a time of `time.monotonic`.
    """

    widget: PublicWidget
    policy: CompiledPolicy
    is_visible: bool
    numbers: WidgetNumbers | None
    fresh_until: float
    forms: dict[WidgetForm, RenderedForm] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The size of its forms in bytes."""
        return sum(len(rendered.body) for rendered in self.forms.values())


class WidgetCards:
    """The widgets of one process. `find` is for the usual request, `get` loads what it does not find."""

    def __init__(self, stores: Stores, policies: PolicyCache) -> None:
        self._stores = stores
        self._policies = policies
        self._entries: OrderedDict[str, WidgetEntry] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._loads: dict[str, asyncio.Task[WidgetEntry | None]] = {}
        self._computations: dict[int, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_COMPUTATIONS)
        self.form_bytes = 0

    def find(self, public_id: str) -> WidgetEntry | None:
        """Return the entry of a widget if it may be used without any query."""
        entry = self._entries.get(public_id)
        if entry is None or time.monotonic() >= entry.fresh_until:
            return None
        return entry if self._policies.find_cached(entry.widget.status.guild_id) is entry.policy else None

    def is_remembered(self, public_id: str) -> bool:
        """Return whether a request costs no query of its own: the widget is known, is loaded now, or does not exist."""
        is_known = public_id in self._entries or public_id in self._loads
        return is_known or self._unknown.get(public_id, 0.0) > time.monotonic()

    def store_form(self, entry: WidgetEntry, form: WidgetForm, rendered: RenderedForm) -> None:
        """Keep a rendered form of an entry, unless it was replaced meanwhile."""
        public_id = entry.widget.status.public_id
        if self._entries.get(public_id) is not entry or form in entry.forms:
            return
        entry.forms[form] = rendered
        self.form_bytes += len(rendered.body)
        while self.form_bytes > MAX_FORM_BYTES and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))

    async def get(self, public_id: str) -> WidgetEntry | None:
        """Return the entry of a widget, with numbers that are at most a minute old if they can be computed.

        None if there is no such widget. Concurrent callers share one load. Raises PolicyUnavailable and the errors of
        PostgreSQL if nothing may be shown without it.
        """
        if self._unknown.get(public_id, 0.0) > time.monotonic():
            return None
        entry = self.find(public_id)
        if entry is not None:
            return entry
        load = self._loads.get(public_id)
        if load is None:
            load = self._loads[public_id] = asyncio.create_task(self._load(public_id))
            load.add_done_callback(lambda task: self._end_load(public_id, task))
        return await asyncio.shield(load)

    def _end_load(self, public_id: str, load: asyncio.Task[WidgetEntry | None]) -> None:
        self._loads.pop(public_id, None)
        if not load.cancelled():
            load.exception()  # retrieve it: the callers got it, and without any asyncio would log it

    async def _load(self, public_id: str) -> WidgetEntry | None:
        known = self._entries.get(public_id)
        try:
            entry = await self._load_entry(public_id, known)
        except OUTAGE_ERRORS as error:
            limited_log.warning("widget not loaded", kind=type(error).__name__, error=format_reason(error))
            if known is None:
                raise
            return await self._keep(known)
        self._drop(public_id)
        if entry is None:
            self._remember_unknown(public_id)
        else:
            self._entries[public_id] = entry
            self.form_bytes += entry.size
            if len(self._entries) > MAX_WIDGETS:
                self._drop(next(iter(self._entries)))
        return entry

    def _drop(self, public_id: str) -> None:
        entry = self._entries.pop(public_id, None)
        if entry is not None:
            self.form_bytes -= entry.size

    async def _keep(self, entry: WidgetEntry) -> WidgetEntry:
        """Use an entry further while PostgreSQL is away.

        Raises PolicyUnavailable if something of its guild is known to have changed.
        """
        policy = await self._policies.get(entry.widget.status.guild_id)
        if policy.version != entry.policy.version:
            raise PolicyUnavailable
        entry.policy, entry.fresh_until = policy, time.monotonic() + RETRY_SECONDS
        if self._entries.get(entry.widget.status.public_id) is entry:
            self.form_bytes -= entry.size
        entry.forms = {}  # the numbers may be so old by now that they carry their time
        return entry

    async def _load_entry(self, public_id: str, known: WidgetEntry | None) -> WidgetEntry | None:
        """Load a widget and its numbers. The policy is read first, so that a later change of the widget replaces it."""
        guild_id = await self._find_guild(public_id) if known is None else known.widget.status.guild_id
        if guild_id is None:
            return None
        policy = await self._policies.get(guild_id)
        async with self._stores.database.transaction() as session:
            widget = await find_public_widget(session, public_id=public_id)
        if widget is None:
            return None
        fresh_until = time.monotonic() + REFRESH_INTERVAL.total_seconds()
        if not self._is_visible(widget, policy):
            return WidgetEntry(widget, policy, False, None, fresh_until)
        stored = await self._load_newest(widget, policy)
        if stored is None:
            return WidgetEntry(widget, policy, True, None, time.monotonic() + RETRY_SECONDS)
        age = (utc_now() - stored.computed_at).total_seconds()
        remaining = REFRESH_INTERVAL.total_seconds() - age
        fresh_until = time.monotonic() + (remaining if remaining > 0 else RETRY_SECONDS)
        entry = WidgetEntry(widget, policy, True, read_numbers(stored.value), fresh_until)
        entry.forms = _list_reusable_forms(known, entry)
        return entry

    async def _find_guild(self, public_id: str) -> int | None:
        async with self._stores.database.transaction() as session:
            widget = await find_public_widget(session, public_id=public_id)
        return None if widget is None else widget.status.guild_id

    def _is_visible(self, widget: PublicWidget, policy: CompiledPolicy) -> bool:
        """Return whether visitors see a widget: its guild shows it, and the guardrail allows it (steps 1 to 3)."""
        invocation = Invocation.from_widget(guild_id=widget.status.guild_id, surface=WIDGET, at=self._policies.now())
        limit = policy.entitlement.limits.get(Limit.WIDGETS, 0)
        return widget.status.is_shown(limit) and decide(invocation, policy).allowed

    async def _load_newest(self, widget: PublicWidget, policy: CompiledPolicy) -> StoredNumbers | None:
        """Load the numbers of a widget; compute them if they are older than a minute and no other process does."""
        widget_id, question = widget.status.id, build_question(widget)
        stored = await self._load_stored(widget_id, question)
        if stored is not None and utc_now() - stored.computed_at < REFRESH_INTERVAL:
            return stored
        computation = self._computations.get(widget_id)
        if computation is None and await self._claim(widget_id, question):
            computation = self._start(widget_id, self._compute(widget, policy, question))
        patience = PATIENCE_SECONDS if stored is not None else FIRST_PATIENCE_SECONDS
        if computation is not None:
            await asyncio.wait([computation], timeout=patience)
        elif stored is None:
            return await self._wait_for_other_process(widget_id, question)
        return await self._load_stored(widget_id, question) or stored

    def _start(self, widget_id: int, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        computation = self._computations[widget_id] = asyncio.create_task(work)
        computation.add_done_callback(lambda _: self._computations.pop(widget_id, None))
        return computation

    async def _compute(self, widget: PublicWidget, policy: CompiledPolicy, question: str) -> None:
        """Compute and save new numbers; failures are logged, and the last numbers stay."""
        try:
            async with self._slots:
                now = utc_now()
                history = HistoryLimit.from_entitlement(policy.entitlement)
                numbers = await compute_numbers(
                    self._stores.database, self._stores.clickhouse, widget, history=history, now=now
                )
            async with self._stores.database.transaction() as session:
                await save_numbers(
                    session, widget_id=widget.status.id, question=question, value=numbers.to_value(), computed_at=now
                )
        except OUTAGE_ERRORS as error:
            limited_log.warning("widget not computed", kind=type(error).__name__, error=format_reason(error))

    async def _wait_for_other_process(self, widget_id: int, question: str) -> StoredNumbers | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            await asyncio.sleep(OTHER_PROCESS_CHECK_SECONDS)
            stored = await self._load_stored(widget_id, question)
            if stored is not None:
                return stored
        return None

    async def _load_stored(self, widget_id: int, question: str) -> StoredNumbers | None:
        async with self._stores.database.transaction() as session:
            return await load_numbers(session, widget_id=widget_id, question=question)

    async def _claim(self, widget_id: int, question: str) -> bool:
        async with self._stores.database.transaction() as session:
            return await claim_refresh(session, widget_id=widget_id, question=question, now=utc_now())

    def _remember_unknown(self, public_id: str) -> None:
        self._unknown[public_id] = time.monotonic() + UNKNOWN_SECONDS
        self._unknown.move_to_end(public_id)
        if len(self._unknown) > MAX_UNKNOWN_IDS:
            self._unknown.popitem(last=False)


def _list_reusable_forms(known: WidgetEntry | None, entry: WidgetEntry) -> dict[WidgetForm, RenderedForm]:
    """List the forms of an entry that would look the same with newer numbers. JSON carries the time of its numbers."""
    if known is None or known.numbers is None or entry.numbers is None or known.widget != entry.widget:
        return {}
    has_changed = replace(known.numbers, as_of=entry.numbers.as_of) != entry.numbers
    if has_changed or utc_now() - known.numbers.as_of > STALE_AFTER:
        return {}
    return {form: rendered for form, rendered in known.forms.items() if form is not WidgetForm.JSON}
