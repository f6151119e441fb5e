"""Runs the API as a separate process on the API port of this copy."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from herwa_shared.config import Settings

Process = asyncio.subprocess.Process

READY_TIMEOUT_SECONDS = 60


@asynccontextmanager
async def run_api_process(
    settings: Settings, *, module: str = "herwa_api", **environment: str
) -> AsyncIterator[Process]:
    """Run `python -m herwa_api`, or another module; kill it at the end of the block if it still runs."""
    overrides = {"HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(settings.port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        env={**os.environ, **overrides, **environment},
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def open_api_client(port: int, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open an HTTP client of the API process once `/readyz` returns 200.

    Raises AssertionError if the process is not ready in time.
    """
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20) as client:
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while not await _is_ready(client):
            assert time.monotonic() < deadline, f"the API was not ready within {READY_TIMEOUT_SECONDS} s"
            await asyncio.sleep(0.1)
        yield client


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.ConnectError:
        return False
