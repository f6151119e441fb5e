"""An open page: live updates, and what it shows while the API or ClickHouse does not respond."""

import asyncio
import os
import signal
from contextlib import closing

import httpx
import pytest
from playwright.async_api import Page, expect

from herwa_web import texts
from tests.browser.conftest import ReplayedServer

LIVE_TIMEOUT_MS = 60_000


async def test_open_page_counts_members_in_voice(owner: Page, server: ReplayedServer):
    def create_voice_listener() -> tuple[str, str]:
        with closing(server.copy.open_sim_client()) as sim:
            channel = sim.create_channel(int(server.guild_id), "Evening round", type_=2)
            return str(channel), str(sim.join(int(server.guild_id), "Listener"))

    def move_listener(channel_id: str | None) -> None:
        with closing(server.copy.open_sim_client()) as sim:
            sim.call("voice/move", guild_id=server.guild_id, user_id=user_id, channel_id=channel_id)

    channel_id, user_id = await asyncio.to_thread(create_voice_listener)
    await owner.goto(server.build_url())
    await expect(owner.locator("#in-voice")).to_have_text("0", timeout=LIVE_TIMEOUT_MS)
    await asyncio.to_thread(move_listener, channel_id)
    await expect(owner.locator("#in-voice")).to_have_text("1", timeout=LIVE_TIMEOUT_MS)
    await asyncio.to_thread(move_listener, None)
    await expect(owner.locator("#in-voice")).to_have_text("0", timeout=LIVE_TIMEOUT_MS)


@pytest.mark.slow
async def test_open_page_counts_new_messages(owner: Page, server: ReplayedServer):
    channel = await asyncio.to_thread(server.create_channel, "today")
    await asyncio.to_thread(server.write_messages, channel, 3)
    await owner.goto(server.build_url(range="today", channel=channel))
    value = owner.locator(".kpi[aria-current=true] .value")
    await expect(value).to_have_text("3", timeout=LIVE_TIMEOUT_MS)
    await asyncio.to_thread(server.write_messages, channel, 4)
    await expect(value).to_have_text("7", timeout=LIVE_TIMEOUT_MS)


@pytest.mark.slow
async def test_pages_work_without_the_api_and_report_the_outage(owner: Page, server: ReplayedServer):
    await owner.goto(server.build_url())
    await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    api_pid = await asyncio.to_thread(server.copy.suspend, "api")
    try:
        await expect(owner.get_by_text(texts.API_DOWN)).to_be_visible(timeout=LIVE_TIMEOUT_MS)
        await owner.get_by_role("group", name=texts.INTERVAL).get_by_role("link", name=texts.INTERVALS["week"]).click()
        await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    finally:
        server.copy.resume(api_pid)
    await expect(owner.get_by_text(texts.API_DOWN)).to_have_count(0, timeout=LIVE_TIMEOUT_MS)
    os.kill(api_pid, signal.SIGKILL)
    server.copy.wait_until(lambda: httpx.get(f"{server.base_url}/readyz").is_success, "the API to be back")


@pytest.mark.slow
async def test_stale_numbers_are_kept_and_show_their_age(owner: Page, server: ReplayedServer):
    await owner.goto(server.build_url(to="2021-07-30"))  # the page keeps the numbers of views that it has shown
    await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    text = await owner.locator(".strip .kpi .value").first.inner_text()
    engine_pid = await asyncio.to_thread(server.copy.get_pid, "clickhouse")
    os.kill(engine_pid, signal.SIGSTOP)
    try:
        await owner.get_by_role("group", name=texts.INTERVAL).get_by_role("link", name=texts.INTERVALS["week"]).click()
        await expect(owner.locator(".banner", has=owner.get_by_role("button", name=texts.TRY_AGAIN))).to_be_visible(
            timeout=LIVE_TIMEOUT_MS
        )
        await expect(owner.locator(".strip .kpi .value").first).to_have_text(text)
    finally:
        os.kill(engine_pid, signal.SIGCONT)
    await owner.get_by_role("button", name=texts.TRY_AGAIN).click()
    await expect(owner.locator(".banner", has=owner.get_by_role("button", name=texts.TRY_AGAIN))).to_have_count(
        0, timeout=LIVE_TIMEOUT_MS
    )
