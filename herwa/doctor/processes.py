"""Checks of running processes, configured databases, and ports."""

from collections.abc import Awaitable, Callable, Iterator

import asyncpg
import psutil
from sqlalchemy import make_url

from herwa.doctor.check_result import CheckResult, report_error, report_ok, report_warning
from herwa.error_messages import describe_error
from herwa.status.status import read_status
from herwa.supervisor.process_registry import read_process_registry
from herwa.texts import doctor as texts
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.config import Settings
from herwa_shared.embedded import list_engines
from herwa_shared.redis_client import create_redis_client
from herwa_shared.runtime.data_dir import DataFolder, is_port_free

CONNECT_TIMEOUT_SECONDS = 5.0
FIRST_UNPRIVILEGED_PORT = 1024


async def check_runtime(settings: Settings) -> list[CheckResult]:
    """Check databases with a URL in the settings, and the processes as `herwa status` sees them."""
    stores = settings.stores
    results = []
    if stores.database_url:
        results.append(
            await _check_database(
                texts.SUBJECT_POSTGRESQL,
                "DATABASE_URL",
                stores.database_url.get_secret_value(),
                _fetch_postgresql_version,
            )
        )
    if stores.clickhouse_url:
        url = stores.clickhouse_url.get_secret_value()
        results.append(
            await _check_database(texts.SUBJECT_CLICKHOUSE, "CLICKHOUSE_URL", url, _fetch_clickhouse_version)
        )
    if stores.redis_url:
        url = stores.redis_url.get_secret_value()
        results.append(await _check_database(texts.SUBJECT_REDIS, "REDIS_URL", url, _fetch_redis_version))
    return [*results, *await _check_processes(settings)]


def check_ports(settings: Settings) -> list[CheckResult]:
    """Check that the public port and the ports of the data folder are free or used by this copy."""
    has_data_folder = settings.data_dir.is_dir()
    folder = DataFolder(settings.data_dir) if has_data_folder else None
    own_pids = _list_own_pids(folder) if folder else set()
    return [*_check_public_port(settings.port, own_pids), *(_check_internal_ports(folder, own_pids) if folder else ())]


async def _check_processes(settings: Settings) -> list[CheckResult]:
    status = await read_status(settings)
    if not any(process.running for process in status.processes):
        return [report_ok(texts.SUBJECT_PROCESSES, texts.PROCESSES_STOPPED)]
    if not status.problems:
        return [report_ok(texts.SUBJECT_PROCESSES, texts.PROCESSES_OK)]
    return [report_error(texts.SUBJECT_PROCESSES, problem, texts.SEE_STATUS) for problem in status.problems]


async def _check_database(
    subject: str, setting: str, url: str, fetch_version: Callable[[str], Awaitable[str]]
) -> CheckResult:
    try:
        return report_ok(subject, await fetch_version(url))
    except Exception as error:  # noqa: BLE001 - any error is the result of the check
        return report_error(
            subject, describe_error(error) or type(error).__name__, texts.format_check_database(setting)
        )


async def _fetch_postgresql_version(url: str) -> str:
    plain_url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain_url, timeout=CONNECT_TIMEOUT_SECONDS)
    try:
        return texts.format_database_version(str(await connection.fetchval("SHOW server_version")))
    finally:
        await connection.close()


async def _fetch_clickhouse_version(url: str) -> str:
    async with open_clickhouse(url) as client:
        return texts.format_database_version(str(client.server_version))


async def _fetch_redis_version(url: str) -> str:
    async with create_redis_client(url) as client:
        return texts.format_database_version(str((await client.info("server"))["redis_version"]))


def _check_public_port(port: int, own_pids: set[int]) -> Iterator[CheckResult]:
    subject = texts.format_port_subject(port)
    if is_port_free(port):
        yield report_ok(subject, texts.PORT_FREE)
    elif port < FIRST_UNPRIVILEGED_PORT and not _list_listener_pids(port):
        yield report_error(subject, texts.PORT_PRIVILEGED, texts.CHOOSE_HIGH_PORT)
    elif _list_listener_pids(port) & own_pids:
        yield report_ok(subject, texts.PORT_OWN)
    else:
        holders = sorted(_list_process_names(_list_listener_pids(port)))
        yield report_error(subject, texts.format_port_taken(holders), texts.CHOOSE_FREE_PORT)


def _check_internal_ports(folder: DataFolder, own_pids: set[int]) -> Iterator[CheckResult]:
    taken_names = [
        name
        for name, port in folder.read_ports().items()
        if not is_port_free(port) and not _list_listener_pids(port) & own_pids
    ]
    for name in taken_names:
        port = folder.read_ports()[name]
        holders = sorted(_list_process_names(_list_listener_pids(port)))
        yield report_warning(
            texts.format_internal_port_subject(name),
            texts.format_internal_port_taken(port, holders),
            texts.format_free_internal_port(name, folder.path / "ports.json"),
        )


def _list_own_pids(folder: DataFolder) -> set[int]:
    """List the PIDs of all processes of this data folder, including child processes."""
    registry = read_process_registry(folder)
    pids = {process.pid for process in registry.processes if process.pid} if registry else set()
    pids |= {engine.pid for engine in list_engines(folder) if engine.pid}
    for process in psutil.process_iter(["pid", "environ"]):
        if (process.info["environ"] or {}).get("HERWA_DATA_DIR") == str(folder.path):
            pids.add(process.pid)
    return pids | {child.pid for pid in pids if psutil.pid_exists(pid) for child in _list_children(pid)}


def _list_children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _list_listener_pids(port: int) -> set[int]:
    """List the PIDs that listen on this port. Empty if this account may not see them."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return set()
    listeners = (
        connection
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and [*connection.laddr][1:2] == [port]
    )
    return {connection.pid for connection in listeners if connection.pid}


def _list_process_names(pids: set[int]) -> set[str]:
    names = set()
    for pid in pids:
        try:
            names.add(f"{psutil.Process(pid).name()} ({pid})")
        except psutil.Error:
            names.add(str(pid))
    return names
