"""Two API processes share the limits of a key: what both let through together is not more than one would."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from herwa_shared.config import Settings
from herwa_shared.embedded import lease_engines
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.api.api_process import open_api_client, run_api_process
from tests.api.conftest import KeyFactory
from tests.support.embedded_engines import create_data_folder
from tests.support.row_factories import add_guild

FREE_REQUESTS = 100


@pytest.fixture
async def clients(stores: Stores, settings: Settings, folder: DataFolder) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients of two API processes that have the same databases and the same key for API keys."""
    with create_data_folder() as other_folder, lease_engines(settings, folder) as lease:
        urls = {
            "DATABASE_URL": lease.urls.database,
            "DATABASE_OWNER_URL": lease.urls.database_owner,
            "CLICKHOUSE_URL": lease.urls.clickhouse,
            "CLICKHOUSE_WRITER_URL": lease.urls.clickhouse_writer,
            "REDIS_URL": lease.urls.redis,
            "HERWA_AUDIT_KEY": folder.get_or_create_secret("audit_key"),
            "HERWA_SECRET_KEY": folder.get_or_create_secret("api_key_pepper"),
        }
        other_settings = settings.model_copy(update={"data_dir": other_folder.path})
        async with (
            run_api_process(settings),
            run_api_process(other_settings, **urls),
            open_api_client(folder.get_or_create_port("api")) as first,
            open_api_client(other_folder.get_or_create_port("api")) as second,
        ):
            yield [first, second]


@pytest.mark.slow
async def test_two_processes_let_through_exactly_the_limit(
    clients: list[httpx.AsyncClient], stores: Stores, make_key: KeyFactory
):
    headers = {"Authorization": f"Bearer {await make_key(await add_guild(stores))}"}
    responses = await asyncio.gather(
        *(clients[number % 2].get("/api/me", headers=headers) for number in range(3 * FREE_REQUESTS))
    )
    statuses = Counter(response.status_code for response in responses)
    assert statuses == {200: FREE_REQUESTS, 429: 2 * FREE_REQUESTS}
