"""A whole copy of Herwa as a person runs it: `herwa up` in a folder of its own, and every other command beside it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.client.client import SimClient

HERWA = (sys.executable, "-c", "from herwa.cli import main; main()")
READY_SECONDS = 90


class RunningCopy:
    """One copy. `herwa("status")` is what a person types; the API answers at `address`."""

    def __init__(self, path: Path, *, demo_days: int = 0) -> None:
        self.folder = DataFolder(path)
        self.port = self.folder.port("herwa")
        self.address = f"http://127.0.0.1:{self.port}"
        self.output = path / "up.out"
        self.settings = Settings(
            HERWA_DATA_DIR=path,
            HERWA_PORT=self.port,
            HERWA_DEMO_DAYS=demo_days,
            discord=DiscordSettings(DISCORD_TOKEN=None, HERWA_DISCORD_URL=None),
            stores=StoreSettings(DATABASE_URL=None, CLICKHOUSE_URL=None),
        )
        self._up: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The developer's own settings do not reach this copy."""
        elsewhere = ("DISCORD_TOKEN", "HERWA_DISCORD_URL", "DATABASE_URL", "CLICKHOUSE_URL", "HERWA_SECRET_KEY")
        own = {
            "HERWA_DATA_DIR": str(self.folder.path),
            "HERWA_PORT": str(self.port),
            "HERWA_DEMO_DAYS": str(self.settings.demo_days),
            "COLUMNS": "200",
        }
        return {**os.environ, **dict.fromkeys(elsewhere, ""), **own}

    def up(self) -> None:
        """`herwa up`; returns when the bot listens and the API answers."""
        with self.output.open("ab") as output:
            self._up = subprocess.Popen(
                [*HERWA, "up"], env=self.environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        self.until(lambda: self.status()["healthy"] and self.api_is_ready(), "the copy to be up")

    def down(self, *, waking: int | None = None) -> None:
        """Ctrl-C; returns when everything has stopped. How soon that is, `benchmarks.stopping` measures.

        `waking` is a process that the test had made stand still and that goes on after the signal.
        """
        assert self._up is not None
        self._up.send_signal(signal.SIGINT)
        if waking is not None:
            os.kill(waking, signal.SIGCONT)
        assert self._up.wait(30) == 0, self.said()
        self._up = None

    def kill_if_running(self) -> None:
        if self._up is not None and self._up.poll() is None:
            self._up.send_signal(signal.SIGINT)
            try:
                self._up.wait(15)
            except subprocess.TimeoutExpired:
                self._up.kill()

    def herwa(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command typed into another terminal."""
        return subprocess.run(
            [*HERWA, *arguments], env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )

    def ask(self, *arguments: str) -> str:
        """A command that must succeed; what it printed."""
        done = self.herwa(*arguments)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.said()}"
        return done.stdout.strip()

    def status(self) -> dict:
        return json.loads(self.ask("status", "--json"))

    def pid(self, name: str) -> int:
        """The process id of one process of this copy."""
        return next(process["pid"] for process in self.status()["processes"] if process["name"] == name)

    def replay(self, file: Path, guild: str, *window: str) -> dict:
        since, until = (("--from", window[0]), ("--to", window[1])) if window else ((), ())
        return json.loads(self.ask("sim", "replay", str(file), "--guild", guild, *since, *until))

    def drain(self) -> None:
        self.ask("pipeline", "drain", "--timeout", "90")

    def sim(self) -> SimClient:
        return SimClient(f"http://127.0.0.1:{self.folder.port('sim')}", self.folder.secret("sim_control"))

    def unacknowledged(self) -> int:
        """How many gateway events the bot was sent and has not acknowledged yet."""
        with closing(self.sim()) as sim:
            return sum(session.sequence - session.acknowledged for session in sim.state().sessions)

    def api_is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/readyz").is_success
        except httpx.TransportError:
            return False

    def reader(self, guild_id: str) -> "Reader":
        """A program with a key of that server."""
        return Reader(self.address, guild_id, self.ask("keys", "create", "--guild", guild_id, "--name", "test"))

    def said(self) -> str:
        """The end of what `herwa up` printed."""
        return self.output.read_text(errors="replace")[-4000:]

    def until(self, true: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self.said()}"
            time.sleep(0.1)


class Reader:
    """Asks the API about one server."""

    def __init__(self, address: str, guild_id: str, key: str) -> None:
        self._base = f"{address}/api/guilds/{guild_id}"
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **parameters: object) -> dict:
        answer = httpx.get(self._base + path, params=parameters, headers=self._headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def points(self, metric: str, **parameters: object) -> dict[str, int | None]:
        return {point["t"]: point["value"] for point in self.get("/stats", metric=metric, **parameters)["points"]}


@contextmanager
def running_copy() -> Iterator[RunningCopy]:
    """A copy in an empty folder, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="herwa-copy-"))
    path.chmod(0o755)
    copy = RunningCopy(path)
    try:
        yield copy
    finally:
        copy.kill_if_running()
        shutil.rmtree(path)
