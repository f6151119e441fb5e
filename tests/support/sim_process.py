"""A local Discord as a separate process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from herwa_shared.errors import ServiceUnavailable
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.client.client import SimClient

REPOSITORY_ROOT = Path(__file__).parents[2]


class SimProcess:
    """A local Discord, started by the constructor. `client` calls its control API, `token` is the bot's token."""

    def __init__(self, path: Path, *arguments: str) -> None:
        self.folder = DataFolder(path)
        self.arguments = arguments
        self.url = f"http://127.0.0.1:{self.folder.get_or_create_port('sim')}"
        self.token = self.folder.get_or_create_secret("local_discord_token")
        self.client = SimClient(self.url, self.folder.get_or_create_secret("sim_control"))
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "HERWA_DATA_DIR": str(self.folder.path)}
        command = [sys.executable, "-m", "herwa_sim", *self.arguments]
        with (self.folder.logs_dir / "sim.log").open("a") as log:
            self.process = subprocess.Popen(
                command, env=environment, cwd=REPOSITORY_ROOT, stderr=log, stdin=subprocess.PIPE
            )
        self._wait_until_ready()

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Stop the process with a signal and return its exit code."""
        self.process.send_signal(signal_number)
        code = self.process.wait(10)
        self.process.stdin.close()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()
        self.client.close()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.get_snapshot()
            except ServiceUnavailable:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return
