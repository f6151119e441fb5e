"""`herwa up`: engines, schema, every process, watched over until Ctrl-C."""

import asyncio
import fcntl
import sys
import time
from contextlib import suppress

import httpx

from herwa.child import Child, write_roster
from herwa.say import say
from herwa_shared.config import Settings
from herwa_shared.embedded import EngineLease, lease_engines
from herwa_shared.errors import HerwaError
from herwa_shared.folder import DataFolder, port_is_free
from herwa_shared.lifetime import call_on_stop
from herwa_shared.migrate import migrate

HEAL_SECONDS = 0.5
GRACE_SECONDS = 2.5
READY_SECONDS = 90


async def up(settings: Settings) -> int:
    """Run everything until told to stop; the exit code."""
    folder = DataFolder(settings.data_dir)
    with (folder.run / "up.lock").open("a") as mine:
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"Herwa already runs on {folder.path}. For a second copy set HERWA_DATA_DIR and HERWA_PORT.",
                file=sys.stderr,
            )
            return 1
        if not port_is_free(settings.port):
            print(
                f"Port {settings.port} is taken. Set HERWA_PORT to a free one, in the environment or in .env.",
                file=sys.stderr,
            )
            return 1
        stop = asyncio.Event()
        call_on_stop(stop.set)
        try:
            return await _run(settings, folder, stop)
        finally:
            (folder.run / "up.json").unlink(missing_ok=True)


async def _run(settings: Settings, folder: DataFolder, stop: asyncio.Event) -> int:
    began = time.monotonic()
    say(f"data in {folder.path}")
    try:
        lease = await asyncio.to_thread(lease_engines, settings, folder, say=say)
    except HerwaError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        await migrate(database_url=lease.urls.database, clickhouse_url=lease.urls.clickhouse)
        say("both databases are on the newest schema")
        await _supervise(settings, folder, lease, stop, began=began)
    finally:
        await asyncio.to_thread(lease.release)
        say("stopped")
    return 0


def rooms(settings: Settings) -> tuple[str, ...]:
    """Which processes this copy runs: the local Discord only where no other is named."""
    return (("sim",) if settings.discord.is_local else ()) + ("worker", "api", "bot")


async def _supervise(
    settings: Settings, folder: DataFolder, lease: EngineLease, stop: asyncio.Event, *, began: float
) -> None:
    children: list[Child] = []
    children += [Child(name, folder, lambda: write_roster(folder, children)) for name in rooms(settings)]
    lives = [asyncio.create_task(child.run()) for child in children]
    watchers = [asyncio.create_task(_heal(lease)), asyncio.create_task(_welcome(settings, began=began))]
    try:
        await stop.wait()
    finally:
        say("stopping")
        for watcher in watchers:
            watcher.cancel()
        for child in children:
            child.stop()
        await asyncio.wait(lives, timeout=GRACE_SECONDS)
        for child in children:
            if child.pid:
                say("did not end in time and was killed", who=child.name)
                child.kill()


async def _heal(lease: EngineLease) -> None:
    while True:
        await asyncio.sleep(HEAL_SECONDS)
        try:
            for name in await asyncio.to_thread(lease.heal):
                say(f"{name} had ended and runs again")
        except HerwaError as error:
            say(str(error))


async def _welcome(settings: Settings, *, began: float) -> None:
    """Say when everything answers, where, and what to try."""
    address = f"http://127.0.0.1:{settings.port}"
    async with httpx.AsyncClient(base_url=address) as client:
        for _ in range(READY_SECONDS * 5):
            with suppress(httpx.HTTPError):
                if (await client.get("/readyz")).is_success:
                    break
            await asyncio.sleep(0.2)
        else:
            say("the API does not answer yet; `herwa status` says more")
            return
    say(f"ready after {time.monotonic() - began:.0f} s: {settings.origin}/api/openapi.json")
    where = "the local Discord" if settings.discord.is_local else (settings.discord.url or "Discord")
    say(f"the bot listens to {where}; try `herwa status`, then `herwa keys create --guild ID --name first`")
    say("Ctrl-C stops everything")
