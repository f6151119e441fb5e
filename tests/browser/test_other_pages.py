"""API keys, privacy, first steps, dashboard rights and requests in a real browser; checked in Discord or by the API."""

import asyncio
import re
from contextlib import closing

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from herwa_bot.texts import history as history_texts
from herwa_web import texts
from herwa_web.components.account_menu import ACCOUNT_URL
from herwa_web.pages.account import texts as account_texts
from herwa_web.pages.audit import texts as audit_texts
from herwa_web.pages.channel_lists import texts as list_texts
from herwa_web.pages.keys import texts as key_texts
from herwa_web.pages.privacy import texts as privacy_texts
from herwa_web.pages.rules import texts as rule_texts
from herwa_web.pages.start import texts as start_texts
from herwa_web.saving import texts as saving_texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.governed_server import GovernedServer, create_governed_server, open_governed_page, request_access
from tests.support.chromium import PHONE_VIEWPORT, log_in
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
async def governed(server: ReplayedServer) -> GovernedServer:
    return await asyncio.to_thread(create_governed_server, server, "Other Club")


def run_command(governed: GovernedServer, user: int, command: str) -> str:
    with closing(governed.copy.open_sim_client()) as sim:
        return sim.run_command(governed.channel, user, command).messages[0].content


async def create_key(page: Page, governed: GovernedServer, name: str, *, kind: str = "live") -> tuple[str, str]:
    """Create a key with the form; return its secret and the URL of the example that the page shows with it."""
    await open_governed_page(page, governed, "/keys")
    await page.get_by_role("button", name=key_texts.NEW_KEY).click()
    await page.get_by_label(key_texts.NAME, exact=True).fill(name)
    await page.get_by_role("radio", name=re.compile(f"^{key_texts.KINDS[kind][0]}")).check()
    await page.get_by_role("button", name=key_texts.CREATE).click()
    await page.locator(".secret").wait_for()
    secret, command = await page.locator(".secret code").all_inner_texts()
    url = re.search(r"'(http[^']+)'", command)
    assert url
    return secret, url[1]


async def fetch(secret: str, url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.get(url, headers={"Authorization": f"Bearer {secret}"})


async def test_owner_creates_a_key_reads_messages_with_it_and_revokes_it(owner: Page, governed: GovernedServer):
    secret, url = await create_key(owner, governed, "weekly report")
    response = await fetch(secret, url)
    assert (response.status_code, response.json()["metric"]) == (200, "messages")
    await owner.get_by_role("button", name=key_texts.DONE).click()
    await expect(owner.get_by_text(secret)).to_have_count(0)
    await owner.get_by_role("button", name=key_texts.format_action_label(key_texts.REVOKE, "weekly report")).click()
    await owner.get_by_role("button", name=key_texts.REVOKE, exact=True).click()
    await expect(owner.get_by_text(key_texts.KEY_REVOKED).first).to_be_visible()

    async def is_refused() -> bool:
        return (await fetch(secret, url)).status_code == 401

    await wait_until(is_refused, timeout_seconds=2)


async def test_owner_erases_a_member_who_then_sees_no_stored_activity(owner: Page, governed: GovernedServer):
    async def shows_messages() -> bool:
        stored = await asyncio.to_thread(run_command, governed, governed.member, "privacy show")
        return "1 message" in stored

    await wait_until(shows_messages)
    await open_governed_page(owner, governed, "/privacy")
    await owner.get_by_role("combobox", name=privacy_texts.MEMBER, exact=True).select_option(label="Ada")
    await owner.get_by_role("button", name=privacy_texts.CONTINUE).click()
    await expect(owner.get_by_text(privacy_texts.format_question("Ada")).first).to_be_visible()
    await owner.get_by_role("button", name=privacy_texts.ERASE_NOW).click()
    await expect(owner.get_by_text(privacy_texts.format_erased("Ada")).first).to_be_visible()

    async def shows_none() -> bool:
        return not await shows_messages()

    await wait_until(shows_none)


async def test_first_steps_lead_to_the_time_zone_and_start_the_import(owner: Page, governed: GovernedServer):
    await open_governed_page(owner, governed, "/start")
    await owner.get_by_role("button", name=start_texts.START_IMPORT).click()
    await expect(owner.get_by_text(start_texts.IMPORT_STARTED).first).to_be_visible()
    persona = await asyncio.to_thread(find_persona, governed, "owner")
    assert await asyncio.to_thread(run_command, governed, persona, "history status") != history_texts.NOT_STARTED
    await owner.get_by_role("link", name=start_texts.CHOOSE_ZONE).click()
    await expect(owner).to_have_title(texts.build_page_title(governed.name, texts.SETTINGS))


def find_persona(governed: GovernedServer, name: str) -> int:
    with closing(governed.copy.open_sim_client()) as sim:
        return sim.get_snapshot().personas[name]


async def test_user_ends_their_other_sessions(browser: Browser, server: ReplayedServer):
    async with open_page(browser) as page, open_page(browser) as other:
        for visitor in (other, page):
            await log_in(visitor, server.base_url, "operator")
        await page.goto(server.base_url + ACCOUNT_URL)
        await page.get_by_role("button", name=account_texts.END_OTHERS).click()
        await expect(page.get_by_role("button", name=account_texts.END_OTHERS)).to_have_count(0)
        await other.goto(server.base_url + ACCOUNT_URL)
        await expect(other.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD).first).to_be_visible()


@pytest.fixture
async def manager(browser: Browser, server: ReplayedServer):
    """A page on which the manager with a role is logged in, on a phone."""
    async with open_page(browser, viewport=PHONE_VIEWPORT) as page:
        await log_in(page, server.base_url, "manager")
        yield page


@pytest.mark.slow
async def test_manager_creates_a_test_key_and_sees_its_requests(manager: Page, governed: GovernedServer):
    secret, url = await create_key(manager, governed, "trial", kind=key_texts.TEST)
    assert (await fetch(secret, url)).json()["total"] > 0
    assert (await fetch(secret, url.replace("metric=messages", "metric=words"))).status_code == 400
    await manager.get_by_role("button", name=key_texts.DONE).click()
    usage = manager.get_by_role("button", name=key_texts.format_action_label(key_texts.SHOW_REQUESTS, "trial"))

    async def has_requests() -> bool:
        await manager.reload()
        await usage.click()
        rows = manager.get_by_role("region", name=key_texts.LAST_REQUESTS).locator("tbody tr")
        await rows.or_(manager.get_by_text(key_texts.NO_REQUESTS)).first.wait_for()
        return await rows.count() == 2

    await wait_until(has_requests, timeout_seconds=30)


@pytest.mark.slow
async def test_manager_allows_a_request_of_a_member(manager: Page, governed: GovernedServer):
    await asyncio.to_thread(request_access, governed)
    await open_governed_page(manager, governed, "/rules?tab=requests")
    await manager.get_by_role("button", name=rule_texts.ALLOW_DAY).click()
    await expect(manager.get_by_text(rule_texts.REQUEST_ALLOWED).first).to_be_visible()
    await governed.wait_until_in_force("permissions list", allowed=True)


@pytest.mark.slow
async def test_manager_limits_a_command_and_undoes_it_in_the_audit_log(manager: Page, governed: GovernedServer):
    await open_governed_page(manager, governed, "/channels")
    await manager.get_by_role("button", name=list_texts.NEW_LIST).click()
    await manager.get_by_role("combobox", name=list_texts.WHAT, exact=True).select_option(label="/ticket-stats")
    await manager.get_by_role("checkbox", name="#staff-only").check()
    await manager.get_by_role("button", name=list_texts.REVIEW).click()
    await manager.get_by_role("button", name=saving_texts.SAVE, exact=True).click()
    await governed.wait_until_in_force("ticket-stats", allowed=False)
    await open_governed_page(manager, governed, "/audit")
    await manager.locator(".log-entry").first.get_by_role("button", name=audit_texts.UNDO).click()
    await governed.wait_until_in_force("ticket-stats", allowed=True)


@pytest.mark.slow
async def test_manager_without_administrator_cannot_erase_members(manager: Page, governed: GovernedServer):
    await open_governed_page(manager, governed, "/privacy")
    await expect(manager.get_by_text(privacy_texts.ERASE_ADMINS_ONLY)).to_be_visible()
    await expect(manager.get_by_role("button", name=privacy_texts.CONTINUE)).to_have_count(0)


@pytest.mark.slow
async def test_rule_keeps_a_role_from_a_page_of_the_dashboard(owner: Page, manager: Page, governed: GovernedServer):
    await open_governed_page(owner, governed, "/rules?tab=rights")
    keys_right = rule_texts.format_right("@Deputies", texts.API_KEYS, allowed=True)
    await expect(owner.get_by_text(keys_right)).to_be_attached()
    await owner.get_by_role("button", name=rule_texts.NEW_RULE).click()
    await owner.get_by_role("combobox", name=rule_texts.WHO, exact=True).select_option(label="@Deputies")
    await owner.get_by_role("combobox", name=rule_texts.EFFECT, exact=True).select_option(label=rule_texts.MAY_NOT)
    await owner.get_by_role("combobox", name=rule_texts.WHAT, exact=True).select_option("feature:api.statistics")
    await owner.get_by_role("button", name=rule_texts.ADD_TO_CHANGES).click()
    denied_right = rule_texts.format_right("@Deputies", texts.API_KEYS, allowed=False)
    await expect(owner.get_by_text(denied_right)).to_be_attached()
    await owner.get_by_role("button", name=saving_texts.SAVE, exact=True).click()
    await expect(owner.get_by_text(saving_texts.format_saved(1)).first).to_be_visible()
    await manager.goto(governed.build_url("/keys"))
    await expect(manager.get_by_role("heading", name=texts.ACCESS_DENIED)).to_be_visible()
    await owner.get_by_role("button", name=saving_texts.UNDO).click()
    await expect(owner.get_by_text(saving_texts.UNDONE).first).to_be_visible()
    await manager.get_by_role("button", name=texts.TRY_AGAIN).click()
    await expect(manager.get_by_role("button", name=key_texts.NEW_KEY)).to_be_visible()
