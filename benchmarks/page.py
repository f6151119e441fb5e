"""The overview of a real server in a browser with an empty cache, against an empty page of the same build.

Peer: the first paint of a page of one word (`herwa_web/pages/blank.py`), visited in turns with the overview, and what
that page loads. The real history of three months is replayed into a copy of its own. Goals: the chart is drawn within
5 times that paint, with at most 3 times the bytes; of the two shares of a bound, the worse is the value. How long a
click on a channel takes to redraw the chart is told beside it.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from pathlib import Path

import httpx
from playwright.async_api import async_playwright

from benchmarks.report import remark, result
from benchmarks.stage import empty_copy, environment, listens, running, sim_of, until
from benchmarks.visits import Visit, Visitor
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_web.build.builder import build_if_stale
from herwa_web.pages.blank import ROUTE
from tests.browser.chromium import WIDE, log_in, start_chromium

HISTORY = Path(__file__).resolve().parents[1] / "tests" / "data" / "discord-history-windows.csv.gz"
SUMMER = ("2021-05-01", "2021-08-01")
TURNS = 9
CLICKED_ROWS = 9
SLOWER_AT_MOST = 5.0
HEAVIER_AT_MOST = 3.0
LISTED = 16


def main() -> None:
    """Measure and print."""
    build_if_stale(remark)
    with empty_copy() as settings, running(settings, "herwa", "up"):
        address = f"http://localhost:{settings.port}"
        overview = f"{address}/g/{replayed(settings)}?from={SUMMER[0]}&to={SUMMER[1]}"
        blanks, overviews, clicks = asyncio.run(measure(address, overview))
    tell_weights(overviews[-1], blanks[-1])
    paint, drawn = (statistics.median(visit.ms for visit in visits) for visits in (blanks, overviews))
    least, needed = (statistics.median(visit.bytes for visit in visits) for visits in (blanks, overviews))
    click = statistics.median(clicks)
    remark(f"empty page: first paint {paint:.0f} ms, {least / 1000:.0f} kB")
    remark(f"overview: drawn after {drawn:.0f} ms, {needed / 1000:.0f} kB; redrawn {click:.0f} ms after a click")
    slower, heavier = drawn / paint, needed / least
    result(
        "page",
        value=max(slower / SLOWER_AT_MOST, heavier / HEAVIER_AT_MOST),
        goal=1.0,
        at_most=True,
        times_the_paint=slower,
        times_the_bytes=heavier,
        first_paint_ms=paint,
        drawn_ms=drawn,
        click_to_redrawn_ms=click,
    )


def replayed(settings: Settings) -> str:
    """The id of the server with the history, once all of it has been counted."""
    sim = sim_of(DataFolder(settings.data_dir))
    until(lambda: listens(sim), "the bot to listen")
    until(lambda: serves(settings), "the pages to be served")
    days = ("--from", SUMMER[0], "--to", SUMMER[1])
    told = herwa(settings, "sim", "replay", str(HISTORY), "--guild", "Ethereum R&D", *days)
    herwa(settings, "pipeline", "drain", "--timeout", "90")
    return str(json.loads(told)["guild_id"])


def serves(settings: Settings) -> bool:
    """True when pages come, and the API behind them."""
    try:
        return httpx.get(f"http://127.0.0.1:{settings.port}/readyz").is_success
    except httpx.TransportError:
        return False


def herwa(settings: Settings, *command: str) -> str:
    """What a command that is typed beside the running copy prints."""
    done = subprocess.run(
        [sys.executable, "-m", "herwa", *command], env=environment(settings), capture_output=True, text=True, check=True
    )
    return done.stdout


async def measure(address: str, overview: str) -> tuple[list[Visit], list[Visit], list[float]]:
    """Visits to the empty page and to the overview, in turns; and clicks."""
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright)
        context = await browser.new_context(viewport=WIDE)
        await log_in(await context.new_page(), address, "owner")
        visitor = Visitor(browser, await context.storage_state())
        await context.close()
        blanks: list[Visit] = []
        overviews: list[Visit] = []
        for turn in range(TURNS + 1):
            blank, full = await visitor.first_paint(address + ROUTE), await visitor.drawn(overview)
            remark(f"{f'turn {turn}' if turn else 'to warm up'}: painted {blank.ms:.0f} ms, drawn {full.ms:.0f} ms")
            if turn:
                blanks.append(blank)
                overviews.append(full)
        clicks = await visitor.redrawn(overview, CLICKED_ROWS)
        await browser.close()
    return blanks, overviews, clicks


def tell_weights(overview: Visit, blank: Visit) -> None:
    """What weighs most, beside what the empty page loads of it."""
    remark(f"{'bytes':>9} {'of them':>9}  path (the second number: in the empty page)")
    heaviest = sorted(overview.by_path.items(), key=lambda item: -item[1])
    for path, size in heaviest[:LISTED]:
        remark(f"{size:>9,} {blank.by_path.get(path, 0):>9,}  {path}")
    rest = heaviest[LISTED:]
    remark(f"{sum(size for _, size in rest):>9,} {'':>9}  {len(rest)} more")


if __name__ == "__main__":
    main()
