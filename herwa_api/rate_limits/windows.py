"""Sliding windows in the memory of this process: the times of the requests of the last minute.

They decide while Redis is not available. Otherwise they refuse what this process alone knows to be too much, so that a
flood of requests costs Redis nothing.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_WINDOWS = 20_000
"""Windows that are remembered; the one that was unused for longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One limit that a request counts against: at most `limit` in `window_seconds`.

    With `cost` 0 it is only checked that one more would fit.
    """

    name: str
    key: str
    limit: int
    window_seconds: int
    cost: int = 1


@dataclass(frozen=True, slots=True)
class WindowStatus:
    """One limit after a request. `reset_seconds` is when the oldest counted request leaves the window."""

    charge: Charge
    remaining: int
    reset_seconds: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether all limits allow a request. If not, `refused_by` is the one that takes longest to allow it."""

    statuses: tuple[WindowStatus, ...]
    refused_by: Charge | None = None
    retry_after_seconds: float = 0.0

    @property
    def is_allowed(self) -> bool:
        """Whether the request may run."""
        return self.refused_by is None


@dataclass(frozen=True, slots=True)
class Measure:
    """One window before a request: the requests in it, and the seconds until the request fits and until the reset."""

    charge: Charge
    count: int
    wait_seconds: float
    reset_seconds: float


def build_decision(measures: Sequence[Measure]) -> Decision:
    """Build the decision about a request. If it is allowed, the statuses include it."""
    refusals = [measure for measure in measures if measure.wait_seconds > 0]
    statuses = tuple(_build_status(measure, is_counted=not refusals) for measure in measures)
    if not refusals:
        return Decision(statuses)
    first = max(refusals, key=lambda measure: measure.wait_seconds)
    return Decision(statuses, first.charge, first.wait_seconds)


def _build_status(measure: Measure, *, is_counted: bool) -> WindowStatus:
    charge = measure.charge
    added = charge.cost if is_counted else 0
    reset_seconds = measure.reset_seconds if measure.count or not added else float(charge.window_seconds)
    return WindowStatus(charge, max(0, charge.limit - measure.count - added), reset_seconds)


class LocalWindows:
    """The windows of one process. Counts exactly: each request is remembered until its window has passed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._blocked: OrderedDict[tuple[str, int], float] = OrderedDict()

    def check(self, charges: Sequence[Charge]) -> Decision:
        """Decide about a request without counting it."""
        now = self._clock()
        return build_decision([self._measure(charge, now) for charge in charges])

    def count(self, charges: Sequence[Charge]) -> None:
        """Count a request, whether its limits allow it or not."""
        now = self._clock()
        for charge in charges:
            if charge.cost:
                self._times.setdefault(charge.key, deque()).extend([now] * charge.cost)
                self._times.move_to_end(charge.key)
        while len(self._times) > MAX_WINDOWS:
            self._times.popitem(last=False)

    def acquire(self, charges: Sequence[Charge]) -> Decision:
        """Decide about a request, and count it if all limits allow it."""
        decision = self.check(charges)
        if decision.is_allowed:
            self.count(charges)
        return decision

    def block(self, charge: Charge, seconds: float) -> None:
        """Refuse requests with this charge for a time, in which no counted request leaves its window."""
        self._blocked[charge.key, charge.limit] = self._clock() + seconds
        self._blocked.move_to_end((charge.key, charge.limit))
        while len(self._blocked) > MAX_WINDOWS:
            self._blocked.popitem(last=False)

    def _measure(self, charge: Charge, now: float) -> Measure:
        blocked_seconds = self._blocked.get((charge.key, charge.limit), now) - now
        if blocked_seconds > 0:
            return Measure(charge, charge.limit, blocked_seconds, blocked_seconds)
        times = self._times.get(charge.key) or deque()
        start = now - charge.window_seconds
        while times and times[0] <= start:
            times.popleft()
        count, needed = len(times), max(charge.cost, 1)
        reset_seconds = times[0] - start if times else 0.0
        if count + needed <= charge.limit:
            return Measure(charge, count, 0.0, reset_seconds)
        position = count + needed - charge.limit  # so many requests have to leave the window
        wait_seconds = times[position - 1] - start if position <= count else float(charge.window_seconds)
        return Measure(charge, count, wait_seconds, reset_seconds)
