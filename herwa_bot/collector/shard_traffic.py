"""Events a second and acknowledged heartbeats of each shard, for the operator's health page."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from discord.gateway import DiscordWebSocket

from herwa_shared.services.process_details import ShardDetail

MIN_WINDOW_SECONDS = 1.0


@dataclass(slots=True)
class _Traffic:
    """Counts of one shard; `window_events` and `rate` are those of the last complete window.

    `checked` are the events and the last acknowledgement that `check_received` has seen.
    """

    events: int = 0
    acknowledged_at: float | None = None
    window_started_at: float = 0.0
    window_events: int = 0
    rate: float = 0.0
    checked: tuple[int, float | None] = (0, None)


@dataclass(slots=True)
class ShardTraffic:
    """Counts what each shard receives. `clock` is monotonic."""

    clock: Callable[[], float] = time.monotonic
    _shards: dict[int, _Traffic] = field(default_factory=dict)

    def record(self, shard_id: int | None, opcode: object) -> None:
        """Record a gateway message. Called for each one, so it does as little as possible."""
        traffic = self._shards.get(shard_id or 0)
        if traffic is None:
            traffic = self._shards[shard_id or 0] = _Traffic(window_started_at=self.clock())
        if opcode == DiscordWebSocket.DISPATCH:
            traffic.events += 1
        elif opcode == DiscordWebSocket.HEARTBEAT_ACK:
            traffic.acknowledged_at = self.clock()

    def check_received(self, shard_id: int) -> bool:
        """Return whether the shard has received anything since the last call."""
        traffic = self._shards.get(shard_id)
        if traffic is None or traffic.checked == (current := (traffic.events, traffic.acknowledged_at)):
            return False
        traffic.checked = current
        return True

    def read_details(self, shard_ids: Iterable[int]) -> dict[str, ShardDetail]:
        """Read the detail of each shard; the rate is that since the last call, at least a second ago."""
        return {str(shard_id): self._read(shard_id) for shard_id in shard_ids}

    def _read(self, shard_id: int) -> ShardDetail:
        now = self.clock()
        traffic = self._shards.get(shard_id)
        if traffic is None:
            return ShardDetail(0.0, None)
        seconds = now - traffic.window_started_at
        if seconds >= MIN_WINDOW_SECONDS:
            traffic.rate = (traffic.events - traffic.window_events) / seconds
            traffic.window_started_at, traffic.window_events = now, traffic.events
        age = None if traffic.acknowledged_at is None else round(now - traffic.acknowledged_at, 1)
        return ShardDetail(round(traffic.rate, 2), age)
