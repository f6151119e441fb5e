"""The command palette: found and opened with the keyboard alone."""

from playwright.async_api import Page, expect

from herwa_web import texts
from tests.browser.conftest import SERVER_NAME, ReplayedServer
from tests.browser.overview_page import open_overview


async def test_palette_finds_a_page_and_a_server_with_the_keyboard(owner: Page, server: ReplayedServer):
    await open_overview(owner, server)
    await owner.keyboard.press("Control+k")
    search = owner.get_by_role("textbox", name=texts.SEARCH_EVERYTHING)
    await expect(search).to_be_focused()
    await owner.keyboard.type("feat")
    await owner.keyboard.press("Enter")
    await expect(owner).to_have_title(texts.build_page_title(SERVER_NAME, texts.FEATURES))
    await owner.keyboard.press("Control+k")
    await owner.keyboard.press("Escape")
    await expect(search).to_be_hidden()
