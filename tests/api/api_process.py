"""The API as a process of its own, on this copy's port of the API."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from herwa_shared.config import Settings

Process = asyncio.subprocess.Process


@asynccontextmanager
async def run_api_process(settings: Settings, **environment: str) -> AsyncIterator[Process]:
    overrides = {"HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(settings.port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "herwa_api",
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
    """A client of the process, once it is ready."""
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20) as client:
        for _ in range(600):
            try:
                if (await client.get("/readyz")).status_code == 200:
                    break
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
        yield client
