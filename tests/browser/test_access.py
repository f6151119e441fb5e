"""Log-in and access to the dashboard in a real browser, for owner, manager, member and stranger."""

import asyncio
import re
from contextlib import closing

import pytest
from playwright.async_api import Page, expect

from herwa_shared.charts.formatting import format_int
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_web import texts
from tests.browser.conftest import SERVER_NAME, ReplayedServer
from tests.support.chromium import authorize, log_in
from tests.support.expected_numbers import load_window

pytestmark = pytest.mark.slow

UNKNOWN_GUILD_ID = "81384788765712384"
INVALID_GUILD_ID = "not-a-number"


async def test_owner_logs_in_and_opens_the_server_from_the_home_page(visitor: Page, server: ReplayedServer):
    await log_in(visitor, server.base_url, "owner")
    await expect(visitor.get_by_role("heading", name=texts.MY_SERVERS)).to_be_visible()
    await visitor.locator("a.card", has_text=SERVER_NAME).click()
    await expect(visitor.get_by_role("heading", name=SERVER_NAME)).to_be_visible()
    await expect(visitor.locator(".strip .kpi").first).to_be_visible()


async def test_visitor_returns_to_the_requested_server_after_login(visitor: Page, server: ReplayedServer):
    await visitor.goto(server.build_url())
    await visitor.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD).click()
    await authorize(visitor, "owner")
    total = format_int(load_window("2021-05-01")["messages"])
    await expect(visitor.locator(".kpi[aria-current=true] .value")).to_have_text(total)
    assert f"/g/{server.guild_id}" in visitor.url
    assert "from=2021-05-01" in visitor.url


async def test_cancelled_login_returns_to_the_start_page(visitor: Page, server: ReplayedServer):
    await visitor.goto(f"{server.base_url}/")
    await visitor.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD).click()
    await visitor.get_by_role("button", name="Cancel").click()
    await expect(visitor.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD)).to_be_visible()
    assert visitor.url.startswith(server.base_url)
    cookies = await visitor.context.cookies(server.base_url)
    assert not [cookie for cookie in cookies if "herwa_session" in cookie["name"]]


async def test_manager_sees_the_server_only_while_having_the_role(visitor: Page, server: ReplayedServer):
    def set_manager_role(granted: bool) -> None:
        with closing(server.copy.open_sim_client()) as sim:
            manager = sim.get_snapshot().personas["manager"]
            sim.call("member/join", guild_id=server.guild_id, user_id=str(manager))
            role = sim.create_role(int(server.guild_id), "Deputies", permissions=MANAGE_GUILD)
            sim.set_roles(int(server.guild_id), manager, [role] if granted else [])

    await asyncio.to_thread(set_manager_role, True)
    await log_in(visitor, server.base_url, "manager")
    await visitor.goto(server.build_url())
    await expect(visitor.locator(".strip .kpi").first).to_be_visible()
    await asyncio.to_thread(set_manager_role, False)

    async def is_refused() -> bool:
        await visitor.reload()
        await visitor.locator(".strip .kpi .value, .alone").first.wait_for()
        return await visitor.get_by_role("heading", name=texts.SERVER_NOT_FOUND).is_visible()

    async with asyncio.timeout(60):
        while not await is_refused():  # noqa: ASYNC110 - there is no event to await: the page has to be reloaded
            await asyncio.sleep(1)


@pytest.mark.parametrize("persona", ["stranger", "member"])
async def test_forbidden_server_looks_like_a_nonexistent_server(visitor: Page, server: ReplayedServer, persona: str):
    await log_in(visitor, server.base_url, persona)
    pages = []
    for guild_id in (server.guild_id, UNKNOWN_GUILD_ID, INVALID_GUILD_ID):
        await visitor.goto(f"{server.base_url}/g/{guild_id}")
        await expect(visitor.locator("main .alone")).to_be_visible()
        html = (await visitor.locator(".shell").inner_html()).replace(guild_id, "ID")
        pages.append((await visitor.title(), re.sub(r' data-due="[0-9]+"', "", html)))
    assert pages[0] == pages[1] == pages[2]
    assert texts.SERVER_NOT_FOUND in pages[0][1]
    assert SERVER_NAME not in pages[0][1]


async def test_stranger_can_add_the_bot(visitor: Page, server: ReplayedServer):
    await log_in(visitor, server.base_url, "stranger")
    await expect(visitor.get_by_text(SERVER_NAME)).to_have_count(0)
    invite_link = visitor.get_by_role("link", name=texts.ADD_BUTTON).first
    async with visitor.expect_popup() as popup_info:
        await invite_link.click()
    popup = await popup_info.value
    await popup.locator("button[value=authorize]").click()
    await expect(popup.locator(".crest").or_(popup.locator("a.card"))).to_be_visible()
    await expect(visitor.locator("a.card")).to_have_count(1, timeout=30_000)


async def test_log_out_removes_all_data_from_the_tab_and_its_history(visitor: Page, server: ReplayedServer):
    await log_in(visitor, server.base_url, "owner")
    await visitor.goto(server.build_url())
    await expect(visitor.locator(".strip .kpi .value").first).to_be_visible()
    await visitor.locator(".rail-foot").get_by_role("button").last.click()
    await visitor.get_by_role("button", name=texts.LOG_OUT).click()
    await expect(visitor.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD).first).to_be_visible()
    await visitor.go_back()
    await expect(visitor.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD).first).to_be_visible()
    await expect(visitor.locator(".kpi")).to_have_count(0)
