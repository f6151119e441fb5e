"""The health page of a running copy: what stops, stalls, disconnects or fills up is shown within ten seconds.

Stalled pages cannot show that; `tests/herwa/test_stalls.py` tests that `herwa status` does.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from herwa_shared.operators.health import ProblemKind
from herwa_web.pages.admin.health import texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.support.chromium import log_in
from tests.support.configurable_copy import ConfigurableCopy

pytestmark = pytest.mark.slow

SEEN_SECONDS = 10.0
FREE_BYTES = 24 << 20
"""Left on the small disk: less than a twentieth of it, and enough for PostgreSQL to go on."""
DISK_BYTES = 700 << 20


@pytest.fixture
async def health(browser: Browser, server: ReplayedServer, operator_state: StorageState) -> AsyncIterator[Page]:
    """The health page, which shows that all is well."""
    async with open_page(browser, storage_state=operator_state) as page:
        await page.goto(f"{server.base_url}/admin/health")
        await expect(page.locator(".health-summary.green")).to_be_visible()
        yield page


async def expect_problem(page: Page, kind: ProblemKind, subject: str, *, since: float) -> None:
    problem = page.locator(".health-problems").get_by_text(texts.format_problem(kind, subject), exact=True)
    await expect(problem).to_be_visible(timeout=1000 * (since + SEEN_SECONDS - time.monotonic()))


async def expect_health(page: Page, server: ReplayedServer) -> None:
    await asyncio.to_thread(
        server.copy.wait_until, lambda: server.copy.get_status()["healthy"], "the copy to be well again"
    )
    await expect(page.locator(".health-summary.green")).to_be_visible()


@contextmanager
def suspend(copy: ConfigurableCopy, name: str) -> Iterator[None]:
    """Suspend a process while the block runs: its event loop stalls."""
    pid = copy.suspend(name)
    try:
        yield
    finally:
        copy.resume(pid)


@pytest.mark.parametrize("name", ["bot", "api", "worker"])
async def test_stalled_event_loop_is_shown(health: Page, server: ReplayedServer, name: str):
    since = time.monotonic()
    with suspend(server.copy, name):
        await expect_problem(health, ProblemKind.PROCESS, name, since=since)
    await expect_health(health, server)


async def test_worker_that_has_stopped_is_shown(health: Page, server: ReplayedServer):
    pid = await asyncio.to_thread(server.copy.suspend, "worker")
    os.kill(pid, signal.SIGKILL)
    try:
        await expect_problem(health, ProblemKind.PROCESS, "worker", since=time.monotonic())
    finally:
        server.copy.resume_supervisor()
    await expect_health(health, server)


async def test_shard_without_a_connection_is_shown(health: Page, server: ReplayedServer):
    pid = await asyncio.to_thread(server.copy.suspend, "sim")
    os.kill(pid, signal.SIGKILL)
    try:
        await expect_problem(health, ProblemKind.SHARD, "0", since=time.monotonic())
    finally:
        server.copy.resume_supervisor()
    await expect_health(health, server)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of DISK_BYTES."""
    options = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(tmp_path)]
    assert subprocess.run(options, check=False).returncode == 0, "this test needs a machine that allows mounts"
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
async def test_full_disk_is_shown(browser: Browser, small_disk: Path):
    path = small_disk / "copy"
    path.mkdir()
    copy = ConfigurableCopy(path)
    try:
        await asyncio.to_thread(copy.start_all)
        async with open_page(browser) as page:
            base_url = f"http://localhost:{copy.port}"
            await log_in(page, base_url, "operator")
            await page.goto(f"{base_url}/admin/health")
            await expect(page.locator(".health-summary")).to_be_visible()
            usage = os.statvfs(small_disk)
            with (small_disk / "large").open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, usage.f_bavail * usage.f_frsize - FREE_BYTES)
            await expect_problem(page, ProblemKind.DISK, "", since=time.monotonic())
            (small_disk / "large").unlink()
            disk = page.locator(".health-problems").get_by_text(texts.format_problem(ProblemKind.DISK, ""), exact=True)
            await expect(disk).to_be_hidden()
        await asyncio.to_thread(copy.stop_all)
    finally:
        copy.clean_up()
