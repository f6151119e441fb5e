"""`herwa up`: engines, schema, every process, watched over until Ctrl-C."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from herwa.console import say
from herwa.error_messages import sentence
from herwa.supervisor.process_registry import remove_roster, write_roster
from herwa.supervisor.startup_message import welcome
from herwa.supervisor.supervised_process import Child
from herwa_shared.config import Settings
from herwa_shared.embedded import EngineLease, engine_states, lease_engines
from herwa_shared.errors import HerwaError
from herwa_shared.migrate import migrate
from herwa_shared.runtime.data_dir import DataFolder, port_is_free
from herwa_shared.runtime.shutdown import call_on_stop

T = TypeVar("T")

HEAL_SECONDS = 0.5
LONGEST_HEAL_SECONDS = 30.0

# Together well below the five seconds within which Ctrl-C stops everything: see benchmarks/stopping.py.
ROOMS_SECONDS = 2.0
SIM_SECONDS = 0.5
ENGINES_SECONDS = 1.2


class CannotRunHere(HerwaError):
    """Something that this copy needs for itself alone is in use; the message names the setting that mends it."""

    code = "cannot_run_here"
    status = 409


async def up(settings: Settings) -> None:
    """Run everything until told to stop. Raises CannotRunHere, and whatever keeps a database from starting."""
    began = time.monotonic()
    folder = DataFolder(settings.data_dir)
    with _alone_in(folder):
        if not port_is_free(settings.port):
            raise CannotRunHere(f"Port {settings.port} cannot be had: set HERWA_PORT to another one, above 1023.")
        if not port_is_free(folder.port("api")):
            folder.move_port("api")
        stop = asyncio.Event()
        call_on_stop(stop.set)
        say(f"data in {folder.path}")
        lease = await _start_engines(settings, folder, stop)
        if lease is not None:
            try:
                await _supervise(settings, folder, lease, stop, began=began)
            finally:
                await _finish(asyncio.create_task(asyncio.to_thread(lease.release)), folder)
        say("stopped")


def rooms(settings: Settings) -> tuple[str, ...]:
    """Which processes this copy runs: the local Discord only where no other is named."""
    return (("sim",) if settings.discord.is_local else ()) + ("worker", "api", "bot", "web")


@contextmanager
def _alone_in(folder: DataFolder) -> Iterator[None]:
    with (folder.run / "up.lock").open("a") as mine:
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRunHere(
                f"Herwa already runs on {folder.path}. For a second copy set HERWA_DATA_DIR and HERWA_PORT."
            ) from None
        try:
            yield
        finally:
            remove_roster(folder)


async def _start_engines(settings: Settings, folder: DataFolder, stop: asyncio.Event) -> EngineLease | None:
    """Databases with the newest schema; None when told to stop meanwhile."""
    starting = asyncio.create_task(_lease_with_schema(settings, folder))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        stopping.cancel()
        return await starting
    say("stopping")
    with suppress(Exception):  # what fails now fails because its engine was ended
        lease = await _finish(starting, folder)
        await _finish(asyncio.create_task(asyncio.to_thread(lease.release)), folder)
    return None


async def _lease_with_schema(settings: Settings, folder: DataFolder) -> EngineLease:
    lease = await asyncio.to_thread(lease_engines, settings, folder, say=say)
    try:
        await migrate(database_url=lease.urls.database, clickhouse_url=lease.urls.clickhouse)
    except BaseException:
        await asyncio.to_thread(lease.release)
        raise
    say("both databases are on the newest schema")
    return lease


async def _finish(work: asyncio.Task[T], folder: DataFolder) -> T:
    """Wait for work that waits for the engines. They are killed, which they survive, when it takes too long."""
    await asyncio.wait({work}, timeout=ENGINES_SECONDS)
    while not work.done():
        for engine in engine_states(folder):
            if engine.pid:
                with suppress(ProcessLookupError):
                    os.kill(engine.pid, signal.SIGKILL)
        await asyncio.wait({work}, timeout=0.1)
    return work.result()


async def _supervise(
    settings: Settings, folder: DataFolder, lease: EngineLease, stop: asyncio.Event, *, began: float
) -> None:
    children: list[Child] = []

    def note() -> None:
        with suppress(OSError):  # on a full disk `herwa status` knows less, and everything goes on
            write_roster(folder, [child.as_json() for child in children])

    children += [Child(name, folder, note) for name in rooms(settings)]
    lives = {child: asyncio.create_task(child.run()) for child in children}
    watchers = [
        asyncio.create_task(_heal(lease)),
        asyncio.create_task(welcome(settings, folder, database_url=lease.urls.database, began=began)),
    ]
    await stop.wait()
    say("stopping")
    for watcher in watchers:
        watcher.cancel()
    await _stop_all(lives)


async def _stop_all(lives: dict[Child, asyncio.Task[None]]) -> None:
    """The local Discord goes last, so that the bot says good-bye to it instead of missing it."""
    sim = [child for child in lives if child.name == "sim"]
    for children, seconds in (([child for child in lives if child not in sim], ROOMS_SECONDS), (sim, SIM_SECONDS)):
        for child in children:
            child.stop()
        if children:
            await asyncio.wait([lives[child] for child in children], timeout=seconds)
        for child in children:
            if child.pid:
                say("did not end in time and was killed", who=child.name)
                child.kill()


async def _heal(lease: EngineLease) -> None:
    """Start engines that died again, ever more patiently when they will not start."""
    wait = HEAL_SECONDS
    while True:
        await asyncio.sleep(wait)
        try:
            for name in await asyncio.to_thread(lease.heal):
                say(f"{name} had ended and runs again")
            wait = HEAL_SECONDS
        except (HerwaError, OSError) as error:
            wait = min(wait * 2, LONGEST_HEAL_SECONDS)
            say(f"{sentence(error)} Trying again in {wait:g} s.")
