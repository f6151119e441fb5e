"""The embedded Redis: private, bounded, restarted when it dies, and never needed for anything else to start."""

import stat
from collections.abc import Iterator

import psutil
import pytest
from redis import AuthenticationError, Redis
from redis import ConnectionError as RedisConnectionError

from herwa_shared.config import Settings
from herwa_shared.embedded import EngineLease, lease_engines, list_engines, redis
from herwa_shared.runtime.data_dir import DataFolder
from tests.support.embedded_engines import build_settings, create_data_folder
from tests.support.waiting import wait_until_blocking

BYTES_PER_MEBIBYTE = 1024 * 1024


@pytest.fixture
def redis_folder() -> Iterator[DataFolder]:
    with create_data_folder() as folder:
        yield folder


@pytest.fixture
def redis_settings(redis_folder: DataFolder) -> Settings:
    return build_settings(redis_folder, postgres=False, clickhouse=False, redis=True)


@pytest.fixture
def lease(redis_settings: Settings, redis_folder: DataFolder) -> Iterator[EngineLease]:
    with lease_engines(redis_settings, redis_folder) as lease:
        yield lease


@pytest.fixture
def client(lease: EngineLease) -> Iterator[Redis]:
    with Redis.from_url(lease.urls.redis) as client:
        yield client


def find_pid(folder: DataFolder) -> int | None:
    return next(engine.pid for engine in list_engines(folder) if engine.name == "redis")


def test_lease_starts_redis_and_the_last_release_stops_it(redis_settings: Settings, redis_folder: DataFolder):
    with lease_engines(redis_settings, redis_folder) as lease:
        assert lease.urls.redis not in repr(lease.urls)
        with Redis.from_url(lease.urls.redis) as client:
            assert client.ping()
    assert find_pid(redis_folder) is None


@pytest.mark.slow
def test_only_this_user_with_the_password_has_access_from_this_machine(client: Redis, redis_folder: DataFolder):
    port = redis_folder.get_or_create_port("redis")
    with Redis(port=port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    listeners = psutil.Process(find_pid(redis_folder)).net_connections()
    assert {connection.laddr.ip for connection in listeners if connection.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    assert stat.S_IMODE((redis_folder.path / "redis" / "redis.conf").stat().st_mode) == 0o600
    command_line = " ".join(psutil.Process(find_pid(redis_folder)).cmdline())
    assert redis_folder.get_or_create_secret("redis") not in command_line


def test_memory_is_bounded_and_old_values_are_removed(client: Redis, redis_folder: DataFolder):
    value = b"x" * BYTES_PER_MEBIBYTE
    for number in range(100):
        client.set(f"value:{number}", value)

    assert client.get("value:99") == value
    assert client.dbsize() < 64
    assert psutil.Process(find_pid(redis_folder)).memory_info().rss < 100 * BYTES_PER_MEBIBYTE


def test_nothing_is_written_to_disk(client: Redis, redis_folder: DataFolder, redis_settings: Settings):
    client.set("name", "value")
    psutil.Process(find_pid(redis_folder)).terminate()
    wait_until_blocking(lambda: find_pid(redis_folder) is None)
    assert [path.name for path in (redis_folder.path / "redis").iterdir()] == ["redis.conf"]


def test_killed_redis_is_restarted_at_the_same_url(lease: EngineLease, client: Redis, redis_folder: DataFolder):
    url = lease.urls.redis
    psutil.Process(find_pid(redis_folder)).kill()
    wait_until_blocking(lambda: find_pid(redis_folder) is None)

    assert lease.restart_dead() == ["redis"]
    assert lease.restart_dead() == []
    assert lease.urls.redis == url
    with Redis.from_url(url) as new_client:
        assert new_client.ping()


def test_folder_with_spaces_and_quotes_in_its_path(redis_folder: DataFolder):
    folder = DataFolder(redis_folder.path / 'a "quoted" folder')
    settings = build_settings(folder, postgres=False, clickhouse=False, redis=True)
    with lease_engines(settings, folder) as lease, Redis.from_url(lease.urls.redis) as client:
        assert client.ping()


def test_failed_start_is_reported_and_nothing_else_fails(
    redis_settings: Settings, redis_folder: DataFolder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(redis, "MAX_MEMORY", "no size")
    reports: list[str] = []
    with lease_engines(redis_settings, redis_folder, report=reports.append) as lease:
        assert lease.restart_dead() == [], "the start is not repeated at once"
        with Redis.from_url(lease.urls.redis) as client, pytest.raises(RedisConnectionError):
            client.ping()
    [report] = reports
    assert "maxmemory" in report, "the report contains the end of the log"


def test_missing_program_is_reported_and_nothing_else_fails(
    redis_settings: Settings, redis_folder: DataFolder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(redis, "PROGRAM_NAMES", ("herwa-no-such-program",))
    reports: list[str] = []
    with lease_engines(redis_settings, redis_folder, report=reports.append):
        pass
    [report] = reports
    assert "REDIS_URL" in report
