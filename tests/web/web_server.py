"""Runs `python -m herwa_web` as a separate process on a free port."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from herwa_shared.config import Settings

STARTUP_TIMEOUT_SECONDS = 120  # the pages may have to be built first


@dataclass(frozen=True)
class WebServer:
    """One running process. `read_output()` returns everything that it has printed so far."""

    port: int
    settings: Settings
    process: asyncio.subprocess.Process
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """The value of the `Host` header."""
        return f"127.0.0.1:{self.port}"

    def read_output(self) -> str:
        return self.output.read_text(errors="replace")

    def client(self, **options) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30, **options)


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@asynccontextmanager
async def run_web_server(
    settings: Settings,
    *,
    api: str | None = None,
    cwd: str = "/",
    arguments: Sequence[str] = ("-m", "herwa_web"),
    **environment: str,
) -> AsyncIterator[WebServer]:
    """Run a web server until the block ends.

    `api` is the URL of the API; by default nothing listens there. `arguments` are those of the Python interpreter.
    """
    port = find_free_port()
    overrides = {
        "HERWA_DATA_DIR": str(settings.data_dir),
        "HERWA_PORT": str(port),
        "HERWA_API_URL": api or "http://127.0.0.1:9",
    }
    with tempfile.NamedTemporaryFile(prefix="herwa-web-") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**os.environ, **overrides, **environment},
            cwd=cwd,
            stdin=asyncio.subprocess.PIPE,
            stdout=file,
            stderr=file,
        )
        server_settings = settings.model_copy(update={"port": port, "public_url": environment.get("HERWA_PUBLIC_URL")})
        server = WebServer(port, server_settings, process, Path(file.name))
        try:
            await wait_until_ready(server)
            yield server
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def wait_until_ready(server: WebServer) -> None:
    """Wait until the server responds; fail if the process ends or the timeout passes."""
    async with asyncio.timeout(STARTUP_TIMEOUT_SECONDS), server.client() as client:
        while True:
            assert server.process.returncode is None, server.read_output()
            try:
                await client.get("/")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
