"""States of a page without numbers: a new server, an unknown page, a refusal, and the change of servers."""

import asyncio
import re
from contextlib import closing

import pytest
from playwright.async_api import Page, expect

from herwa_web import texts
from tests.browser.conftest import SERVER_NAME, ReplayedServer
from tests.support.chromium import log_in

READ_FRAME_SCRIPT = """() => {
    window.frames_seen = [];
    const read = () => {
        const [switcher, title] = ['.rail .switcher', '.topbar h1'].map((name) => document.querySelector(name));
        window.frames_seen.push([switcher?.textContent ?? '', title?.textContent ?? '']);
    };
    new MutationObserver(read).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def create_server(server: ReplayedServer, name: str, persona: str) -> str:
    """Create an empty server that the bot has just joined. The persona must not have logged in yet."""
    with closing(server.copy.open_sim_client()) as sim:
        return str(sim.create_guild(name, owner_id=sim.get_snapshot().personas[persona]))


@pytest.mark.slow
async def test_new_server_says_what_happens_next_and_then_shows_its_first_number(visitor: Page, server: ReplayedServer):
    guild_id = await asyncio.to_thread(create_server, server, "Tea House", "operator")
    await log_in(visitor, server.base_url, "operator")
    await visitor.locator("a.card", has_text="Tea House").click()
    await expect(visitor.get_by_role("heading", name=re.compile("Tea House .*ago"))).to_be_visible()
    await expect(visitor.get_by_text(texts.NEW_SERVER_HINT)).to_be_visible()
    await expect(visitor.locator(".kpi")).to_have_count(0)

    def write_message() -> None:
        with closing(server.copy.open_sim_client()) as sim:
            channel = sim.create_channel(int(guild_id), "kettle")
            sim.send_message(channel, sim.join(int(guild_id), "Guest"), content="hello")

    await asyncio.to_thread(write_message)
    await expect(visitor.locator(".kpi[aria-current=true] .value")).to_have_text("1", timeout=90_000)


async def test_unknown_page_is_a_404_in_the_design_of_the_others(visitor: Page, owner: Page, server: ReplayedServer):
    for page in (visitor, owner):
        for path in ("/no/such/page", "/g", "/g/1/members", "/login/again"):
            response = await page.goto(server.base_url + path)
            assert response is not None
            assert response.status == 404
            await expect(page).to_have_title(texts.NOT_FOUND_TAB)
            await expect(page.get_by_role("heading", level=1)).to_have_text(texts.PAGE_NOT_FOUND)
    await owner.get_by_role("link", name=texts.HOME_PAGE).click()
    await expect(owner.locator("a.card").first).to_be_visible()


async def test_change_of_servers_never_blanks_the_frame(owner: Page, server: ReplayedServer):
    await owner.goto(server.build_url())
    await expect(owner.locator(".kpi[aria-current=true] .value")).to_be_visible()
    other = owner.locator(".rail a.rail-item:has(bdi)").filter(has_not_text=SERVER_NAME).first
    name = await other.inner_text()
    await owner.evaluate(READ_FRAME_SCRIPT)
    await other.click()
    await expect(owner.get_by_role("heading", level=1)).to_have_text(name)
    await expect(owner.locator(".kpi[aria-current=true] .value, main .alone")).to_be_visible()
    seen = await owner.evaluate("window.frames_seen")
    assert {tuple(frame) for frame in seen} <= {(SERVER_NAME, SERVER_NAME), (name, name)}
    assert [name, name] in seen


async def test_period_before_the_first_data_has_no_data_everywhere(owner: Page, server: ReplayedServer):
    await owner.goto(server.build_url(**{"from": "2019-01-01", "to": "2019-02-01"}))
    for title in (texts.TOP_CHANNELS, texts.TOP_MEMBERS):
        await expect(owner.get_by_role("region", name=title).locator(".blank")).to_have_text(texts.NO_ROWS_WITHOUT_DATA)
    await expect(owner.get_by_text(texts.describe_data_start("May 1, 2021"))).to_be_visible()
