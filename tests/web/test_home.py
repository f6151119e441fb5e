"""The home page: the cards of the user's servers, the search, and ended sessions."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from herwa_shared.analytics.comparison import Change
from herwa_shared.auth.sessions import get_cookie_name
from herwa_shared.charts.text.changes import format_change
from herwa_shared.clock import utc_now
from herwa_web import texts
from tests.support.chromium import start_chromium
from tests.support.row_factories import EventRow, insert_events
from tests.web.dashboard_factory import DashboardFactory, LoggedInUser
from tests.web.reflex_client import HYDRATE_AND_LOAD, connect_client
from tests.web.web_server import WebServer


async def load_cards(web: WebServer, session_token: str) -> dict[str, Any]:
    """Load the home page; return its cards by server name."""
    async with connect_client(web, session_token=session_token) as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path="/")
        await visitor.wait_until(lambda: '"cards_rx_state_": [{' in visitor.dump_received(), "cards")
        card_changes = [
            changes
            for message in visitor.received
            for changes in message["delta"].values()
            if "cards_rx_state_" in changes
        ]
        return {card["name"]: card for card in card_changes[-1]["cards_rx_state_"]}


async def test_card_shows_active_members_and_their_change(web: WebServer, factory: DashboardFactory):
    steady_server, grown_server = await factory.create_server(), await factory.create_server()
    hour_ago = utc_now() - timedelta(hours=1)
    await insert_events(factory.stores, grown_server.id, [EventRow(hour_ago, user) for user in (8, 9)])
    owner = await factory.create_user(steady_server, grown_server)

    cards_by_name = await load_cards(web, owner.session_token)

    shown = {name: (card["value"], card["caption"], card["change"]) for name, card in cards_by_name.items()}
    assert shown == {
        steady_server.canary: ("1", texts.describe_active_members(1), format_change(Change(1, 1))),
        grown_server.canary: ("3", texts.describe_active_members(3), format_change(Change(3, 1))),
    }


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of a real browser."""
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright)
        browser_page = await browser.new_page()
        browser_page.set_default_timeout(60_000)
        yield browser_page
        await browser.close()


async def open_as(page: Page, web: WebServer, user: LoggedInUser, path: str = "/") -> None:
    """Open the path as this user."""
    origin = f"http://localhost:{web.port}"
    await page.context.add_cookies(
        [{"name": get_cookie_name(web.settings), "value": user.session_token, "url": origin}]
    )
    await page.goto(origin + path)


async def test_search_finds_servers_only_by_name(web: WebServer, factory: DashboardFactory, page: Page):
    first_server, second_server = await factory.create_server(), await factory.create_server()
    await open_as(page, web, await factory.create_user(first_server, second_server))
    visible_cards, no_match = page.locator(".card:visible"), page.locator(".unfound")
    await expect(visible_cards).to_have_count(2, timeout=60_000)
    await expect(no_match).to_be_hidden()

    await page.keyboard.press("/")
    await page.keyboard.type(first_server.canary.replace("Canary", "c\N{LATIN SMALL LETTER A WITH ACUTE}nary"))
    await expect(visible_cards).to_have_count(1)
    await expect(visible_cards).to_contain_text(first_server.canary)

    await page.get_by_role("searchbox").fill("active")
    await expect(visible_cards).to_have_count(0)
    await expect(no_match).to_have_text(f"{texts.NO_MATCH_START}active{texts.NO_MATCH_END}")

    await page.keyboard.press("Escape")
    await expect(visible_cards).to_have_count(2)
    await expect(no_match).to_be_hidden()


async def test_open_page_clears_its_data_when_the_session_ends(web: WebServer, factory: DashboardFactory, page: Page):
    server = await factory.create_server()
    owner = await factory.create_user(server)
    await open_as(page, web, owner, f"/g/{server.id}")
    await expect(page.get_by_role("heading", name=server.canary)).to_be_visible(timeout=60_000)

    await factory.log_out(owner)

    await expect(page.get_by_role("heading", name=texts.LOGIN_REASONS["expired"][0])).to_be_visible(timeout=60_000)
    assert server.canary not in await page.content()


async def test_cookie_of_an_ended_session_gets_the_landing_page(web: WebServer, factory: DashboardFactory, page: Page):
    visitor = await factory.create_user()
    await factory.log_out(visitor)
    await open_as(page, web, visitor)
    await expect(page.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD).first).to_be_visible(timeout=60_000)
