"""The command palette: found and opened with the keyboard alone."""

import re

import pytest
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


OPEN_AND_READ_FOCUS_SCRIPT = """() => {
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, cancelable: true }));
    return document.activeElement.matches("#palette [data-search]");
}"""


@pytest.mark.slow
async def test_palette_has_the_focus_before_the_next_key(owner: Page, server: ReplayedServer):
    await open_overview(owner, server)
    assert await owner.evaluate(OPEN_AND_READ_FOCUS_SCRIPT)


OPEN_AND_TYPE_SCRIPT = """text => {
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, cancelable: true }));
    document.execCommand("insertText", false, text);
}"""


async def test_channels_that_are_loaded_after_typing_are_searched_too(owner: Page, server: ReplayedServer):
    server.create_channel("late-club")
    await open_overview(owner, server)
    await owner.evaluate(OPEN_AND_TYPE_SCRIPT, "late-club")
    choices = owner.locator("#palette .choice")
    await expect(choices.filter(has_text="late-club")).to_be_visible()
    await expect(choices.filter(visible=True)).to_have_count(1)


@pytest.mark.slow
async def test_palette_finds_a_range_and_a_channel(owner: Page, server: ReplayedServer):
    channel = server.create_channel("palette-club")
    await open_overview(owner, server)
    for typed, expected in (("28 days", "range=28d"), ("palette-club", f"channel={channel}")):
        await owner.keyboard.press("Control+k")
        await owner.keyboard.type(typed)
        await expect(owner.locator("#palette .choice:visible", has_text=typed)).to_have_count(1)
        await owner.keyboard.press("Enter")
        await expect(owner).to_have_url(re.compile(expected))
