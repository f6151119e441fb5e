"""The pages for acting as a member, in a real browser; hostile names are never executed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from herwa_sim.texts import channel as texts
from herwa_sim.texts import users
from tests.sim.commands import DirectMessageView
from tests.sim.recording_bot import wait_until
from tests.support.chromium import start_chromium

expect.set_options(timeout=60_000)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium for all tests of this module."""
    async with async_playwright() as playwright:
        yield await start_chromium(playwright)


@pytest.fixture
async def page(sim, server, browser) -> AsyncIterator[Page]:
    """The channel's page, logged in as the member.

    Fails at the end if the page opened a dialog or logged an error.
    """
    errors: list[str] = []
    async with await browser.new_context(viewport={"width": 1000, "height": 700}) as context:
        context.set_default_timeout(60_000)
        browser_page = await context.new_page()
        browser_page.on("dialog", lambda dialog: errors.append(f"a dialog: {dialog.message}"))
        browser_page.on("pageerror", lambda error: errors.append(str(error)))
        browser_page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await browser_page.goto(f"{sim.url}/who")
        await browser_page.get_by_text(users.OTHER_USERS).click()
        name = (await asyncio.to_thread(sim.client.get_guild, server.id))["member_list"][-1]["name"]
        await browser_page.get_by_label(users.SEARCH_LABEL).fill(name)
        await browser_page.locator("#found .choice").filter(has_text=name).first.click()
        await browser_page.get_by_role("button", name=users.CONTINUE).click()
        await expect(browser_page.locator("body[data-live]")).to_be_visible()
        yield browser_page
    assert not errors


async def test_a_member_writes_replies_and_reacts(page, server, bot):
    await page.get_by_placeholder(texts.format_message_placeholder("#general")).fill(f"Hello {HOSTILE}")
    await page.keyboard.press("Enter")
    article = page.locator("article", has_text=f"Hello {HOSTILE}")
    await expect(article).to_be_visible()
    await wait_until(lambda: any(message.author.id == server.member for message in bot.messages))
    await article.hover()
    await article.get_by_role("button", name=texts.format_react_with("🌱")).click()
    await expect(article.locator(".count.mine")).to_have_text("🌱1")
    await article.hover()
    await article.get_by_role("button", name=texts.REPLY).click()
    await page.keyboard.type("and good night")
    await page.keyboard.press("Enter")
    await expect(page.locator("article .reference")).to_contain_text("Hello")


async def test_command_shows_its_image_and_its_buttons_work(page, bot):
    await page.get_by_role("textbox").fill("/stats")
    await page.locator("#palette details:visible").first.wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=texts.RUN).click()
    image = page.get_by_alt_text("A line that goes up")
    await expect(image).to_be_visible()
    assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    await page.get_by_role("button", name="Explain").click()
    await expect(page.locator("article.hidden")).to_contain_text(texts.ONLY_YOU.strip(" ·"))
    await page.get_by_role("button", name="30 days").click()
    await expect(page.locator("article", has_text="30 days")).to_be_visible()


async def test_form_opens_and_is_submitted(page, bot):
    await page.get_by_role("textbox").fill("/note")
    await page.locator("#palette details:visible").first.wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=texts.RUN).click()
    await page.get_by_label("Note").fill("water the fern")
    await page.get_by_role("button", name=texts.SUBMIT).click()
    await expect(page.locator("article.hidden")).to_contain_text("water the fern")


async def test_page_updates_with_actions_of_others(sim, page, server):
    hostile_member = await asyncio.to_thread(sim.client.join, server.id, HOSTILE)
    lounge = await asyncio.to_thread(sim.client.create_channel, server.id, "Lounge", type_=2)
    await asyncio.to_thread(sim.client.move_member, server.id, hostile_member, lounge)
    await asyncio.to_thread(sim.client.send_message, server.channel, hostile_member, content=f"**News** {HOSTILE}")
    await expect(page.locator(".sitting")).to_contain_text(HOSTILE)
    await expect(page.locator("article")).to_contain_text(f"News {HOSTILE}")
    await page.get_by_role("button", name="Lounge").click()
    await expect(page.get_by_text(texts.VOICE_CONNECTED)).to_be_visible()


async def test_direct_message_shows_as_unread_and_its_button_works(page, server, bot):
    await (await bot.fetch_user(server.member)).send(f"May {HOSTILE} use **Ticket stats**?", view=DirectMessageView())
    await page.get_by_role("link", name=texts.format_direct_messages(1)).click()
    await expect(page.locator("article")).to_contain_text(f"May {HOSTILE} use Ticket stats?")
    await page.get_by_role("button", name="Allow").click()
    await expect(page.locator("article")).to_contain_text("in DMChannel None True")
    await expect(page.get_by_role("link", name=texts.DIRECT_MESSAGES, exact=True)).to_be_visible()


async def test_mentionable_is_chosen_and_the_change_is_confirmed_with_a_note(page, bot):
    await page.get_by_role("textbox").fill("/rules allow")
    await page.locator("#palette details:visible").first.wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_label("what").fill("chart")
    await page.get_by_role("button", name="charts").click()
    await page.get_by_label("who").fill("@every")
    await page.get_by_role("button", name="@everyone").click()
    await page.get_by_role("button", name=texts.RUN).click()
    await page.get_by_role("button", name="With a note").click()
    await page.get_by_label("Reason").fill("They asked kindly")
    await page.get_by_role("button", name=texts.SUBMIT).click()
    await expect(page.locator("article.hidden")).to_contain_text("Done: They asked kindly")
    await page.get_by_role("button", name=texts.DISMISS).click()
    await expect(page.locator("article.hidden")).to_have_count(0)


async def test_channels_open_on_demand_on_a_phone_without_overflow(page):
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.locator("aside")).not_to_be_in_viewport()
    await page.get_by_role("button", name=texts.SERVERS_AND_CHANNELS).click()
    await expect(page.locator("aside")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
