"""schemathesis finds nothing in the whole document: examples, edge cases, random and stateful requests."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from herwa_shared.catalog import Limit
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.grants import grant_limit
from herwa_shared.stores import Stores
from tests.api.api_process import open_api_client, run_api_process
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.settings_client import register_commands
from tests.support.oauth_login import ManagedServer, save_server

RUN_SCHEMATHESIS = "from schemathesis.cli import schemathesis; schemathesis()"
SEED = 12
# The document cannot say which dates, zones and combinations of fields are valid, so valid by the document may be a 400.
# A body with a method that takes none is refused before routing, with 413 instead of 405: test_openapi.py tests methods.
EXCLUDED_CHECKS = "positive_data_acceptance,unsupported_method"
MAX_EXAMPLES = 25
TIMEOUT_SECONDS = 900

pytestmark = pytest.mark.slow


@pytest.fixture
async def api_url(settings: Settings, stores: Stores) -> AsyncIterator[str]:
    """The URL of an API process with high limits."""
    port = DataFolder(settings.data_dir).get_or_create_port("api")
    async with run_api_process(settings, module="tests.api.unlimited_api") as process, open_api_client(port):
        assert process.returncode is None
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def open_server(server: ManagedServer, stores: Stores) -> ManagedServer:
    """A server whose tier has high limits."""
    await register_commands(stores)
    await save_server(stores, server)
    async with stores.database.transaction() as session:
        for limit in (Limit.REQUESTS_PER_MINUTE, Limit.API_KEYS):
            await grant_limit(session, guild_id=server.id, limit=limit, value=1_000_000, reason="fuzzing", actor=SYSTEM)
    return server


@pytest.mark.parametrize("caller", ["key", "session"])
async def test_fuzzer_finds_nothing(
    caller: str,
    api_url: str,
    open_server: ManagedServer,
    make_key: KeyFactory,
    browser: Browser,
    settings: Settings,
    tmp_path: Path,
):
    if caller == "key":
        headers = [f"Authorization: Bearer {await make_key(open_server.id)}"]
    else:
        await browser.log_in(open_server.owner)
        headers = [f"Cookie: {browser.cookie_header}", f"Origin: {settings.origin}"]
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'seed = {SEED}\n[parameters]\n"path.guild_id" = "{open_server.id}"\n')
    command = [sys.executable, "-c", RUN_SCHEMATHESIS, "--config-file", str(config), "run"]
    options = ["--max-examples", str(MAX_EXAMPLES), "--checks", "all", "--exclude-checks", EXCLUDED_CHECKS]
    for header in headers:
        options += ["--header", header]
    process = await asyncio.create_subprocess_exec(
        *command,
        *options,
        f"{api_url}/api/openapi.json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    async with asyncio.timeout(TIMEOUT_SECONDS):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
