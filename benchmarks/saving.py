"""Seconds from a click on Save in the dashboard until another process uses the changed settings.

A real browser edits one rule again and again on the page of access rules: the save bar asks Discord (the local one) for
the user's rights, writes the rule with its audit entry and publishes the change. A reader process with Herwa's policy
cache, like the bot's, records when it first sees each change. Bound: p99 of at most 1 second. The time until the page
itself says that it is saved is reported without a goal.
"""

import asyncio
import statistics
import time

from playwright.async_api import Page, async_playwright, expect

from benchmarks.environment import BenchmarkEnvironment, is_bot_connected, open_environment, wait_until
from benchmarks.page import is_serving
from benchmarks.policy_propagation import calculate_delays, collect_observations, run_reader, wait_until_ready
from benchmarks.policy_reader import Observation
from benchmarks.report import print_progress, print_result
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services.access_rules import NewRule
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.guilds import list_guilds
from herwa_shared.stores import Stores, open_stores
from herwa_web.build.builder import build_if_stale
from herwa_web.pages.rules import texts
from herwa_web.saving import texts as saving_texts
from tests.support.access_rules import add_rule
from tests.support.chromium import DESKTOP_VIEWPORT, log_in, start_chromium

SAVE_COUNT = 150
MAX_P99_SECONDS = 1.0
SETTLE_SECONDS = 3.0
PROGRESS_INTERVAL = 50


def main() -> None:
    """Run the benchmark and print its result."""
    build_if_stale(print_progress)
    with open_environment() as env:
        sim = env.start_sim()
        guild_id = sim.create_guild("Saving", owner_id=sim.get_snapshot().personas["owner"])
        role = sim.create_role(guild_id, "Support")
        for module in ("herwa_worker", "herwa_api", "herwa_bot", "herwa_web"):
            env.start_process(module)
        wait_until(lambda: is_bot_connected(sim), "the bot to connect")
        wait_until(lambda: is_serving(env.settings), "the pages to be served")
        clicks, confirmations, observations = asyncio.run(measure(env, guild_id, role))
    delays = calculate_delays({guild_id: clicks}, observations)
    p50, p99 = statistics.median(delays), statistics.quantiles(delays, n=100)[98]
    confirmed = statistics.median(
        confirmed_at - clicked_at for clicked_at, confirmed_at in zip(clicks, confirmations, strict=True)
    )
    print_progress(f"in force: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, slowest {max(delays) * 1000:.0f} ms")
    print_progress(f"the page confirms it after {confirmed * 1000:.0f} ms")
    print_result(
        "saving", value=p99, goal=MAX_P99_SECONDS, is_upper_bound=True, p50_seconds=p50, confirmed_seconds=confirmed
    )


async def measure(
    env: BenchmarkEnvironment, guild_id: int, role: int
) -> tuple[list[float], list[float], list[Observation]]:
    """Save the rule again and again; return the times of the clicks, of the confirmations, and what the reader saw."""
    async with open_stores(env.settings) as stores, async_playwright() as playwright:
        await wait_until_known(stores, guild_id)
        async with stores.database.transaction() as session:
            rule = NewRule(False, SubjectKind.ROLE, role, TargetKind.COMMAND, "voice-stats", note="-1")
            await add_rule(session, guild_id=guild_id, rule=rule, actor=SYSTEM)
        browser = await start_chromium(playwright)
        page = await (await browser.new_context(viewport=DESKTOP_VIEWPORT)).new_page()
        await log_in(page, f"http://localhost:{env.settings.port}", "owner")
        with run_reader(env, stores.database_url, "notified", [guild_id]) as reader:
            await asyncio.to_thread(wait_until_ready, reader)
            await page.goto(f"http://localhost:{env.settings.port}/g/{guild_id}/rules")
            times = [await save_note(page, number) for number in range(SAVE_COUNT)]
            await asyncio.sleep(SETTLE_SECONDS)
            observations = await asyncio.to_thread(collect_observations, reader)
        await browser.close()
    return [clicked_at for clicked_at, _ in times], [confirmed_at for _, confirmed_at in times], observations


async def wait_until_known(stores: Stores, guild_id: int) -> None:
    """Wait until the bot has saved the guild."""
    async with asyncio.timeout(60):
        while True:
            async with stores.database.transaction() as session:
                if any(guild.id == guild_id for guild in await list_guilds(session)):
                    return
            await asyncio.sleep(0.1)


async def save_note(page: Page, number: int) -> tuple[float, float]:
    """Write the number into the rule's note and save it; return the times of the click and of the confirmation."""
    await page.get_by_role("button", name=texts.EDIT, exact=True).first.click()
    await page.get_by_label(texts.WHY).fill(str(number))
    await page.get_by_role("button", name=texts.ADD_TO_CHANGES).click()
    save = page.get_by_role("button", name=saving_texts.SAVE, exact=True)
    await expect(save).to_be_enabled()
    clicked_at = time.monotonic()
    await save.click()
    await expect(page.locator(".save-bar.saved")).to_be_visible()
    confirmed_at = time.monotonic()
    if (number + 1) % PROGRESS_INTERVAL == 0:
        print_progress(f"{number + 1} of {SAVE_COUNT} saves")
    return clicked_at, confirmed_at


if __name__ == "__main__":
    main()
