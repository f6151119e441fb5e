"""A complete copy of Herwa as users run it: `herwa up` in its own data folder, and other commands beside it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.client.client import SimClient
from tests.support.waiting import wait_until_blocking

HERWA_COMMAND = (sys.executable, "-c", "from herwa.cli import main; main()")
READY_TIMEOUT_SECONDS = 90
SCOPE_OPTIONS = ("--scope=stats:read", "--scope=members:read", "--scope=member_ids:read")


class RunningCopy:
    """One copy. `run_command("status")` runs `herwa status`; the API is at `base_url`."""

    def __init__(self, path: Path, *, demo_days: int = 0) -> None:
        self.folder = DataFolder(path)
        self.port = self.folder.get_or_create_port("herwa")
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.output_path = path / "up.out"
        self.settings = Settings(
            HERWA_DATA_DIR=path,
            HERWA_PORT=self.port,
            HERWA_DEMO_DAYS=demo_days,
            discord=DiscordSettings(DISCORD_TOKEN=None, HERWA_DISCORD_URL=None),
            stores=StoreSettings(DATABASE_URL=None, CLICKHOUSE_URL=None, REDIS_URL=None),
        )
        self._up_process: subprocess.Popen[bytes] | None = None
        self._api_keys: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of this copy, without the developer's own tokens and database URLs."""
        external_names = (
            "DISCORD_TOKEN",
            "HERWA_DISCORD_URL",
            "DATABASE_URL",
            "CLICKHOUSE_URL",
            "REDIS_URL",
            "HERWA_SECRET_KEY",
        )
        own_variables = {
            "HERWA_DATA_DIR": str(self.folder.path),
            "HERWA_PORT": str(self.port),
            "HERWA_DEMO_DAYS": str(self.settings.demo_days),
            "COLUMNS": "200",
        }
        return {**os.environ, **dict.fromkeys(external_names, ""), **own_variables}

    def start_all(self) -> None:
        """Start `herwa up` and wait until the bot is connected and the API is ready."""
        with self.output_path.open("ab") as output_file:
            self._up_process = subprocess.Popen(
                [*HERWA_COMMAND, "up"],
                env=self.environment,
                stdout=output_file,
                stderr=output_file,
                stdin=subprocess.DEVNULL,
            )
        self.wait_until(lambda: self.get_status()["healthy"] and self.is_api_ready(), "the copy to be up")

    def stop_all(self, *, suspended_pid: int | None = None) -> None:
        """Send Ctrl-C and wait until everything has stopped. `benchmarks.stopping` measures how long that takes.

        `suspended_pid` is a process that `suspend` has suspended; it is resumed after the signal.
        """
        assert self._up_process is not None
        self._up_process.send_signal(signal.SIGINT)
        if suspended_pid is not None:
            self.resume(suspended_pid)
        assert self._up_process.wait(30) == 0, self.read_output_tail()
        self._up_process = None

    def kill_if_running(self) -> None:
        if self._up_process is not None and self._up_process.poll() is None:
            self._up_process.send_signal(signal.SIGINT)
            try:
                self._up_process.wait(15)
            except subprocess.TimeoutExpired:
                self._up_process.kill()

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as in another terminal, and return its result whether it succeeds or not."""
        return subprocess.run(
            [*HERWA_COMMAND, *arguments], env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )

    def check_output(self, *arguments: str) -> str:
        """Run a command that must succeed, and return its standard output."""
        result = self.run_command(*arguments)
        assert result.returncode == 0, (
            f"{arguments}: exit {result.returncode}\n{result.stdout}\n{result.stderr}\n{self.read_output_tail()}"
        )
        return result.stdout.strip()

    def get_status(self) -> dict:
        return json.loads(self.check_output("status", "--json"))

    def get_pid(self, name: str) -> int:
        """The id of the copy's process with this name."""
        return next(process["pid"] for process in self.get_status()["processes"] if process["name"] == name)

    def suspend(self, name: str) -> int:
        """Suspend a process, and its supervisor, which would restart it after 15 seconds. Returns its id."""
        assert self._up_process is not None
        pid = self.get_pid(name)
        self._up_process.send_signal(signal.SIGSTOP)
        os.kill(pid, signal.SIGSTOP)
        return pid

    def resume(self, pid: int) -> None:
        """Resume a process that was suspended, then its supervisor."""
        os.kill(pid, signal.SIGCONT)
        self.resume_supervisor()

    def resume_supervisor(self) -> None:
        """Resume the supervisor, after the process that was suspended has been killed."""
        assert self._up_process is not None
        self._up_process.send_signal(signal.SIGCONT)

    def replay(self, file: Path, guild: str, *window: str) -> dict:
        from_option, to_option = (("--from", window[0]), ("--to", window[1])) if window else ((), ())
        output = self.check_output("sim", "replay", str(file), "--guild", guild, *from_option, *to_option)
        self.check_output("grant", json.loads(output)["guild_id"], "premium")  # whose history has no limit
        return json.loads(output)

    def drain(self) -> None:
        self.check_output("pipeline", "drain", "--timeout", "90")

    def open_sim_client(self) -> SimClient:
        return SimClient(
            f"http://127.0.0.1:{self.folder.get_or_create_port('sim')}", self.folder.get_or_create_secret("sim_control")
        )

    def count_unacknowledged(self) -> int:
        """Number of gateway events that were sent to the bot and are not acknowledged yet."""
        with closing(self.open_sim_client()) as sim:
            return sum(session.sequence - session.acknowledged for session in sim.get_snapshot().sessions)

    def is_api_ready(self) -> bool:
        try:
            return httpx.get(f"{self.base_url}/readyz").is_success
        except httpx.TransportError:
            return False

    def create_api_client(self, guild_id: str) -> "GuildApiClient":
        """Create an API key for a guild, once, and return a client that uses it."""
        if guild_id not in self._api_keys:
            self._api_keys[guild_id] = self.check_output(
                "keys", "create", "--guild", guild_id, "--name", "test", *SCOPE_OPTIONS
            )
        return GuildApiClient(self.base_url, guild_id, self._api_keys[guild_id])

    def read_output_tail(self) -> str:
        """The last 4,000 characters that `herwa up` printed."""
        return self.output_path.read_text(errors="replace")[-4000:]

    def wait_until(
        self, condition: Callable[[], bool], description: str, timeout_seconds: float = READY_TIMEOUT_SECONDS
    ) -> None:
        """Poll a condition until it is true; fail with the output of `herwa up` at the deadline."""
        wait_until_blocking(
            condition,
            description=description,
            timeout_seconds=timeout_seconds,
            interval_seconds=0.1,
            get_details=self.read_output_tail,
        )


class GuildApiClient:
    """A client of the API for one guild. It waits when it has reached its limit."""

    def __init__(self, base_url: str, guild_id: str, key: str) -> None:
        self._guild_url = f"{base_url}/api/guilds/{guild_id}"
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **parameters: object) -> dict:
        response = self._request(path, parameters)
        while response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            time.sleep(int(response.headers["Retry-After"]))
            response = self._request(path, parameters)
        assert response.is_success, response.text
        return response.json()

    def _request(self, path: str, parameters: Mapping[str, object]) -> httpx.Response:
        return httpx.get(self._guild_url + path, params=parameters, headers=self._headers, timeout=30)

    def get_points(self, metric: str, **parameters: object) -> dict[str, int | None]:
        return {point["t"]: point["value"] for point in self.get("/stats", metric=metric, **parameters)["points"]}


@contextmanager
def open_running_copy() -> Iterator[RunningCopy]:
    """Create a copy in an empty data folder; stop it and delete the folder at the end."""
    path = Path(tempfile.mkdtemp(prefix="herwa-copy-"))
    copy = RunningCopy(path)
    try:
        yield copy
    finally:
        copy.kill_if_running()
        shutil.rmtree(path)
