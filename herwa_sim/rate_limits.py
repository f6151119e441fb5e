"""Rate limits: REST buckets per route, the global REST limit, and the gateway limits."""

from collections import deque
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic, time

GATEWAY_SEND_LIMIT = (120, 60.0)
IDENTIFY_WINDOW_SECONDS = 5.0


@dataclass(slots=True)
class RateLimitBucket:
    """A fixed window: `limit` requests per `window_seconds`, starting at the first request."""

    name: str
    limit: int
    window_seconds: float
    used: int = 0
    started_at: float = 0.0

    def take(self, now: float) -> float:
        """Count one request. Returns 0, or the seconds to wait if the limit is exceeded."""
        if now - self.started_at >= self.window_seconds:
            self.started_at, self.used = now, 0
        if self.used >= self.limit:
            return self.started_at + self.window_seconds - now
        self.used += 1
        return 0.0

    def build_headers(self) -> dict[str, str]:
        """Return the X-RateLimit headers of the bucket's current state."""
        remaining_seconds = max(self.started_at + self.window_seconds - monotonic(), 0.0)
        return {
            "X-RateLimit-Bucket": self.name,
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - self.used),
            "X-RateLimit-Reset": f"{time() + remaining_seconds:.3f}",
            "X-RateLimit-Reset-After": f"{remaining_seconds:.3f}",
        }


@dataclass(frozen=True, slots=True)
class BucketExhausted:
    """The limit is exceeded; `retry_after` in seconds."""

    retry_after: float
    is_global: bool


class RestRateLimiter:
    """All REST buckets of the bot."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], RateLimitBucket] = {}
        self._global_bucket = RateLimitBucket("global", 50, 1.0)

    def get_bucket(self, method: str, route: str, major: str) -> RateLimitBucket:
        """Return the bucket of a route and its major parameter (channel, guild or webhook id)."""
        key = (method, route, major)
        if key not in self._buckets:
            limit, window_seconds = (
                (5, 5.0) if (method, route) == ("POST", "/channels/{channel_id}/messages") else (30, 1.0)
            )
            name = blake2b(f"{method} {route}".encode(), digest_size=12).hexdigest()
            self._buckets[key] = RateLimitBucket(name, limit, window_seconds)
        return self._buckets[key]

    def take(self, bucket: RateLimitBucket) -> BucketExhausted | None:
        """Count one request against its bucket and the global limit; None if it is allowed."""
        now = monotonic()
        if wait := bucket.take(now):
            return BucketExhausted(wait, is_global=False)
        if wait := self._global_bucket.take(now):
            return BucketExhausted(wait, is_global=True)
        return None


class IdentifyLimiter:
    """One IDENTIFY per 5 s and concurrency bucket.

    Unlike on Discord, a shard is not limited by its own previous IDENTIFY.
    """

    def __init__(self) -> None:
        self._last_identify: dict[int, tuple[int, float]] = {}

    def admit(self, shard_id: int, max_concurrency: int) -> bool:
        """Return True and start the window if the shard may identify now."""
        key = shard_id % max_concurrency
        shard, identified_at = self._last_identify.get(key, (shard_id, 0.0))
        if shard != shard_id and monotonic() - identified_at < IDENTIFY_WINDOW_SECONDS:
            return False
        self._last_identify[key] = (shard_id, monotonic())
        return True


class SlidingWindowLimiter:
    """At most `count` events in any period of `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._times: deque[float] = deque(maxlen=count)
        self._window_seconds = seconds

    def admit(self) -> bool:
        """Return True and record the event if it is within the limit."""
        now = monotonic()
        if len(self._times) == self._times.maxlen and now - self._times[0] < self._window_seconds:
            return False
        self._times.append(now)
        return True
