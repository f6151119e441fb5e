"""Who gets in, and what each of them sees."""

import asyncio
import re
from contextlib import closing

import pytest
from playwright.async_api import Page, expect

from herwa_shared.charts.formatting import format_int
from tests.browser.conftest import SERVER_NAME, ReplayedServer
from tests.support.chromium import authorize, log_in
from tests.support.expected_numbers import load_window

pytestmark = pytest.mark.slow

MANAGE_SERVER = 1 << 5
UNKNOWN_GUILD_ID = "81384788765712384"
INVALID_GUILD_ID = "not-a-number"


async def test_the_owner_logs_in_and_opens_the_server_from_home(visitor: Page, server: ReplayedServer):
    await log_in(visitor, server.base_url, "owner")
    await expect(visitor.get_by_role("heading", name="All my servers")).to_be_visible()
    await visitor.locator("a.card", has_text=SERVER_NAME).click()
    await expect(visitor.get_by_role("heading", name=SERVER_NAME)).to_be_visible()
    await expect(visitor.locator(".strip .kpi").first).to_be_visible()


async def test_a_visitor_who_asks_for_a_server_logs_in_and_arrives_there(visitor: Page, server: ReplayedServer):
    await visitor.goto(server.build_url())
    await visitor.get_by_role("link", name="Log in with Discord").click()
    await authorize(visitor, "owner")
    total = format_int(load_window("2021-05-01")["messages"])
    await expect(visitor.locator(".kpi[aria-current=true] .value")).to_have_text(total)
    assert f"/g/{server.guild_id}" in visitor.url
    assert "from=2021-05-01" in visitor.url


async def test_a_cancelled_login_returns_to_the_start_page(visitor: Page, server: ReplayedServer):
    await visitor.goto(f"{server.base_url}/")
    await visitor.get_by_role("link", name="Log in with Discord").click()
    await visitor.get_by_role("button", name="Cancel").click()
    await expect(visitor.get_by_role("link", name="Log in with Discord")).to_be_visible()
    assert visitor.url.startswith(server.base_url)
    cookies = await visitor.context.cookies(server.base_url)
    assert not [cookie for cookie in cookies if "herwa_session" in cookie["name"]]


async def test_a_manager_by_role_sees_the_server_as_soon_as_the_role_is_given_and_no_longer_than_that(
    visitor: Page, server: ReplayedServer
):
    def set_manager_role(granted: bool) -> None:
        with closing(server.copy.open_sim_client()) as sim:
            manager = sim.get_snapshot().personas["manager"]
            sim.call("member/join", guild_id=server.guild_id, user_id=str(manager))
            role = sim.create_role(int(server.guild_id), "Deputies", permissions=MANAGE_SERVER)
            sim.set_roles(int(server.guild_id), manager, [role] if granted else [])

    await asyncio.to_thread(set_manager_role, True)
    await log_in(visitor, server.base_url, "manager")
    await visitor.goto(server.build_url())
    await expect(visitor.locator(".strip .kpi").first).to_be_visible()
    await asyncio.to_thread(set_manager_role, False)

    async def is_refused() -> bool:
        await visitor.reload()
        await visitor.locator(".strip .kpi .value, .alone").first.wait_for()
        return await visitor.get_by_text("There is no server with this id").is_visible()

    async with asyncio.timeout(60):
        while not await is_refused():  # noqa: ASYNC110 - there is no event: the page is asked as a person would
            await asyncio.sleep(1)


@pytest.mark.parametrize("persona", ["stranger", "member"])
async def test_who_may_not_see_a_server_gets_the_same_page_as_for_one_that_does_not_exist(
    visitor: Page, server: ReplayedServer, persona: str
):
    await log_in(visitor, server.base_url, persona)
    pages = []
    for guild_id in (server.guild_id, UNKNOWN_GUILD_ID, INVALID_GUILD_ID):
        await visitor.goto(f"{server.base_url}/g/{guild_id}")
        await expect(visitor.locator("main .alone")).to_be_visible()
        html = (await visitor.locator(".shell").inner_html()).replace(guild_id, "ID")
        pages.append((await visitor.title(), re.sub(r' data-due="[0-9]+"', "", html)))
    assert pages[0] == pages[1] == pages[2]
    assert "There is no server with this id that you may see." in pages[0][1]
    assert SERVER_NAME not in pages[0][1]


async def test_a_stranger_sees_how_to_add_the_bot_and_can_add_it(visitor: Page, server: ReplayedServer):
    await log_in(visitor, server.base_url, "stranger")
    await expect(visitor.get_by_text(SERVER_NAME)).to_have_count(0)
    invite_link = visitor.get_by_role("link", name="Add Herwa").first
    async with visitor.expect_popup() as popup_info:
        await invite_link.click()
    popup = await popup_info.value
    await popup.get_by_role("button", name="Authorise").click()
    await expect(popup.get_by_text("is now in").or_(popup.locator("a.card"))).to_be_visible()
    await expect(visitor.locator("a.card")).to_have_count(1, timeout=30_000)


async def test_after_log_out_nothing_is_left_in_the_tab_and_the_way_back_shows_nothing(
    owner: Page, server: ReplayedServer
):
    await owner.goto(server.build_url())
    await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    await owner.get_by_role("button", name="You, colours, log out").click()
    await owner.get_by_text("Log out").click()
    await expect(owner.get_by_role("link", name="Log in with Discord").first).to_be_visible()
    await owner.go_back()
    await expect(owner.get_by_role("link", name="Log in with Discord").first).to_be_visible()
    await expect(owner.locator(".kpi")).to_have_count(0)
