"""The page to be a member on, in a real browser: what is written, run and clicked shows, and no name becomes code."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.chromium import start_chromium
from tests.sim.bot import until
from tests.sim.commands import Letter

expect.set_options(timeout=60_000)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        yield await start_chromium(playwright)


@pytest.fixture
async def page(sim, place, browser) -> AsyncIterator[Page]:
    """The member's page of the test's channel; nothing may be wrong in it at the end."""
    wrong: list[str] = []
    async with await browser.new_context(viewport={"width": 1000, "height": 700}) as context:
        context.set_default_timeout(60_000)
        shown = await context.new_page()
        shown.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
        await shown.goto(f"{sim.url}/who")
        await shown.get_by_text("Somebody else").click()
        name = (await asyncio.to_thread(sim.client.guild, place.guild))["member_list"][-1]["name"]
        await shown.get_by_label("Search people").fill(name)
        await shown.locator("#found .choice").filter(has_text=name).first.click()
        await shown.get_by_role("button", name="Enter").click()
        await expect(shown.locator("body[data-live]")).to_be_visible()
        yield shown
    assert not wrong


async def test_a_member_writes_answers_and_reacts(page, place, bot):
    await page.get_by_placeholder("Message #general").fill(f"Hello {HOSTILE}")
    await page.keyboard.press("Enter")
    said = page.locator("article", has_text=f"Hello {HOSTILE}")
    await expect(said).to_be_visible()
    await until(lambda: any(one.author.id == place.member for one in bot.messages))
    await said.hover()
    await said.get_by_role("button", name="React with 🌱").click()
    await expect(said.locator(".count.mine")).to_have_text("🌱1")
    await said.hover()
    await said.get_by_role("button", name="Reply").click()
    await page.keyboard.type("and good night")
    await page.keyboard.press("Enter")
    await expect(page.locator("article .reference")).to_contain_text("Hello")


async def test_a_command_shows_its_picture_and_its_buttons_work(page, bot):
    await page.get_by_role("textbox").fill("/stats")
    await page.locator("#palette details:visible").first.wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Run").click()
    picture = page.get_by_alt_text("A line that goes up")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    await page.get_by_role("button", name="Explain").click()
    await expect(page.locator("article.hidden")).to_contain_text("Only you can see this")
    await page.get_by_role("button", name="30 days").click()
    await expect(page.locator("article", has_text="30 days")).to_be_visible()


async def test_a_form_comes_up_and_is_sent(page, bot):
    await page.get_by_role("textbox").fill("/note")
    await page.locator("#palette details:visible").first.wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Run").click()
    await page.get_by_label("Note").fill("water the fern")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.locator("article.hidden")).to_contain_text("water the fern")


async def test_what_others_do_shows_by_itself(sim, page, place):
    hostile = await asyncio.to_thread(sim.client.join, place.guild, HOSTILE)
    lounge = await asyncio.to_thread(sim.client.create_channel, place.guild, "Lounge", type_=2)
    await asyncio.to_thread(sim.client.move, place.guild, hostile, lounge)
    await asyncio.to_thread(sim.client.say, place.channel, hostile, content=f"**News** {HOSTILE}")
    await expect(page.locator(".sitting")).to_contain_text(HOSTILE)
    await expect(page.locator("article")).to_contain_text(f"News {HOSTILE}")
    await page.get_by_role("button", name="Lounge").click()
    await expect(page.get_by_text("Voice connected")).to_be_visible()


async def test_a_direct_message_is_announced_read_and_answered(page, place, bot):
    await (await bot.fetch_user(place.member)).send(f"May {HOSTILE} use **Ticket stats**?", view=Letter())
    await page.get_by_role("link", name="Direct messages, 1 unread").click()
    await expect(page.locator("article")).to_contain_text(f"May {HOSTILE} use Ticket stats?")
    await page.get_by_role("button", name="Allow").click()
    await expect(page.locator("article")).to_contain_text("in DMChannel None True")
    await expect(page.get_by_role("link", name="Direct messages", exact=True)).to_be_visible()


async def test_a_role_is_named_and_the_answer_confirmed_with_a_note(page, bot):
    await page.get_by_role("textbox").fill("/rules allow")
    await page.locator("#palette details:visible").first.wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_label("what").fill("chart")
    await page.get_by_role("button", name="charts").click()
    await page.get_by_label("who").fill("@every")
    await page.get_by_role("button", name="@everyone").click()
    await page.get_by_role("button", name="Run").click()
    await page.get_by_role("button", name="With a note").click()
    await page.get_by_label("Reason").fill("They asked kindly")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.locator("article.hidden")).to_contain_text("Done: They asked kindly")
    await page.get_by_role("button", name="Dismiss message").click()
    await expect(page.locator("article.hidden")).to_have_count(0)


async def test_on_a_phone_the_channels_come_when_asked_and_nothing_is_cut_off(page):
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.locator("aside")).not_to_be_in_viewport()
    await page.get_by_role("button", name="Servers and channels").click()
    await expect(page.locator("aside")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
