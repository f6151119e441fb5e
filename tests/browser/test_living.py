"""A page that stays open: what moves by itself, and what it says when something else is down."""

import asyncio
import os
import signal
from contextlib import closing

import httpx
from playwright.async_api import Page, expect

from tests.browser.conftest import Place

PATIENCE = 60_000


async def test_who_joins_voice_is_counted_on_the_open_page(owner: Page, place: Place):
    def voice() -> tuple[str, str]:
        with closing(place.copy.sim()) as sim:
            channel = sim.create_channel(int(place.guild_id), "Evening round", type_=2)
            return str(channel), str(sim.join(int(place.guild_id), "Listener"))

    def move(channel_id: str | None) -> None:
        with closing(place.copy.sim()) as sim:
            sim.call("voice/move", guild_id=place.guild_id, user_id=user_id, channel_id=channel_id)

    channel_id, user_id = await asyncio.to_thread(voice)
    await owner.goto(place.path())
    await expect(owner.locator("#in-voice")).to_have_text("0", timeout=PATIENCE)
    await asyncio.to_thread(move, channel_id)
    await expect(owner.locator("#in-voice")).to_have_text("1", timeout=PATIENCE)
    await asyncio.to_thread(move, None)
    await expect(owner.locator("#in-voice")).to_have_text("0", timeout=PATIENCE)


async def test_what_is_written_now_is_counted_on_the_open_page(owner: Page, place: Place):
    def write(times: int) -> None:
        with closing(place.copy.sim()) as sim:
            guild_id = int(place.guild_id)
            channel = sim.create_channel(guild_id, "today")
            author = sim.join(guild_id, "Writer")
            for number in range(times):
                sim.say(channel, author, content=f"word {number}")

    await asyncio.to_thread(write, 3)
    await owner.goto(place.path(range="today"))
    value = owner.locator(".kpi[aria-current=true] .value")
    await expect(value).to_have_text("3", timeout=PATIENCE)
    await asyncio.to_thread(write, 4)
    await expect(value).to_have_text("7", timeout=PATIENCE)


async def test_the_pages_go_on_without_the_api_and_say_so(owner: Page, place: Place):
    await owner.goto(place.path())
    await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    api = await asyncio.to_thread(place.copy.pid, "api")
    os.kill(api, signal.SIGSTOP)
    try:
        await expect(owner.get_by_text("API does not answer")).to_be_visible(timeout=PATIENCE)
        await owner.get_by_role("group", name="Interval").get_by_role("link", name="Week").click()
        await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    finally:
        os.kill(api, signal.SIGCONT)
    await expect(owner.get_by_text("API does not answer")).to_have_count(0, timeout=PATIENCE)
    os.kill(api, signal.SIGKILL)
    place.copy.until(lambda: httpx.get(f"{place.address}/readyz").is_success, "the API to be back")


async def test_numbers_that_can_not_be_asked_anew_stay_and_say_how_old_they_are(owner: Page, place: Place):
    await owner.goto(place.path())
    await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    shown = await owner.locator(".strip .kpi .value").first.inner_text()
    engine = await asyncio.to_thread(place.copy.pid, "clickhouse")
    os.kill(engine, signal.SIGSTOP)
    try:
        await owner.get_by_role("group", name="Interval").get_by_role("link", name="Week").click()
        await expect(owner.locator(".banner", has_text="Numbers")).to_be_visible(timeout=PATIENCE)
        await expect(owner.locator(".strip .kpi .value").first).to_have_text(shown)
    finally:
        os.kill(engine, signal.SIGCONT)
    await owner.get_by_role("button", name="Try again").click()
    await expect(owner.locator(".banner", has_text="Numbers")).to_have_count(0, timeout=PATIENCE)
