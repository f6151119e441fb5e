"""A visitor without a log-in reports a leaked key on its page, and the key ends."""

import asyncio

from playwright.async_api import Page, expect

from herwa_api import texts as api_texts
from herwa_web.pages.leaked_key import texts
from tests.browser.conftest import ReplayedServer


async def test_visitor_reports_a_leaked_key(visitor: Page, server: ReplayedServer):
    arguments = ("keys", "create", "--guild", server.guild_id, "--name", "leak")
    key = (await asyncio.to_thread(server.copy.run_command, *arguments)).stdout.strip()
    await visitor.goto(server.base_url)
    await visitor.get_by_role("link", name=texts.TITLE).click()
    await expect(visitor.get_by_role("heading", name=texts.TITLE)).to_be_visible()
    await visitor.get_by_label(texts.LABEL).fill(f"curl -H 'Authorization: Bearer {key}'")
    await visitor.get_by_role("button", name=texts.REVOKE).click()
    await expect(visitor.get_by_role("heading", name=api_texts.LEAK_REVOKED_TITLE)).to_be_visible()
    response = await visitor.request.get(f"{server.base_url}/api/me", headers={"Authorization": f"Bearer {key}"})
    assert response.status == 401
    await visitor.get_by_role("link", name=api_texts.REPORT_ANOTHER_KEY).click()
    await expect(visitor.get_by_label(texts.LABEL)).to_be_empty()
