"""Who gets in, and what each of them sees."""

import asyncio
import re
from contextlib import closing

import pytest
from playwright.async_api import Page, expect

from herwa_shared.charts.formatting import exact
from tests.browser.chromium import authorise, log_in
from tests.browser.conftest import REPLAYED, Place
from tests.journeys.truth import window

pytestmark = pytest.mark.slow

MANAGE_SERVER = 1 << 5
UNKNOWN = "81384788765712384"
NONSENSE = "not-a-number"


async def test_the_owner_logs_in_and_opens_the_server_from_home(visitor: Page, place: Place):
    await log_in(visitor, place.address, "owner")
    await expect(visitor.get_by_role("heading", name="All my servers")).to_be_visible()
    await visitor.locator("a.card", has_text=REPLAYED).click()
    await expect(visitor.get_by_role("heading", name=REPLAYED)).to_be_visible()
    await expect(visitor.locator(".strip .kpi").first).to_be_visible()


async def test_a_visitor_who_asks_for_a_server_logs_in_and_arrives_there(visitor: Page, place: Place):
    await visitor.goto(place.path())
    await visitor.get_by_role("link", name="Log in with Discord").click()
    await authorise(visitor, "owner")
    total = exact(window("2021-05-01")["messages"])
    await expect(visitor.locator(".kpi[aria-current=true] .value")).to_have_text(total)
    assert f"/g/{place.guild_id}" in visitor.url
    assert "from=2021-05-01" in visitor.url


async def test_whoever_says_no_comes_back_and_is_told_so(visitor: Page, place: Place):
    await visitor.goto(f"{place.address}/")
    await visitor.get_by_role("link", name="Log in with Discord").click()
    await visitor.get_by_role("button", name="Cancel").click()
    await expect(visitor.get_by_role("link", name="Log in with Discord")).to_be_visible()
    assert visitor.url.startswith(place.address)
    cookies = await visitor.context.cookies(place.address)
    assert not [cookie for cookie in cookies if "herwa_session" in cookie["name"]]


async def test_a_manager_by_role_sees_the_server_as_soon_as_the_role_is_given_and_no_longer_than_that(
    visitor: Page, place: Place
):
    def role_of(given: bool) -> None:
        with closing(place.copy.sim()) as sim:
            manager = sim.state().personas["manager"]
            sim.call("member/join", guild_id=place.guild_id, user_id=str(manager))
            role = sim.create_role(int(place.guild_id), "Deputies", permissions=MANAGE_SERVER)
            sim.set_roles(int(place.guild_id), manager, [role] if given else [])

    await asyncio.to_thread(role_of, True)
    await log_in(visitor, place.address, "manager")
    await visitor.goto(place.path())
    await expect(visitor.locator(".strip .kpi").first).to_be_visible()
    await asyncio.to_thread(role_of, False)

    async def is_refused() -> bool:
        await visitor.reload()
        await visitor.locator(".strip .kpi .value, .alone").first.wait_for()
        return await visitor.get_by_text("There is no server with this id").is_visible()

    async with asyncio.timeout(60):
        while not await is_refused():  # noqa: ASYNC110 - there is no event: the page is asked as a person would
            await asyncio.sleep(1)


@pytest.mark.parametrize("persona", ["stranger", "member"])
async def test_who_may_not_see_a_server_gets_the_same_page_as_for_one_that_does_not_exist(
    visitor: Page, place: Place, persona: str
):
    await log_in(visitor, place.address, persona)
    pages = []
    for guild_id in (place.guild_id, UNKNOWN, NONSENSE):
        await visitor.goto(f"{place.address}/g/{guild_id}")
        await expect(visitor.locator("main .alone")).to_be_visible()
        shown = (await visitor.locator(".shell").inner_html()).replace(guild_id, "ID")
        pages.append((await visitor.title(), re.sub(r' data-due="[0-9]+"', "", shown)))
    assert pages[0] == pages[1] == pages[2]
    assert "There is no server with this id that you may see." in pages[0][1]
    assert REPLAYED not in pages[0][1]


async def test_a_stranger_is_told_what_to_do_and_can_add_the_bot(visitor: Page, place: Place):
    await log_in(visitor, place.address, "stranger")
    await expect(visitor.get_by_text(REPLAYED)).to_have_count(0)
    invited = visitor.get_by_role("link", name="Add Herwa").first
    async with visitor.expect_popup() as opened:
        await invited.click()
    discord = await opened.value
    await discord.get_by_role("button", name="Authorise").click()
    await expect(discord.get_by_text("is now in").or_(discord.locator("a.card"))).to_be_visible()
    await expect(visitor.locator("a.card")).to_have_count(1, timeout=30_000)


async def test_after_log_out_nothing_is_left_in_the_tab_and_the_way_back_shows_nothing(owner: Page, place: Place):
    await owner.goto(place.path())
    await expect(owner.locator(".strip .kpi .value").first).to_be_visible()
    await owner.get_by_role("button", name="You, colours, log out").click()
    await owner.get_by_text("Log out").click()
    await expect(owner.get_by_role("link", name="Log in with Discord").first).to_be_visible()
    await owner.go_back()
    await expect(owner.get_by_role("link", name="Log in with Discord").first).to_be_visible()
    await expect(owner.locator(".kpi")).to_have_count(0)
