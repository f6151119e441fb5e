"""Use of API keys: exact counts per day and endpoint, a bounded log, grouped errors, nothing older than its retention."""

from dataclasses import replace
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.services import api_key_usage
from herwa_shared.services.api_key_usage import (
    MAX_LOGGED_REQUESTS,
    REQUEST_RETENTION,
    USAGE_RETENTION,
    EndpointUsage,
    ErrorGroup,
    KeyRequest,
    KeyUsage,
    UsageBatch,
    list_last_requests,
    load_usage,
    purge_usage,
    save_usage,
)
from herwa_shared.stores import Stores
from tests.shared.services.test_api_keys import create_api_key, list_api_keys
from tests.support.row_factories import add_guild

STATS, TOP = "GET /api/guilds/{guild_id}/stats", "GET /api/guilds/{guild_id}/top/members"


def make_request(key_id: int, **overrides) -> KeyRequest:
    return replace(KeyRequest(key_id, utc_now(), STATS, 200, "", 10, "a" * 32), **overrides)


async def save(stores: Stores, *requests: KeyRequest) -> None:
    batch = UsageBatch()
    for request in requests:
        assert batch.add(request)
    async with stores.database.transaction() as session:
        await save_usage(session, batch)


async def load(stores: Stores, guild_id: int, key_id: int, days: int = 30) -> KeyUsage:
    async with stores.database.transaction() as session:
        return await load_usage(session, guild_id=guild_id, key_id=key_id, days=days)


async def list_requests(stores: Stores, guild_id: int, key_id: int) -> tuple[KeyRequest, ...]:
    async with stores.database.transaction() as session:
        return await list_last_requests(session, guild_id=guild_id, key_id=key_id)


@pytest.fixture
async def key(stores: Stores) -> tuple[int, int]:
    """The ids of a guild and of its key."""
    guild_id = await add_guild(stores)
    return guild_id, (await create_api_key(stores, guild_id)).status.id


async def test_requests_are_counted_by_day_endpoint_and_outcome(stores: Stores, key):
    _, key_id = key
    yesterday = utc_now() - timedelta(days=1)
    limited = {"status": 429, "code": "too_many_requests", "endpoint": "", "milliseconds": 1}
    await save(stores, make_request(key_id), make_request(key_id, milliseconds=20), make_request(key_id, **limited))
    await save(
        stores,
        make_request(key_id, at=yesterday, endpoint=TOP),
        make_request(key_id, milliseconds=60),
        make_request(key_id, status=500, code="error", milliseconds=90),
        make_request(key_id, **limited),
    )

    usage = await load(stores, *key)
    today = utc_now().date()
    assert usage.endpoints == (
        EndpointUsage(today, STATS, 4, 0, 1, 45.0),
        EndpointUsage(today, "", 2, 2, 0, 1.0),
        EndpointUsage(yesterday.date(), TOP, 1, 0, 0, 10.0),
    )
    assert usage.errors == (
        ErrorGroup("", 429, "too_many_requests", 2, today),
        ErrorGroup(STATS, 500, "error", 1, today),
    )
    assert usage.requests == 7
    assert (await load(stores, *key, days=1)).requests == 6


async def test_log_holds_the_newest_requests(stores: Stores, key):
    first = utc_now()
    for part in range(3):
        await save(
            stores,
            *(
                make_request(key[1], at=first + timedelta(seconds=part * 50 + second), request_id=f"{part}-{second}")
                for second in range(50)
            ),
        )
    requests = await list_requests(stores, *key)
    assert len(requests) == MAX_LOGGED_REQUESTS
    assert [requests[0].request_id, requests[-1].request_id] == ["2-49", "1-0"]
    assert (await load(stores, *key)).requests == 150


async def test_only_a_later_use_is_recorded(stores: Stores, key):
    first = utc_now()
    for seconds, expected_seconds in ((0, 0), (60, 60), (30, 60)):
        await save(stores, make_request(key[1], at=first + timedelta(seconds=seconds)))
        (status,) = await list_api_keys(stores, key[0])
        assert status.last_used_at == first + timedelta(seconds=expected_seconds)


async def test_requests_of_a_deleted_key_are_dropped_and_those_of_others_saved(stores: Stores, key):
    await save(stores, make_request(1 << 60), make_request(key[1]))
    assert (await load(stores, *key)).requests == 1


async def test_use_of_another_servers_key_is_not_found(stores: Stores, key):
    other_guild_id = await add_guild(stores)
    with pytest.raises(NotFound):
        await load(stores, other_guild_id, key[1])
    with pytest.raises(NotFound):
        await list_requests(stores, other_guild_id, key[1])


async def test_old_rows_are_deleted(stores: Stores, key):
    now = utc_now()
    kept, old = now - REQUEST_RETENTION + timedelta(minutes=1), now - REQUEST_RETENTION - timedelta(minutes=1)
    await save(stores, make_request(key[1], at=old), make_request(key[1], at=kept))
    await save(stores, make_request(key[1], at=now - USAGE_RETENTION - timedelta(days=1)))
    async with stores.database.transaction() as session:
        await purge_usage(session, now=now)
    assert [request.at for request in await list_requests(stores, *key)] == [kept]
    assert (await load(stores, *key, days=90)).requests == 2


def test_full_batch_still_counts_what_it_knows(monkeypatch):
    monkeypatch.setattr(api_key_usage, "MAX_BATCH_COUNTS", 1)
    monkeypatch.setattr(api_key_usage, "MAX_BATCH_KEYS", 1)
    batch, later = UsageBatch(), UsageBatch()
    assert [batch.add(make_request(key_id)) for key_id in (1, 1, 2)] == [True, True, False]
    later.add(make_request(1, milliseconds=5))
    assert batch.merge(later)
    assert [row[5:] for row in batch.get_counts()] == [(3, 25)]
    assert len(batch.list_requests()) == 3
