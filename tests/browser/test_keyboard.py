"""Everything by keyboard: menus, search fields, shortcuts and their switch."""

import re

from playwright.async_api import Page, expect

from herwa_shared.analytics.date_ranges import DateRangePreset
from herwa_web import texts
from tests.browser.conftest import SERVER_NAME, ReplayedServer
from tests.browser.overview_page import open_overview


async def test_arrows_home_and_end_move_in_a_menu_and_escape_returns_to_its_button(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, range="7d")
    button, choices = page.get_by_role("button", name=re.compile(f"^{texts.DATES}:")), page.locator("#dates .choice")
    await button.focus()
    await page.keyboard.press("Enter")
    current = page.locator("#dates .choice[aria-current=true]")
    await expect(current).to_have_text(re.compile(f"^{DateRangePreset.WEEK.label}"))
    await expect(current).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#dates .choice[aria-current=true] + .choice")).to_be_focused()
    for key, choice in (("Home", choices.first), ("ArrowUp", choices.last), ("ArrowDown", choices.first)):
        await page.keyboard.press(key)
        await expect(choice).to_be_focused()
    await page.keyboard.press("End")
    await expect(choices.last).to_be_focused()
    url = page.url
    await page.keyboard.press("Escape")
    await expect(page.locator("#dates")).to_be_hidden()
    await expect(button).to_be_focused()
    assert page.url == url


async def test_enter_opens_the_first_match_of_a_search(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server)
    name = await page.locator("#channels .bar .name").nth(1).inner_text()
    await page.keyboard.press("/")
    await expect(page.get_by_role("textbox", name=texts.FIND_CHANNEL)).to_be_focused()
    await expect(page.locator("#filter .choice", has_text=name).first).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#filter .choice").first).to_be_focused()
    await page.keyboard.type(name)
    await expect(page.get_by_role("textbox", name=texts.FIND_CHANNEL)).to_have_value(name)
    await page.keyboard.press("Enter")
    await expect(page.locator(".chip")).to_contain_text(name)
    await expect(page.locator("#filter")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.locator(".chip")).to_have_count(0)


async def test_server_is_found_and_opened_by_keyboard_alone(owner: Page, server: ReplayedServer):
    await owner.goto(server.base_url)
    await owner.locator("a.card").first.wait_for()
    await owner.keyboard.press("/")
    await owner.keyboard.type(SERVER_NAME[:6])
    await owner.keyboard.press("Enter")
    await expect(owner.get_by_role("heading", name=SERVER_NAME)).to_be_visible()
    await owner.keyboard.press("s")
    await expect(owner.locator("#switcher")).to_be_visible()
    await owner.keyboard.type(SERVER_NAME[:6])
    await expect(owner.locator("#switcher .choice:visible")).to_have_count(1)


async def test_shortcuts_can_be_switched_off_permanently(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server)
    url, switch = page.url, page.get_by_role("switch", name=texts.SHORTCUTS)
    await page.locator(".rail-foot").get_by_role("button").last.click()
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(switch).not_to_be_checked()
    await page.keyboard.press("Escape")
    for _ in range(2):
        for key in ("w", "x", "c", "?", "/", "1"):
            await page.keyboard.press(key)
        await expect(page.locator(".sheet:popover-open")).to_have_count(0)
        assert page.url == url
        await page.reload()
        await expect(page.locator(".kpi[aria-current=true] .value")).to_be_visible()
    await page.locator(".rail-foot").get_by_role("button").last.click()
    await expect(switch).not_to_be_checked()
    await switch.click()
    await page.keyboard.press("Escape")
    await page.keyboard.press("w")
    await expect(page).to_have_url(re.compile("range=7d"))


async def test_every_listed_shortcut_exists(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server)
    await page.locator("#channels a.bar").first.click()
    await expect(page.locator(".chip")).to_be_visible()
    names = {"Esc": "Escape", "\N{LEFTWARDS ARROW}": "ArrowLeft", "\N{RIGHTWARDS ARROW}": "ArrowRight"}
    listed = " ".join(await page.locator("#keys .key").all_text_contents()).split()
    assert len(listed) > 20
    present = await page.locator("[data-key]").evaluate_all("(all) => all.map((element) => element.dataset.key)")
    assert {names.get(key, key) for key in listed} - set(texts.SEARCH_KEYS.split()) <= set(present)
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette")).to_be_visible()
