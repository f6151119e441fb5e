"""Overview and search of the operator's panel at 10,000 servers, compared with 10 servers, in the same run.

The servers are real rows: guilds, memberships, activity, subscriptions, API keys, and events in ClickHouse, from which
the worker's job counts. The value is the worse ratio of two medians: at most 2.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.environment import open_environment
from benchmarks.report import print_progress, print_result
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import ApiKey, Guild, GuildMembership, Subscription
from herwa_shared.operators.activity import refresh_guild_activity
from herwa_shared.operators.days import refresh_days
from herwa_shared.operators.overview import load_overview
from herwa_shared.operators.server_criteria import ServerActivity, ServerFilter, ServerSize, ServerTrouble
from herwa_shared.operators.server_search import search_servers
from herwa_shared.stores import Stores, open_stores

SMALL, LARGE = 10, 10_000
MAX_RATIO = 2.0
ROUND_COUNT = 60
WORDS = ("Garden", "Harbor", "Pixel", "Comet", "Quiet", "Marble", "Lantern", "Otter", "Velvet", "Signal")
PAID_SHARE, KEY_SHARE = 0.1, 0.05
BATCH_ROWS = 1_000

Question = Callable[[AsyncSession], Awaitable[object]]


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        ratios, job_seconds = asyncio.run(measure(env.settings))
    for name, ratio in ratios.items():
        print_progress(f"{name}: {ratio:.2f} times")
    print_result(
        "admin",
        value=max(ratios.values()),
        goal=MAX_RATIO,
        is_upper_bound=True,
        job_seconds=job_seconds,
        overview=ratios["overview"],
        largest=ratios["largest"],
        by_name=ratios["by_name"],
    )


async def measure(settings: Settings) -> tuple[dict[str, float], float]:
    """Measure each question at both sizes; also the seconds of the worker's job at the larger one."""
    chooser = random.Random(14)
    async with open_stores(settings, with_writer=True) as stores:
        await add_servers(stores, chooser, 0, SMALL)
        await refresh(stores)
        small = {name: await time_question(stores, question) for name, question in build_questions().items()}
        await add_servers(stores, chooser, SMALL, LARGE)
        started_at = time.perf_counter()
        await refresh(stores)
        job_seconds = time.perf_counter() - started_at
        large = {name: await time_question(stores, question) for name, question in build_questions().items()}
    for name, seconds in small.items():
        print_progress(f"{name}: {seconds * 1e3:.2f} ms at {SMALL}, {large[name] * 1e3:.2f} ms at {LARGE:,}")
    return {name: large[name] / seconds for name, seconds in small.items()}, job_seconds


def build_questions() -> dict[str, Question]:
    """Build the questions of the panel: the overview, the largest servers, and searches by text and by each filter."""
    criteria = {
        "largest": ServerFilter(),
        "by_name": ServerFilter("Garden 7"),
        "by_id": ServerFilter(str(build_guild_id(3))),
        "by_key": ServerFilter("k003"),
        "paid": ServerFilter("Otter 2", tier="premium"),
        "tier": ServerFilter(tier="premium"),
        "size": ServerFilter(size=ServerSize.MEDIUM),
        "silent": ServerFilter(activity=ServerActivity.SILENT),
        "trouble": ServerFilter(trouble=ServerTrouble.NO_EVENTS),
    }
    return {"overview": load_overview, **{name: build_search(wanted) for name, wanted in criteria.items()}}


def build_search(criteria: ServerFilter) -> Question:
    """Build a search."""

    async def search(session: AsyncSession) -> object:
        return await search_servers(session, criteria)

    return search


async def time_question(stores: Stores, question: Question) -> float:
    """Return the median seconds of a question, each in a transaction of its own."""
    seconds = []
    for _ in range(ROUND_COUNT):
        started_at = time.perf_counter()
        async with stores.database.transaction() as session:
            await question(session)
        seconds.append(time.perf_counter() - started_at)
    return median(seconds[ROUND_COUNT // 6 :])


async def refresh(stores: Stores) -> None:
    """Run the worker's job, and let PostgreSQL know its rows."""
    now = utc_now()
    await refresh_guild_activity(stores.database, stores.clickhouse, now=now)
    await refresh_days(stores.database, stores.clickhouse, now=now)
    async with stores.database.transaction() as session:
        await session.execute(text("ANALYZE guild, guild_activity, subscription, api_key"))


def build_guild_id(number: int) -> int:
    """Build the id of the server with this number."""
    return (1 << 60) + (number << 22)


async def add_servers(stores: Stores, chooser: random.Random, first: int, last: int) -> None:
    """Add servers with their rows, and the events of their last day."""
    now = utc_now()
    for start in range(first, last, BATCH_ROWS):
        numbers = range(start, min(start + BATCH_ROWS, last))
        async with stores.database.transaction() as session:
            session.add_all(build_guild(chooser, number, now) for number in numbers)
            await session.flush()
            for number in numbers:
                session.add_all(build_rows(chooser, number, now))
        await insert_events(stores, chooser, numbers, now)


def build_guild(chooser: random.Random, number: int, now: datetime) -> Guild:
    """Build a server; sizes are as skewed as real ones."""
    name = f"{chooser.choice(WORDS)} {number} {chooser.choice(WORDS)}"
    return Guild(
        id=build_guild_id(number),
        name=name,
        owner_id=build_guild_id(number) + 1,
        member_count=int(chooser.paretovariate(0.8) * 20) % 500_000,
        joined_at=now - timedelta(days=chooser.uniform(0, 300)),
    )


def build_rows(chooser: random.Random, number: int, now: datetime) -> list[object]:
    """Build the other rows of a server."""
    guild_id = build_guild_id(number)
    rows: list[object] = [GuildMembership(guild_id=guild_id, joined_at=now - timedelta(days=100))]
    if chooser.random() < PAID_SHARE:
        rows.append(
            Subscription(
                guild_id=guild_id,
                tier_key="premium",
                source="manual",
                starts_at=now - timedelta(days=9),
                granted_by="Opal",
            )
        )
    if number == 3 or chooser.random() < KEY_SHARE:
        digest = chooser.randbytes(32)
        rows.append(ApiKey(guild_id=guild_id, name="n", digest=digest, hint=f"k{number % 1000:03}", scopes=[]))
    return rows


async def insert_events(stores: Stores, chooser: random.Random, numbers: range, now: datetime) -> None:
    """Insert the summaries of the last day's events of these servers."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    rows = [
        (build_guild_id(number), "message", hour - timedelta(hours=hours), 1, 7, chooser.randint(1, 50), 0)
        for number in numbers
        for hours in range(1, 20, 3)
    ]
    columns = ["guild_id", "kind", "hour", "channel_id", "user_id", "events", "total"]
    await stores.clickhouse_writer.insert("activity_hourly", rows, column_names=columns)


if __name__ == "__main__":
    main()
