"""What runs here, and the databases of the settings.

Ports: whether each is free, or held by this very copy.
"""

from collections.abc import Awaitable, Callable, Iterator

import asyncpg
import psutil
from sqlalchemy import make_url

from herwa.doctor.check_result import Finding, good, note, wrong
from herwa.error_messages import sentence
from herwa.status.status import read_status
from herwa.supervisor.process_registry import read_roster
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.config import Settings
from herwa_shared.embedded import engine_states
from herwa_shared.runtime.data_dir import DataFolder, port_is_free

CONNECT_TIMEOUT_SECONDS = 5.0


async def running_findings(settings: Settings) -> list[Finding]:
    """The databases that a URL names, and what `herwa status` knows of the processes."""
    stores = settings.stores
    findings = []
    if stores.database_url:
        findings.append(
            await _answers("PostgreSQL", "DATABASE_URL", stores.database_url.get_secret_value(), _postgresql)
        )
    if stores.clickhouse_url:
        url = stores.clickhouse_url.get_secret_value()
        findings.append(await _answers("ClickHouse", "CLICKHOUSE_URL", url, _clickhouse))
    return [*findings, *await _processes(settings)]


async def _processes(settings: Settings) -> list[Finding]:
    status = await read_status(settings)
    if not any(process["running"] for process in status.processes):
        return [good("Processes", "none runs: `herwa up` starts them")]
    if not status.problems:
        return [good("Processes", "all well")]
    return [wrong("Processes", problem, "`herwa status` shows more") for problem in status.problems]


async def _answers(subject: str, setting: str, url: str, ask: Callable[[str], Awaitable[str]]) -> Finding:
    try:
        return good(subject, await ask(url))
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer to "what is wrong" is to say so
        return wrong(subject, sentence(error) or type(error).__name__, f"see to {setting}, or leave it out")


async def _postgresql(url: str) -> str:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain, timeout=CONNECT_TIMEOUT_SECONDS)
    try:
        return f"version {await connection.fetchval('SHOW server_version')}"
    finally:
        await connection.close()


async def _clickhouse(url: str) -> str:
    async with open_clickhouse(url) as client:
        return f"version {client.server_version}"


FIRST_FREE_PORT = 1024


def port_findings(settings: Settings) -> list[Finding]:
    """The public port, and those that the data folder keeps."""
    known = settings.data_dir.is_dir()
    folder = DataFolder(settings.data_dir) if known else None
    ours = _our_processes(folder) if folder else set()
    return [*_public(settings.port, ours), *(_inner(folder, ours) if folder else ())]


def _public(port: int, ours: set[int]) -> Iterator[Finding]:
    subject = f"Port {port}"
    if port_is_free(port):
        yield good(subject, "free")
    elif port < FIRST_FREE_PORT and not _holders(port):
        yield wrong(subject, "needs more rights than we have", "set HERWA_PORT to one above 1023")
    elif _holders(port) & ours:
        yield good(subject, "answered by this copy")
    else:
        who = ", ".join(sorted(_names(_holders(port)))) or "another program"
        yield wrong(subject, f"taken by {who}", "stop that program, or set HERWA_PORT to a free port")


def _inner(folder: DataFolder, ours: set[int]) -> Iterator[Finding]:
    taken = [name for name, port in folder.ports().items() if not port_is_free(port) and not _holders(port) & ours]
    for name in taken:
        who = ", ".join(sorted(_names(_holders(folder.ports()[name])))) or "another program"
        mend = f"stop it, or remove the line {name} from {folder.path / 'ports.json'} while Herwa is down"
        yield note(f"Port of {name}", f"{folder.ports()[name]} is taken by {who}", mend)


def _our_processes(folder: DataFolder) -> set[int]:
    """Everything that works for this folder, with children."""
    pids = {one["pid"] for one in read_roster(folder) or [] if one["pid"]}
    pids |= {engine.pid for engine in engine_states(folder) if engine.pid}
    for process in psutil.process_iter(["pid", "environ"]):
        if (process.info["environ"] or {}).get("HERWA_DATA_DIR") == str(folder.path):
            pids.add(process.pid)
    return pids | {child.pid for pid in pids if psutil.pid_exists(pid) for child in _children(pid)}


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _holders(port: int) -> set[int]:
    """Who listens there, as far as this account may see."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return set()
    listening = (one for one in connections if one.status == psutil.CONN_LISTEN and [*one.laddr][1:2] == [port])
    return {one.pid for one in listening if one.pid}


def _names(pids: set[int]) -> set[str]:
    names = set()
    for pid in pids:
        try:
            names.add(f"{psutil.Process(pid).name()} ({pid})")
        except psutil.Error:
            names.add(str(pid))
    return names
