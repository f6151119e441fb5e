"""How much is too much: buckets a route, the global limit, and how fast shards may identify."""

from collections import deque
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic, time

GATEWAY_SENDS = (120, 60.0)
IDENTIFY_WINDOW = 5.0


@dataclass(slots=True)
class Bucket:
    """`limit` requests every `per` seconds, counted from the first."""

    name: str
    limit: int
    per: float
    used: int = 0
    began: float = 0.0

    def take(self, now: float) -> float:
        """Count one request. Returns 0, or the seconds to wait when it is one too many."""
        if now - self.began >= self.per:
            self.began, self.used = now, 0
        if self.used >= self.limit:
            return self.began + self.per - now
        self.used += 1
        return 0.0

    def headers(self) -> dict[str, str]:
        """What every answer tells about the bucket."""
        left = max(self.began + self.per - monotonic(), 0.0)
        return {
            "X-RateLimit-Bucket": self.name,
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - self.used),
            "X-RateLimit-Reset": f"{time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
        }


@dataclass(frozen=True, slots=True)
class Refused:
    """The request is one too many."""

    wait: float
    everywhere: bool


class Limits:
    """All buckets of one bot."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], Bucket] = {}
        self._everything = Bucket("global", 50, 1.0)

    def bucket(self, method: str, route: str, major: str) -> Bucket:
        """The bucket of a route and its major parameter (channel, guild or webhook)."""
        key = (method, route, major)
        if key not in self._buckets:
            limit, per = (5, 5.0) if (method, route) == ("POST", "/channels/{channel_id}/messages") else (30, 1.0)
            name = blake2b(f"{method} {route}".encode(), digest_size=12).hexdigest()
            self._buckets[key] = Bucket(name, limit, per)
        return self._buckets[key]

    def take(self, bucket: Bucket) -> Refused | None:
        """Count one request against its bucket and the global limit."""
        now = monotonic()
        if wait := bucket.take(now):
            return Refused(wait, everywhere=False)
        if wait := self._everything.take(now):
            return Refused(wait, everywhere=True)
        return None


class IdentifyGate:
    """One IDENTIFY per 5 s and concurrency bucket; a shard is not held up by its own last time."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, float]] = {}

    def admit(self, shard_id: int, max_concurrency: int) -> bool:
        key = shard_id % max_concurrency
        shard, when = self._last.get(key, (shard_id, 0.0))
        if shard != shard_id and monotonic() - when < IDENTIFY_WINDOW:
            return False
        self._last[key] = (shard_id, monotonic())
        return True


class Pace:
    """At most `count` in any `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._times: deque[float] = deque(maxlen=count)
        self._seconds = seconds

    def admit(self) -> bool:
        now = monotonic()
        if len(self._times) == self._times.maxlen and now - self._times[0] < self._seconds:
            return False
        self._times.append(now)
        return True
