"""`herwa up`: start engines, migrate, run and supervise all processes until Ctrl-C."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from herwa.console import print_line
from herwa.error_messages import describe_error
from herwa.supervisor.process_registry import remove_process_registry, write_process_registry
from herwa.supervisor.startup_message import print_startup_message
from herwa.supervisor.supervised_process import SupervisedProcess
from herwa.supervisor.supervisor_log import configure_supervisor_log
from herwa.texts import startup as texts
from herwa_shared.config import Settings
from herwa_shared.embedded import EngineLease, lease_engines, list_engines, rotate_engine_logs
from herwa_shared.errors import HerwaError, format_reason
from herwa_shared.log import get_logger
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.runtime.data_dir import DataFolder, is_port_free
from herwa_shared.runtime.shutdown import on_shutdown
from herwa_shared.stores import prepare_stores

T = TypeVar("T")
log = get_logger(__name__)

SAVE_INTERVAL_SECONDS = 1.0
ENGINE_CHECK_SECONDS = 0.5
ENGINE_RESTART = RetryPolicy(first_delay_seconds=1.0, max_delay_seconds=30.0, jitter=0.0)

# The sum is well below five seconds, the goal for Ctrl-C to stop everything: see benchmarks/stopping.py.
PROCESS_STOP_SECONDS = 2.0
SIM_STOP_SECONDS = 0.5
ENGINE_STOP_SECONDS = 1.2


class StartupConflict(HerwaError):
    """A port or the data folder is already in use. The message names the setting to change."""

    code = "cannot_run_here"
    status = 409


async def run_all(settings: Settings) -> None:
    """Run everything until shutdown.

    Raises StartupConflict, EngineFailure, and errors of the databases during the migration.
    """
    started_at = time.monotonic()
    folder = DataFolder(settings.data_dir)
    with _lock_data_folder(folder):
        if not is_port_free(settings.port):
            raise StartupConflict(texts.format_port_in_use(settings.port))
        if not is_port_free(folder.get_or_create_port("api")):
            folder.reassign_port("api")
        configure_supervisor_log(settings, folder)
        stop_event = asyncio.Event()
        on_shutdown(stop_event.set)
        print_line(texts.format_data_folder(folder.path))
        lease = await _start_engines(settings, folder, stop_event)
        if lease is not None:
            try:
                await _supervise(settings, folder, lease, stop_event, started_at=started_at)
            finally:
                await _wait_or_kill_engines(asyncio.create_task(asyncio.to_thread(lease.release)), folder)
        print_line(texts.STOPPED)


def list_process_names(settings: Settings) -> tuple[str, ...]:
    """List the processes that this copy runs. `sim` only if no other Discord is configured."""
    return (("sim",) if settings.discord.is_local else ()) + ("worker", "api", "bot", "web")


@contextmanager
def _lock_data_folder(folder: DataFolder) -> Iterator[None]:
    with (folder.run_dir / "up.lock").open("a") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartupConflict(texts.format_already_running(folder.path)) from None
        try:
            yield
        finally:
            remove_process_registry(folder)


async def _start_engines(settings: Settings, folder: DataFolder, stop_event: asyncio.Event) -> EngineLease | None:
    """Start and migrate the databases. Returns None if shutdown is requested in the meantime."""
    starting = asyncio.create_task(_lease_and_migrate(settings, folder))
    stopping = asyncio.create_task(stop_event.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not stop_event.is_set():
        stopping.cancel()
        return await starting
    print_line(texts.STOPPING)
    with suppress(Exception):  # failures are expected here, because the engines may have been killed
        lease = await _wait_or_kill_engines(starting, folder)
        await _wait_or_kill_engines(asyncio.create_task(asyncio.to_thread(lease.release)), folder)
    return None


async def _lease_and_migrate(settings: Settings, folder: DataFolder) -> EngineLease:
    lease = await asyncio.to_thread(lease_engines, settings, folder, report=print_line)
    try:
        await prepare_stores(settings, folder, lease.urls, print_line)
    except BaseException:
        await asyncio.to_thread(lease.release)
        raise
    print_line(texts.DATABASES_UP_TO_DATE)
    return lease


async def _wait_or_kill_engines(task: asyncio.Task[T], folder: DataFolder) -> T:
    """Wait for a task that uses the engines. If it takes too long, kill the engines.

    Both engines survive SIGKILL without losing data.
    """
    await asyncio.wait({task}, timeout=ENGINE_STOP_SECONDS)
    while not task.done():
        for engine in list_engines(folder):
            if engine.pid:
                with suppress(ProcessLookupError):
                    os.kill(engine.pid, signal.SIGKILL)
        await asyncio.wait({task}, timeout=0.1)
    return task.result()


async def _supervise(
    settings: Settings, folder: DataFolder, lease: EngineLease, stop_event: asyncio.Event, *, started_at: float
) -> None:
    children: list[SupervisedProcess] = []

    def save_registry() -> None:
        with suppress(OSError):  # disk full: `herwa status` shows less, everything else continues
            write_process_registry(folder, settings, [child.get_status() for child in children])

    children += [
        SupervisedProcess(name, f"herwa_{name}", folder, save_registry) for name in list_process_names(settings)
    ]
    tasks = {child: asyncio.create_task(child.run()) for child in children}
    watchers = [
        asyncio.create_task(_save_repeatedly(save_registry)),
        asyncio.create_task(_watch_engines(folder, lease)),
        asyncio.create_task(
            print_startup_message(settings, folder, database_url=lease.urls.database, started_at=started_at)
        ),
    ]
    await stop_event.wait()
    print_line(texts.STOPPING)
    for watcher in watchers:
        watcher.cancel()
    await _stop_all(tasks)


async def _stop_all(tasks: dict[SupervisedProcess, asyncio.Task[None]]) -> None:
    """Stop all processes, the local Discord last, so that the bot can close its gateway session."""
    sim = [child for child in tasks if child.name == "sim"]
    for children, seconds in (
        ([child for child in tasks if child not in sim], PROCESS_STOP_SECONDS),
        (sim, SIM_STOP_SECONDS),
    ):
        for child in children:
            child.stop()
        if children:
            await asyncio.wait([tasks[child] for child in children], timeout=seconds)
        for child in children:
            if child.pid:
                print_line(texts.PROCESS_KILLED, process_name=child.name)
                log.warning("process killed", name=child.name, reason="did not stop in time")
                child.kill()


async def _save_repeatedly(save_registry: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(SAVE_INTERVAL_SECONDS)
        save_registry()


async def _watch_engines(folder: DataFolder, lease: EngineLease) -> None:
    """Restart engines that died, with exponential backoff if they do not start, and rotate their log files."""
    backoff = Backoff(ENGINE_RESTART)
    while True:
        await asyncio.sleep(backoff.delay or ENGINE_CHECK_SECONDS)
        try:
            await asyncio.to_thread(rotate_engine_logs, folder)
            for name in await asyncio.to_thread(lease.restart_dead):
                print_line(texts.format_engine_restarted(name))
                log.warning("engine restarted", name=name)
            backoff.reset()
        except (HerwaError, OSError) as error:
            delay = backoff.record_failure()
            print_line(texts.format_retry(describe_error(error), delay))
            log.error("engine not restarted", error=format_reason(error), retry_in_seconds=delay)  # noqa: TRY400
