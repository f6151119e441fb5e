"""Home: what its cards say of one's servers, and how one of them is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from herwa_shared.auth.sessions import cookie_name
from herwa_shared.clock import utc_now
from tests.activity import Wrote, record
from tests.browser.chromium import start_chromium
from tests.web.people import People, Somebody
from tests.web.site import Site
from tests.web.tab import HYDRATE_AND_LOAD, tab


async def cards(web: Site, secret: str) -> dict[str, Any]:
    """The cards that somebody gets, by the servers' names."""
    async with tab(web, secret=secret) as visitor:
        await visitor.say(HYDRATE_AND_LOAD, path="/")
        await visitor.until(lambda: '"cards_rx_state_": [{' in visitor.text(), "cards")
        told = [changes for one in visitor.heard for changes in one["delta"].values() if "cards_rx_state_" in changes]
        return {card["name"]: card for card in told[-1]["cards_rx_state_"]}


async def test_a_card_says_how_many_talked_and_how_that_has_changed(web: Site, people: People):
    steady, grown = await people.place(), await people.place()
    hour_ago = utc_now() - timedelta(hours=1)
    await record(people.stores, grown.id, [Wrote(hour_ago, user) for user in (8, 9)])
    owner = await people.somebody(steady, grown)

    found = await cards(web, owner.secret)

    words = {name: (card["number"], card["words"], card["change"]) for name, card in found.items()}
    assert words == {
        steady.canary: ("1", "person talked in 24 hours", "as before"),
        grown.canary: ("3", "people talked in 24 hours", "▲ 200%"),
    }


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright)
        opened = await browser.new_page()
        opened.set_default_timeout(60_000)
        yield opened
        await browser.close()


async def open_as(page: Page, web: Site, who: Somebody, path: str = "/") -> None:
    """The page at this path, as somebody who is logged in."""
    address = f"http://localhost:{web.port}"
    await page.context.add_cookies([{"name": cookie_name(web.settings), "value": who.secret, "url": address}])
    await page.goto(address + path)


async def test_a_server_is_found_by_its_name_alone(web: Site, people: People, page: Page):
    first, second = await people.place(), await people.place()
    await open_as(page, web, await people.somebody(first, second))
    shown, unfound = page.locator(".card:visible"), page.get_by_text("None of your servers is called that.")
    await expect(shown).to_have_count(2, timeout=60_000)
    await expect(unfound).to_be_hidden()

    await page.keyboard.press("/")
    await page.keyboard.type(first.canary.replace("Canary", "c\N{LATIN SMALL LETTER A WITH ACUTE}nary"))
    await expect(shown).to_have_count(1)
    await expect(shown).to_contain_text(first.canary)

    await page.get_by_role("searchbox").fill("talked")
    await expect(shown).to_have_count(0)
    await expect(unfound).to_be_visible()

    await page.keyboard.press("Escape")
    await expect(shown).to_have_count(2)
    await expect(unfound).to_be_hidden()


async def test_an_open_page_whose_session_ends_forgets_what_it_showed(web: Site, people: People, page: Page):
    where = await people.place()
    owner = await people.somebody(where)
    await open_as(page, web, owner, f"/g/{where.id}")
    await expect(page.get_by_role("heading", name=where.canary)).to_be_visible(timeout=60_000)

    await people.log_out(owner)

    await expect(page.get_by_role("heading", name="Log in to see this page")).to_be_visible(timeout=60_000)
    assert where.canary not in await page.content()


async def test_a_browser_that_keeps_the_cookie_of_a_session_that_is_over_gets_the_first_page(
    web: Site, people: People, page: Page
):
    visitor = await people.somebody()
    await people.log_out(visitor)
    await open_as(page, web, visitor)
    await expect(page.get_by_role("link", name="Log in with Discord").first).to_be_visible(timeout=60_000)
