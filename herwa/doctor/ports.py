"""Ports: whether each is free, or held by this very copy."""

from collections.abc import Iterator

import psutil

from herwa.doctor.finding import Finding, good, note, wrong
from herwa.roster import read_roster
from herwa_shared.config import Settings
from herwa_shared.embedded import engine_states
from herwa_shared.folder import DataFolder, port_is_free

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
