"""The page filtered by a channel: what the filter covers, and channels that are unknown, deleted or share a name."""

import asyncio
from contextlib import closing

import pytest
from playwright.async_api import Page, expect

from herwa_shared.charts.formatting import format_int
from herwa_web import texts
from tests.browser.conftest import ReplayedServer
from tests.browser.overview_page import locate_kpi, open_overview, read_lines
from tests.support.expected_numbers import load_window

EXPECTED = load_window("2021-05-01")
CATEGORY, VOICE, STAGE, FORUM = 4, 2, 13, 15
WAIT_TIMEOUT_MS = 60_000


async def test_headline_names_the_filter_and_other_metrics_are_server_wide(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    name, count = EXPECTED["top_channels"][1]
    await page.locator("#channels .bar", has_text=name).first.click()
    await expect(page.locator(".sentence")).to_contain_text(f"#{name}")
    await expect(page.locator(".sentence")).to_contain_text(format_int(count))
    await expect(locate_kpi(page, "Joins").locator(".change")).to_have_text(texts.SERVER_WIDE_ONLY)
    await locate_kpi(page, "Members").click()
    await expect(page.get_by_role("heading", level=2, name="Members", exact=True)).to_be_visible()
    await expect(page.locator(".sentence")).not_to_contain_text(f"#{name}")
    await expect(page.locator(".banner")).to_have_count(1)


async def test_unknown_channel_is_not_shown_as_zeros_and_can_be_cleared(owner: Page, server: ReplayedServer):
    await owner.goto(server.build_url(channel="123"))
    await expect(owner.get_by_role("heading", name=texts.CHANNEL_NOT_FOUND)).to_be_visible()
    await expect(owner.locator(".kpi")).to_have_count(0)
    await expect(owner.get_by_role("button", name=texts.FILTER_BY_CHANNEL)).to_be_visible()
    await owner.get_by_role("main").get_by_role("link", name=texts.CLEAR_FILTER).click()
    await expect(locate_kpi(owner, "Messages").locator(".value")).to_have_text(format_int(EXPECTED["messages"]))
    assert "channel=" not in owner.url


@pytest.mark.slow
async def test_kinds_of_channels_deleted_ones_and_namesakes_are_marked(owner: Page, server: ReplayedServer):
    def create_channels() -> dict[str, int]:
        with closing(server.copy.open_sim_client()) as sim:
            guild_id = int(server.guild_id)
            author = sim.join(guild_id, "Gardener")
            ids = {}
            for category in ("Roses", "Tulips"):
                parent_id = sim.create_channel(guild_id, category, type_=CATEGORY)
                ids[category] = sim.create_channel(guild_id, "twins", parent_id=parent_id)
                sim.send_message(ids[category], author)
            ids["old"] = sim.create_channel(guild_id, "old")
            for number in range(3):
                sim.send_message(ids["old"], author, content=f"{number}")
            sim.create_channel(guild_id, "Lounge", type_=VOICE)
            sim.create_channel(guild_id, "Talks", type_=STAGE)
            sim.create_channel(guild_id, "answers", type_=FORUM)
            return ids

    def delete_old_channel() -> None:
        with closing(server.copy.open_sim_client()) as sim:
            sim.delete_channel(ids["old"])

    ids = await asyncio.to_thread(create_channels)
    await owner.goto(server.build_url(range="today"))
    rows = owner.locator("#channels .bar")
    await expect(rows.filter(has_text="old")).to_be_visible(timeout=WAIT_TIMEOUT_MS)
    await asyncio.to_thread(delete_old_channel)
    await expect(rows.filter(has_text="old").locator(".mark")).to_have_text(texts.DELETED, timeout=WAIT_TIMEOUT_MS)
    twins = rows.filter(has=owner.locator(".name", has_text="twins"))
    await expect(twins).to_have_count(2)
    assert set(await twins.locator(".origin").all_inner_texts()) == {"Roses", "Tulips"}

    await owner.get_by_role("button", name=texts.FILTER_BY_CHANNEL).click()
    options = owner.locator("#filter .choice")
    await expect(options.filter(has_text=texts.ALL_CHANNELS)).to_have_attribute("aria-current", "true")
    for name, kind in (("Lounge", "voice"), ("Talks", "stage"), ("answers", "forum")):
        await expect(options.filter(has_text=name)).to_have_accessible_name(f"{texts.CHANNEL_KINDS[kind]} {name}")
    await expect(options.filter(has_text="old")).to_have_count(0)
    await options.filter(has_text="twins").filter(has_text="Tulips").click()
    await expect(owner.locator(".chip .origin")).to_have_text("Tulips")
    assert f"channel={ids['Tulips']}" in owner.url
    await expect(owner.locator(".key-lines li")).not_to_have_count(0)
    assert await read_lines(owner)
