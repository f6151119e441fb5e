"""The metrics below the KPI strip: a command that a member runs is a number, a chart and a row of a list."""

import asyncio
import csv
import io
from contextlib import closing

import pytest
from playwright.async_api import Page, expect

from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_web import texts
from herwa_web.pages.guild import tile_texts
from tests.browser.conftest import ReplayedServer
from tests.browser.overview_page import read_drawn_total, wait_for_points
from tests.browser.test_widths import expect_no_horizontal_scroll
from tests.support.chromium import PHONE_VIEWPORT


def run_commands(server: ReplayedServer) -> None:
    """Let a member run a command that is always allowed."""
    with closing(server.copy.open_sim_client()) as sim:
        channel = sim.create_channel(int(server.guild_id), "commands")
        member = sim.join(int(server.guild_id), "Curious")
        for _ in range(3):
            sim.run_command(channel, member, "help")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_commands_are_a_tile_a_chart_and_a_list(owner: Page, server: ReplayedServer, scheme):
    await asyncio.to_thread(run_commands, server)
    await owner.emulate_media(color_scheme=scheme)
    await owner.goto(server.build_url(range="24h"))
    more = owner.get_by_role("group", name=tile_texts.MORE_METRICS)
    await expect(more.locator(".kpi")).to_have_count(5)
    tile = more.locator(".kpi").filter(has_text=get_definition(Metric.COMMANDS).title).first
    await expect(tile.locator(".value")).not_to_have_text("0", timeout=60_000)
    await tile.click()
    await expect(tile).to_have_attribute("aria-current", "true")
    count = int(await tile.locator(".value").inner_text())
    assert count >= 3
    panel = owner.get_by_role("region", name=tile_texts.COMMAND_PANEL_TITLES[Metric.COMMANDS])
    await expect(panel.get_by_text(tile_texts.format_command("help"))).to_be_visible()
    await wait_for_points(owner, 24)
    assert await read_drawn_total(owner) in (count, 0), "the running hour is a dotted line of its own"
    async with owner.expect_download() as download:
        await panel.get_by_role("button", name=texts.DOWNLOAD_CSV).click()
    content = (await (await download.value).path()).read_text("utf-8-sig")
    [row] = [row for row in csv.DictReader(io.StringIO(content)) if row["command"] == "help"]
    assert (row["surface"], row["outcome"]) == ("command", "ok")
    assert 3 <= int(row["commands"]) <= count

    await owner.set_viewport_size(PHONE_VIEWPORT)
    await expect_no_horizontal_scroll(owner)
    last = more.locator(".kpi").last
    await last.scroll_into_view_if_needed()
    await last.click()
    await expect(last).to_have_attribute("aria-current", "true")
    await expect(panel).to_have_count(0)
