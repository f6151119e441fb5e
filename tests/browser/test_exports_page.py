"""The exports page in the browser: what an export would hold, its progress, and the file that is downloaded."""

import zipfile

from playwright.async_api import Page, expect

from herwa_web import texts as web_texts
from herwa_web.pages.exports import texts
from tests.browser.conftest import SUMMER, ReplayedServer


async def test_export_is_previewed_started_and_downloaded(owner: Page, server: ReplayedServer, tmp_path):
    await owner.goto(f"{server.base_url}/g/{server.guild_id}/exports")
    await expect(owner.get_by_role("heading", name=web_texts.EXPORTS, level=1)).to_be_visible()
    await expect(owner.get_by_text(texts.NO_EXPORTS)).to_be_visible()
    await owner.get_by_role("button", name=texts.NEW_EXPORT).click()
    form = owner.get_by_role("region", name=texts.NEW_EXPORT)
    await expect(form.locator(".export-bars li")).not_to_have_count(0)
    await owner.goto(server.build_url())
    await owner.get_by_role("link", name=web_texts.EXPORT_VIEW).click()
    await expect(form.get_by_label(texts.FIRST_DAY)).to_have_value(SUMMER[0])
    await expect(form.get_by_role("checkbox", name=texts.DATA_SETS["messages"][0])).to_be_checked()
    await expect(form.get_by_role("checkbox", name=texts.DATA_SETS["voice"][0])).not_to_be_checked()
    await expect(form.locator(".export-bars li")).to_have_count(1)
    parquet = form.get_by_role("radio", name=texts.FORMATS["parquet"][0])
    await parquet.click()
    await expect(parquet).to_be_checked()
    await form.get_by_role("button", name=texts.START).click()
    title = texts.format_title(["messages"])
    download_button = owner.get_by_role("button", name=f"{texts.DOWNLOAD}: {title}")
    await expect(download_button).to_be_visible()
    async with owner.expect_download() as download:
        await download_button.click()
    path = tmp_path / "export.zip"
    await (await download.value).save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert any(name.startswith("messages/messages_hours-2021-05") for name in archive.namelist())
    await owner.get_by_role("button", name=f"{texts.DELETE}: {title}").click()
    await owner.get_by_role("button", name=texts.DELETE, exact=True).click()
    await expect(owner.get_by_text(texts.STATES["deleted"], exact=True)).to_be_visible()
