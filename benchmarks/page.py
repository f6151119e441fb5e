"""Load time and size of the overview page, relative to the lightest page of the same build.

A real browser with an empty cache visits both pages alternately. The overview shows three months of real history, which
are replayed into a temporary copy. Floor: first paint and bytes of `/login`. Goals: the chart is drawn within 5 times
that first paint, with at most 3 times the bytes. The value is the worse of the two ratios, each divided by its bound.
The time from a click on a channel to the redrawn chart is reported without a goal.

Every other page of the server, as the side bar and the tabs of the access rules list them, may have at most 1.3 times
the bytes of the overview.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from pathlib import Path

import httpx
from playwright.async_api import async_playwright

from benchmarks.environment import (
    build_process_variables,
    connect_sim,
    is_bot_connected,
    open_empty_copy,
    run_process,
    wait_until,
)
from benchmarks.page_visits import PageVisit, PageVisitor
from benchmarks.report import print_progress, print_result
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_web.build.builder import build_if_stale
from herwa_web.navigation import PAGES, RULES_ITEM
from herwa_web.pages.rules.texts import TABS
from tests.support.chromium import DESKTOP_VIEWPORT, log_in, start_chromium

HISTORY_FILE = Path(__file__).resolve().parents[1] / "tests" / "data" / "discord-history-windows.csv.gz"
FLOOR_PATH = "/login"
SUMMER = ("2021-05-01", "2021-08-01")
TURN_COUNT = 9
CLICK_COUNT = 9
MAX_SLOWDOWN = 5.0
MAX_WEIGHT_RATIO = 3.0
MAX_PAGE_RATIO = 1.3
MAX_LISTED_PATHS = 16
COMMAND_TIMEOUT_SECONDS = 600


def main() -> None:
    """Run the benchmark and print its result."""
    build_if_stale(print_progress)
    with open_empty_copy() as settings, run_process(settings, "herwa", "up"):
        base_url = f"http://localhost:{settings.port}"
        overview_url = f"{base_url}/g/{replay_history(settings)}?from={SUMMER[0]}&to={SUMMER[1]}"
        blank_visits, overview_visits, click_times, page_bytes = asyncio.run(measure(base_url, overview_url))
    print_weights(overview_visits[-1], blank_visits[-1])
    paint_ms, drawn_ms = (
        statistics.median(visit.duration_ms for visit in visits) for visits in (blank_visits, overview_visits)
    )
    blank_bytes, overview_bytes = (
        statistics.median(visit.byte_count for visit in visits) for visits in (blank_visits, overview_visits)
    )
    click_ms = statistics.median(click_times)
    print_progress(f"empty page: first paint {paint_ms:.0f} ms, {blank_bytes / 1000:.0f} kB")
    print_progress(
        f"overview: drawn after {drawn_ms:.0f} ms, {overview_bytes / 1000:.0f} kB; "
        f"redrawn {click_ms:.0f} ms after a click"
    )
    for path, byte_count in sorted(page_bytes.items(), key=lambda item: -item[1]):
        print_progress(f"{byte_count / overview_bytes:.2f} times the bytes of the overview: {path}")
    slowdown, weight_ratio = drawn_ms / paint_ms, overview_bytes / blank_bytes
    page_ratio = max(page_bytes.values()) / overview_bytes
    print_result(
        "page",
        value=max(slowdown / MAX_SLOWDOWN, weight_ratio / MAX_WEIGHT_RATIO, page_ratio / MAX_PAGE_RATIO),
        goal=1.0,
        is_upper_bound=True,
        times_the_paint=slowdown,
        times_the_bytes=weight_ratio,
        heaviest_page_times_overview=page_ratio,
        first_paint_ms=paint_ms,
        drawn_ms=drawn_ms,
        click_to_redrawn_ms=click_ms,
    )


def replay_history(settings: Settings) -> str:
    """Replay the history, wait until all events are in ClickHouse, and return the guild id."""
    sim = connect_sim(DataFolder(settings.data_dir))
    wait_until(lambda: is_bot_connected(sim), "the bot to connect")
    wait_until(lambda: is_serving(settings), "the pages to be served")
    window = ("--from", SUMMER[0], "--to", SUMMER[1])
    output = run_herwa(settings, "sim", "replay", str(HISTORY_FILE), "--guild", "Ethereum R&D", *window)
    run_herwa(settings, "pipeline", "drain", "--timeout", "90")
    guild_id = str(json.loads(output)["guild_id"])
    run_herwa(settings, "grant", guild_id, "premium")  # whose history has no limit
    return guild_id


def is_serving(settings: Settings) -> bool:
    """True when the web server and the API behind it are ready."""
    try:
        return httpx.get(f"http://127.0.0.1:{settings.port}/readyz").is_success
    except httpx.TransportError:
        return False


def run_herwa(settings: Settings, *command: str) -> str:
    """Run a `herwa` command on the running copy and return its standard output."""
    process = subprocess.run(
        [sys.executable, "-m", "herwa", *command],
        env=build_process_variables(settings),
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_SECONDS,
        check=True,
    )
    return process.stdout


async def measure(
    base_url: str, overview_url: str
) -> tuple[list[PageVisit], list[PageVisit], list[float], dict[str, int]]:
    """Visit the empty page and the overview alternately, then click channels, then visit every other page.

    Returns the visits to the empty page, the visits to the overview, the milliseconds from each click to the redrawn
    chart, and the bytes of every other page by its path. The first turn warms up and is not returned.
    """
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright)
        context = await browser.new_context(viewport=DESKTOP_VIEWPORT)
        await log_in(await context.new_page(), base_url, "owner")
        visitor = PageVisitor(browser, await context.storage_state())
        await context.close()
        blank_visits: list[PageVisit] = []
        overview_visits: list[PageVisit] = []
        for turn in range(TURN_COUNT + 1):
            blank_visit, overview_visit = (
                await visitor.measure_first_paint(base_url + FLOOR_PATH),
                await visitor.measure_drawing(overview_url),
            )
            label = f"turn {turn}" if turn else "warm-up"
            print_progress(
                f"{label}: painted {blank_visit.duration_ms:.0f} ms, drawn {overview_visit.duration_ms:.0f} ms"
            )
            if turn:
                blank_visits.append(blank_visit)
                overview_visits.append(overview_visit)
        click_times = await visitor.measure_redraws(overview_url, CLICK_COUNT)
        server_url = overview_url.partition("?")[0]
        page_bytes = {
            path: (await visitor.measure_completion(server_url + path)).byte_count for path in list_other_pages()
        }
        await browser.close()
    return blank_visits, overview_visits, click_times, page_bytes


def list_other_pages() -> list[str]:
    """List the paths of all pages and tabs but the overview, after the URL of the server."""
    tabs = [f"{RULES_ITEM.path}?tab={tab}" for tab in TABS if tab != "rules"]
    return [*(item.path for item in PAGES if item.path), *tabs]


def print_weights(overview_visit: PageVisit, blank_visit: PageVisit) -> None:
    """Print the largest resources of the overview, each with its size on the empty page."""
    print_progress(f"{'overview':>9} {'empty':>9}  path (bytes on the overview and on the empty page)")
    sizes_by_path = sorted(overview_visit.bytes_by_path.items(), key=lambda item: -item[1])
    for path, size in sizes_by_path[:MAX_LISTED_PATHS]:
        print_progress(f"{size:>9,} {blank_visit.bytes_by_path.get(path, 0):>9,}  {path}")
    rest = sizes_by_path[MAX_LISTED_PATHS:]
    print_progress(f"{sum(size for _, size in rest):>9,} {'':>9}  {len(rest)} more")


if __name__ == "__main__":
    main()
