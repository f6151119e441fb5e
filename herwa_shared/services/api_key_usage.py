"""Use of API keys: requests per day and endpoint, last use, and a log of the last requests of each key.

The API collects requests in a `UsageBatch` and saves it every few seconds, so that no request has a transaction for it.
Nothing that a client sends is stored, except which endpoint it used.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.clock import utc_now
from herwa_shared.models import ApiKeyRequest, ApiKeyUsage
from herwa_shared.services.api_keys import require_key

MAX_LOGGED_REQUESTS = 100
"""Requests of each key in its log."""
REQUEST_RETENTION = timedelta(days=31)
USAGE_RETENTION = timedelta(days=90)
MAX_BATCH_COUNTS = 20_000
MAX_BATCH_KEYS = 5_000
SAVE_LOCK_ID = 0x4B4559555345  # "KEYUSE" in ASCII: one process saves at a time, so that none waits for another's rows

# Keys that were deleted meanwhile, with their guild, are left out.
ADD_COUNTS_SQL = text("""
INSERT INTO api_key_usage AS known (key_id, day, endpoint, status, code, requests, milliseconds)
SELECT batch.* FROM unnest(
    CAST(:key_ids AS bigint[]), CAST(:days AS date[]), CAST(:endpoints AS text[]), CAST(:statuses AS smallint[]),
    CAST(:codes AS text[]), CAST(:requests AS bigint[]), CAST(:milliseconds AS bigint[])
) AS batch (key_id, day, endpoint, status, code, requests, milliseconds)
JOIN api_key ON api_key.id = batch.key_id
ON CONFLICT (key_id, day, endpoint, status, code) DO UPDATE
SET requests = known.requests + excluded.requests, milliseconds = known.milliseconds + excluded.milliseconds
""")
ADD_REQUESTS_SQL = text("""
INSERT INTO api_key_request (key_id, at, endpoint, status, code, milliseconds, request_id)
SELECT batch.* FROM unnest(
    CAST(:key_ids AS bigint[]), CAST(:times AS timestamptz[]), CAST(:endpoints AS text[]),
    CAST(:statuses AS smallint[]), CAST(:codes AS text[]), CAST(:milliseconds AS integer[]),
    CAST(:request_ids AS text[])
) AS batch (key_id, at, endpoint, status, code, milliseconds, request_id)
JOIN api_key ON api_key.id = batch.key_id
""")
TRIM_REQUESTS_SQL = text("""
DELETE FROM api_key_request USING (
    SELECT id, row_number() OVER (PARTITION BY key_id ORDER BY at DESC, id DESC) AS position
    FROM api_key_request WHERE key_id = ANY(CAST(:key_ids AS bigint[]))
) AS ranked
WHERE api_key_request.id = ranked.id AND ranked.position > :max_requests
""")
# Rows are locked in the order in which `end_keys_of_left_guilds` locks them.
SET_LAST_USE_SQL = text("""
WITH locked AS (
    SELECT id FROM api_key WHERE id = ANY(CAST(:key_ids AS bigint[])) ORDER BY guild_id, id FOR NO KEY UPDATE
)
UPDATE api_key SET last_used_at = greatest(api_key.last_used_at, batch.at)
FROM unnest(CAST(:key_ids AS bigint[]), CAST(:times AS timestamptz[])) AS batch (key_id, at)
JOIN locked ON locked.id = batch.key_id
WHERE api_key.id = locked.id
""")


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A request with a key; its fields are columns of `api_key_request`.

    `endpoint` is the method and the template of the path, empty if the request reached no endpoint. `code` is that of
    the error, empty without one.
    """

    key_id: int
    at: datetime
    endpoint: str
    status: int
    code: str
    milliseconds: int
    request_id: str


class UsageBatch:
    """Requests that are not saved yet: counts of all, and the newest ones of each key. Bounded."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, date, str, int, str], list[int]] = {}
        self._requests: dict[int, deque[KeyRequest]] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def add(self, request: KeyRequest) -> bool:
        """Add a request. Returns False if it is not counted because the batch is full."""
        key = (request.key_id, request.at.date(), request.endpoint, request.status, request.code)
        is_counted = self._add_count(key, 1, request.milliseconds)
        self._add_request(request)
        return is_counted

    def merge(self, later: "UsageBatch") -> bool:
        """Add all requests of a later batch. Returns False if some are not counted because this batch is full."""
        results = [self._add_count(key, *numbers) for key, numbers in later._counts.items()]  # noqa: SLF001
        for request in later.list_requests():
            self._add_request(request)
        return all(results)

    def list_requests(self) -> list[KeyRequest]:
        """List the newest requests of each key, oldest first."""
        return [request for requests in self._requests.values() for request in requests]

    def get_counts(self) -> Sequence[tuple[int, date, str, int, str, int, int]]:
        """Return rows of `api_key_usage`: key, day, endpoint, status, code, requests, milliseconds."""
        return [(*key, requests, milliseconds) for key, (requests, milliseconds) in self._counts.items()]

    def _add_count(self, key: tuple[int, date, str, int, str], requests: int, milliseconds: int) -> bool:
        numbers = self._counts.get(key)
        if numbers is None:
            if len(self._counts) >= MAX_BATCH_COUNTS:
                return False
            numbers = self._counts[key] = [0, 0]
        numbers[0] += requests
        numbers[1] += milliseconds
        return True

    def _add_request(self, request: KeyRequest) -> None:
        requests = self._requests.get(request.key_id)
        if requests is None:
            if len(self._requests) >= MAX_BATCH_KEYS:
                return
            requests = self._requests[request.key_id] = deque(maxlen=MAX_LOGGED_REQUESTS)
        requests.append(request)


async def save_usage(session: AsyncSession, batch: UsageBatch) -> None:
    """Save a batch: counts, last use, and the log of each key, of which the oldest requests are deleted."""
    await session.execute(select(func.pg_advisory_xact_lock(SAVE_LOCK_ID)))
    requests = batch.list_requests()
    last_uses = {request.key_id: request.at for request in requests}
    count_names = ("key_ids", "days", "endpoints", "statuses", "codes", "requests", "milliseconds")
    await session.execute(ADD_COUNTS_SQL, _to_columns(count_names, batch.get_counts()))
    request_names = ("key_ids", "times", "endpoints", "statuses", "codes", "milliseconds", "request_ids")
    rows = [astuple(request) for request in requests]
    await session.execute(ADD_REQUESTS_SQL, _to_columns(request_names, rows))
    await session.execute(TRIM_REQUESTS_SQL, {"key_ids": list(last_uses), "max_requests": MAX_LOGGED_REQUESTS})
    await session.execute(SET_LAST_USE_SQL, {"key_ids": list(last_uses), "times": list(last_uses.values())})


@dataclass(frozen=True, slots=True)
class EndpointUsage:
    """Requests of one day (UTC) at one endpoint. Errors of the client have a status from 400 to 499."""

    day: date
    endpoint: str
    requests: int
    client_errors: int
    server_errors: int
    average_milliseconds: float


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Equal errors of the same endpoint."""

    endpoint: str
    status: int
    code: str
    requests: int
    last_day: date


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """Use of a key from `first_day` to `last_day`, both inclusive; newest days and most frequent errors first."""

    first_day: date
    last_day: date
    endpoints: tuple[EndpointUsage, ...]
    errors: tuple[ErrorGroup, ...]

    @property
    def requests(self) -> int:
        """The number of all requests."""
        return sum(usage.requests for usage in self.endpoints)


async def load_usage(session: AsyncSession, *, guild_id: int, key_id: int, days: int) -> KeyUsage:
    """Load the use of a key on the last `days` days, today included. Raises NotFound if the guild has no such key."""
    await require_key(session, guild_id=guild_id, key_id=key_id)
    last_day = utc_now().date()
    first_day = last_day - timedelta(days=days - 1)
    in_window = (col(ApiKeyUsage.key_id) == key_id, col(ApiKeyUsage.day).between(first_day, last_day))
    requests = func.sum(ApiKeyUsage.requests)
    status = col(ApiKeyUsage.status)
    endpoints = await session.execute(
        select(
            col(ApiKeyUsage.day),
            col(ApiKeyUsage.endpoint),
            requests,
            func.coalesce(requests.filter(status.between(400, 499)), 0),
            func.coalesce(requests.filter(status >= 500), 0),
            func.sum(ApiKeyUsage.milliseconds) / requests,
        )
        .where(*in_window)
        .group_by(col(ApiKeyUsage.day), col(ApiKeyUsage.endpoint))
        .order_by(col(ApiKeyUsage.day).desc(), requests.desc(), col(ApiKeyUsage.endpoint))
    )
    errors = await session.execute(
        select(col(ApiKeyUsage.endpoint), status, col(ApiKeyUsage.code), requests, func.max(ApiKeyUsage.day))
        .where(*in_window, status >= 400)
        .group_by(col(ApiKeyUsage.endpoint), status, col(ApiKeyUsage.code))
        .order_by(requests.desc(), col(ApiKeyUsage.endpoint), status, col(ApiKeyUsage.code))
    )
    return KeyUsage(
        first_day,
        last_day,
        tuple(EndpointUsage(row[0], row[1], int(row[2]), int(row[3]), int(row[4]), float(row[5])) for row in endpoints),
        tuple(ErrorGroup(row[0], row[1], row[2], int(row[3]), row[4]) for row in errors),
    )


async def list_last_requests(session: AsyncSession, *, guild_id: int, key_id: int) -> tuple[KeyRequest, ...]:
    """List the last requests with a key, newest first. Raises NotFound if the guild has no such key."""
    await require_key(session, guild_id=guild_id, key_id=key_id)
    rows = await session.scalars(
        select(ApiKeyRequest)
        .where(col(ApiKeyRequest.key_id) == key_id)
        .order_by(col(ApiKeyRequest.at).desc(), col(ApiKeyRequest.id).desc())
        .limit(MAX_LOGGED_REQUESTS)
    )
    return tuple(
        KeyRequest(row.key_id, row.at, row.endpoint, row.status, row.code, row.milliseconds, row.request_id)
        for row in rows
    )


async def purge_usage(session: AsyncSession, *, now: datetime) -> None:
    """Delete what is older than the retention of counts and of requests."""
    await session.execute(delete(ApiKeyUsage).where(col(ApiKeyUsage.day) < (now - USAGE_RETENTION).date()))
    await session.execute(delete(ApiKeyRequest).where(col(ApiKeyRequest.at) < now - REQUEST_RETENTION))


def _to_columns(names: Sequence[str], rows: Iterable[Sequence[object]]) -> dict[str, list[object]]:
    """Turn rows into one list per column."""
    columns: dict[str, list[object]] = {name: [] for name in names}
    for row in rows:
        for name, value in zip(names, row, strict=True):
            columns[name].append(value)
    return columns
