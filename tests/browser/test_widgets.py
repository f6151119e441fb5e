"""Widgets in a real browser: an owner builds one, and a page of another origin embeds it in all five forms."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from herwa_web import texts as web_texts
from herwa_web.pages.widgets import texts
from herwa_web.saving import texts as saving_texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.test_accessibility import list_violations
from tests.support.chromium import DESKTOP_VIEWPORT, PHONE_VIEWPORT
from tests.support.embedding_site import EmbeddingSite, open_embedding_site

PATH = "/widgets"
PEOPLE = 6
PICTURES = os.environ.get("HERWA_PICTURES")
"""A folder for screenshots, for people who look at them."""


@pytest.fixture
async def site() -> AsyncIterator[EmbeddingSite]:
    async with open_embedding_site() as opened:
        yield opened


async def open_widgets(page: Page, server: ReplayedServer) -> None:
    await page.goto(f"{server.base_url}/g/{server.guild_id}{PATH}")
    await expect(page.get_by_role("heading", name=texts.PUBLIC_PAGE)).to_be_visible()


async def build_widget(page: Page, site: EmbeddingSite) -> None:
    """Build a visible widget that this site may embed; it remains to be saved."""
    await page.get_by_role("button", name=texts.NEW_WIDGET).click()
    await expect(page.get_by_role("heading", name=texts.TITLE, exact=True)).to_be_visible()
    await page.get_by_role("switch", name=texts.FIELDS["is_on"]).click()
    await page.get_by_role("textbox", name=texts.FIELDS["sites"]).fill(site.origin)
    await page.get_by_role("button", name=texts.ADD_SITE, exact=True).click()


async def open_built_widget(page: Page, server: ReplayedServer, site: EmbeddingSite) -> None:
    """Open a saved widget; build one unless another test has done so."""
    await open_widgets(page, server)
    if not await page.get_by_role("region", name=texts.PREVIEW).count():
        await build_widget(page, site)
        await save(page)


async def save(page: Page) -> None:
    bar = page.get_by_role("region", name=saving_texts.UNSAVED_CHANGES)
    await bar.get_by_role("button", name=saving_texts.SAVE).click()
    await expect(page.get_by_text(texts.format_saved(1)).first).to_be_visible()


async def take_picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES, f"{name}.png")), full_page=True)


async def read_snippets(page: Page) -> list[str]:
    buttons = await page.get_by_role("region", name=texts.CODE).get_by_role("button").all()
    return [await button.get_attribute("data-copy") or "" for button in buttons]


def let_people_write(server: ReplayedServer) -> None:
    """Let new members write two messages each."""
    channel = server.create_channel("widgets")
    with closing(server.copy.open_sim_client()) as sim:
        for number in range(PEOPLE):
            author = sim.join(int(server.guild_id), f"Visitor {number}")
            for word in range(2):
                sim.send_message(int(channel), author, content=f"word {word}")
    server.copy.drain()


async def load_totals(owner: Page, server: ReplayedServer, numbers: dict) -> list[int]:
    """Load the numbers of the widget's window from the statistics of the API."""
    metrics = ",".join(metric["metric"] for metric in numbers["metrics"])
    window = {"from": numbers["from"], "to": numbers["to"], "metric": metrics}
    response = await owner.request.get(f"{server.base_url}/api/guilds/{server.guild_id}/stats", params=window)
    return [series["total"] for series in (await response.json())["series"]]


async def test_owner_builds_a_widget_that_another_site_embeds_in_every_form(
    owner: Page, browser: Browser, server: ReplayedServer, site: EmbeddingSite
):
    await open_widgets(owner, server)
    await expect(owner).to_have_title(re.compile(web_texts.WIDGETS))
    await build_widget(owner, site)
    await asyncio.to_thread(let_people_write, server)
    await owner.get_by_role("button", name=texts.DAYS["7"]).click()
    bar = owner.get_by_role("region", name=saving_texts.UNSAVED_CHANGES)
    await expect(bar).to_contain_text(site.origin)
    await expect(bar).to_contain_text("becomes visible")
    await take_picture(owner, "builder")
    await save(owner)
    script, iframe, svg, png, json_url = await read_snippets(owner)
    fetched = f"<pre id=json></pre><script>fetch('{json_url}').then(r=>r.text()).then(t=>json.textContent=t)</script>"
    site.pages["/"] = f"<!doctype html><title>Shop</title>{script}<hr>{iframe}<hr>{svg}<hr>{png}<hr>{fetched}"
    async with open_page(browser) as page:
        await page.goto(site.origin)
        await expect(page.locator("#json")).to_contain_text("metrics", timeout=20_000)
        numbers = json.loads(await page.locator("#json").text_content() or "")
        shown = [metric["text"] for metric in numbers["metrics"]]
        assert numbers["name"] == "Ethereum R&D"
        assert [metric["value"] for metric in numbers["metrics"]] == await load_totals(owner, server, numbers)
        assert numbers["metrics"][0]["value"] >= PEOPLE
        frame = page.frame_locator("iframe")
        for text in shown:
            await expect(page.locator("herwa-card svg").get_by_text(text, exact=True).first).to_be_attached()
            await expect(frame.locator("svg").get_by_text(text, exact=True).first).to_be_attached()
        for suffix in (".svg", ".png"):
            image = page.locator(f"img[src$='{suffix}']")
            await expect(image).to_have_js_property("complete", True)
            assert await image.evaluate("image => image.naturalWidth") > 300
            assert await image.get_attribute("alt") == "Ethereum R&D on Discord"
        await page.set_viewport_size({"width": 240, "height": 800})
        frame_box = await page.locator("iframe").bounding_box()
        card_box = await frame.locator("svg").bounding_box()
        assert frame_box is not None
        assert card_box is not None
        assert abs(frame_box["height"] - card_box["height"]) < 2, "a narrow iframe is as high as its card"
        await take_picture(page, "embedded")
        assert await page.context.cookies() == []


@pytest.mark.slow
async def test_other_sites_get_a_blank_frame_and_a_reason_in_the_console(
    owner: Page, browser: Browser, server: ReplayedServer, site: EmbeddingSite
):
    await open_built_widget(owner, server, site)
    script, iframe, *_ = await read_snippets(owner)
    async with open_embedding_site("localhost") as stranger:
        stranger.pages["/"] = f"<!doctype html><title>Stranger</title>{script}{iframe}"
        messages: list[str] = []
        async with open_page(browser) as page:
            page.on("console", lambda message: messages.append(message.text))
            await page.goto(stranger.origin)
            await wait_for_messages(messages, "frame-ancestors", "herwa-card: the widget cannot be read")
            assert await page.locator("herwa-card svg").count() == 0
            for frame in page.frames[1:]:
                assert await frame.locator("svg").count() == 0


async def wait_for_messages(messages: list[str], *parts: str) -> None:
    for _ in range(100):
        if all(any(part in message for message in messages) for part in parts):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(messages)


@pytest.mark.slow
async def test_embedded_forms_survive_a_strict_policy_of_the_site(
    owner: Page, browser: Browser, server: ReplayedServer, site: EmbeddingSite
):
    await open_built_widget(owner, server, site)
    await owner.get_by_role("button", name=f"{texts.REMOVE_SITE} http").first.click()
    await save(owner)
    script, iframe, svg, *_ = await read_snippets(owner)
    site.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {server.base_url}; connect-src {server.base_url}; "
        f"frame-src {server.base_url}; img-src {server.base_url}"
    )
    site.pages["/"] = f"<!doctype html><title>Strict</title>{script}{iframe}{svg}"
    violations: list[ConsoleMessage] = []
    async with open_page(browser) as page:
        page.on("console", lambda message: violations.append(message) if "Security Policy" in message.text else None)
        await page.goto(site.origin)
        await expect(page.locator("herwa-card svg text").first).to_be_attached()
        fill = await page.locator("herwa-card svg text").first.evaluate("text => getComputedStyle(text).fill")
        assert fill.startswith("rgb(")
    # The style attributes of the snippets are the only part that such a site leaves out.
    assert all("style" in message.text for message in violations)


@pytest.mark.slow
async def test_builder_warns_of_colors_and_fits_a_phone(
    owner: Page, browser: Browser, server: ReplayedServer, site: EmbeddingSite
):
    await open_built_widget(owner, server, site)
    await owner.get_by_label(texts.FIELDS["accent"], exact=True).fill("#ffffaa")
    await expect(owner.get_by_role("region", name=texts.PREVIEW).get_by_role("status").first).to_contain_text("light")
    await owner.get_by_role("button", name=texts.TEMPLATES["chart"][0], exact=True).click()
    await owner.get_by_role("button", name=texts.SIZES["large"]).click()
    await take_picture(owner, "chart")
    await owner.get_by_role("button", name=saving_texts.DISCARD, exact=True).click()
    state = await owner.context.storage_state()
    for scheme in ("light", "dark"):
        async with open_page(browser, viewport=PHONE_VIEWPORT, storage_state=state, color_scheme=scheme) as page:
            await open_widgets(page, server)
            await expect(page.get_by_role("region", name=texts.PREVIEW)).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await take_picture(page, f"phone-{scheme}")


@pytest.mark.slow
async def test_public_page_is_off_until_it_is_switched_on_and_revoked_widget_is_gone(
    owner: Page, browser: Browser, server: ReplayedServer
):
    await open_widgets(owner, server)
    await owner.get_by_role("button", name=texts.SET_UP_PAGE).click()
    await expect(owner.get_by_text(texts.PAGE_CREATED).first).to_be_visible()
    await expect(owner.get_by_role("link", name=texts.OPEN_PAGE)).to_have_count(0)
    visible = owner.get_by_role("switch", name=texts.FIELDS["is_on"])
    await visible.click()
    await expect(visible).to_be_checked()
    await owner.get_by_role("textbox", name=texts.FIELDS["invite"]).fill("https://discord.gg/abc123")
    await expect(owner.get_by_role("region", name=saving_texts.UNSAVED_CHANGES)).to_contain_text("abc123")
    await save(owner)
    url = await owner.get_by_role("link", name=texts.OPEN_PAGE).get_attribute("href")
    for scheme in ("light", "dark"):
        async with open_page(browser, color_scheme=scheme) as page:
            await page.goto(url or "")
            await expect(page.get_by_role("heading", name="Ethereum R&D")).to_be_visible()
            await expect(page.get_by_role("img", name="Ethereum R&D on Discord")).to_have_count(2)
            for viewport in (DESKTOP_VIEWPORT, PHONE_VIEWPORT):
                await page.set_viewport_size(viewport)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                assert await list_violations(page) == []
            await take_picture(page, f"page-{scheme}")
    await owner.get_by_role("button", name=texts.NEW_WIDGET).click()
    await owner.get_by_role("button", name=re.compile(f"^{texts.REVOKE} ")).first.click()
    await owner.get_by_role("button", name=texts.REVOKE, exact=True).click()
    await expect(owner.locator("summary", has_text=texts.REVOKED_WIDGETS)).to_be_visible()
