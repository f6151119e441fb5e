"""Fixtures of the engine tests: data folders, settings and leases of embedded PostgreSQL and ClickHouse."""

from collections.abc import Iterator

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from herwa_shared.config import Settings
from herwa_shared.embedded import EngineLease, lease_engines
from herwa_shared.runtime.data_dir import DataFolder
from tests.support.embedded_engines import build_settings, create_data_folder


@pytest.fixture(scope="session")
def clickhouse_folder() -> Iterator[DataFolder]:
    with create_data_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def clickhouse_lease(clickhouse_folder: DataFolder) -> Iterator[EngineLease]:
    with lease_engines(build_settings(clickhouse_folder, postgres=False), clickhouse_folder) as lease:
        yield lease


@pytest.fixture
def client(clickhouse_lease: EngineLease) -> Iterator[Client]:
    client = clickhouse_connect.get_client(dsn=clickhouse_lease.urls.clickhouse_writer)
    yield client
    client.close()


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[DataFolder]:
    """A data folder whose cluster is created by its first use, so that later starts are fast."""
    with create_data_folder() as folder:
        yield folder


@pytest.fixture
def postgres_settings(postgres_folder: DataFolder) -> Settings:
    return build_settings(postgres_folder, clickhouse=False)
