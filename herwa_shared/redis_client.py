"""Connections to Redis or Valkey, embedded or from `REDIS_URL`."""

from urllib.parse import urlsplit

from redis.asyncio import Redis

URL_SCHEMES = frozenset({"redis", "rediss", "unix"})
TIMEOUT_SECONDS = 0.5
"""Redis answers within a millisecond. Callers do their work without it when it takes longer."""

_MAX_CONNECTIONS = 8


def is_redis_url(url: str) -> bool:
    """Return whether this is a URL of Redis, with a host or a path."""
    try:
        parts = urlsplit(url)
        return parts.scheme in URL_SCHEMES and bool(parts.hostname or parts.path) and (parts.port or 1) > 0
    except ValueError:
        return False


def create_redis_client(url: str) -> Redis:
    """Create a client with a connection pool. It connects at first use; close it with `aclose`."""
    client: Redis = Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        max_connections=_MAX_CONNECTIONS,
        retry=None,
    )
    return client
