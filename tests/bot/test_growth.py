"""Joins a day of the members who are still here are counted once for each server, if Discord lets the bot list them."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from herwa_bot.collector.growth import PAGE_SIZE, GrowthCounter, parse_join_day
from herwa_shared.models import GrowthEstimate
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import fetch_rows, wait_until_stored
from tests.support.row_factories import add_guild
from tests.support.sample_server import SampleServer
from tests.support.waiting import wait_until

BEGIN = datetime(2024, 2, 28, 23, 30, tzinfo=UTC)
SCAN_LOG = "joins counted by day"


async def load_estimate(stores, guild_id: int) -> GrowthEstimate | None:
    async with stores.database.transaction() as session:
        return await session.get(GrowthEstimate, guild_id)


async def wait_for_estimate(stores, guild_id: int) -> GrowthEstimate:
    async def is_stored() -> bool:
        return await load_estimate(stores, guild_id) is not None

    await wait_until(is_stored, description="the joins a day")
    estimate = await load_estimate(stores, guild_id)
    assert estimate is not None
    return estimate


async def test_joins_are_counted_by_day_and_once(stores, settings, own_sim):
    client = own_sim.client
    guild_id = client.create_guild("Grown Grove", bot=False)
    for number in range(5):
        client.join(guild_id, f"early{number}", at=BEGIN + number * timedelta(minutes=20))
    gone = client.join(guild_id, "gone", at=BEGIN)
    robot = client.join(guild_id, "robot", bot=True, at=BEGIN + timedelta(days=9))
    client.leave(guild_id, gone)
    client.add_bot(guild_id)
    today = datetime.now(UTC).date()
    with run_bot_process(settings, own_sim) as bot:
        estimate = await wait_for_estimate(stores, guild_id)
        await wait_until_stored(stores, bot)

    counts = dict(zip(estimate.days, estimate.joined, strict=True))
    # Herwa itself joined today, the owner when the local Discord began.
    assert {day: count for day, count in counts.items() if BEGIN.date() <= day < today} == {
        date(2024, 2, 28): 2,
        date(2024, 2, 29): 3,
        date(2024, 3, 8): 1,
    }
    assert estimate.days == sorted(estimate.days)
    rows = await fetch_rows(stores, "SELECT user_id FROM membership_period WHERE guild_id = :g", g=guild_id)
    assert not {gone, robot} & {row[0] for row in rows}, "nothing is stored about single members"


async def test_large_server_is_listed_in_pages(stores):
    guild_id, requests = await add_guild(stores), []
    members = [
        {"user": {"id": str(number)}, "joined_at": (BEGIN + number * timedelta(hours=1)).isoformat()}
        for number in range(1, 2 * PAGE_SIZE + 1)
    ]

    async def fetch_members(_guild_id: int, after_id: int):
        requests.append(after_id)
        return [member for member in members if int(member["user"]["id"]) > after_id][:PAGE_SIZE]

    counter = GrowthCounter(stores.database)
    task = asyncio.create_task(counter.run(fetch_members, has_guild=guild_id.__eq__, can_list_members=lambda: True))
    estimate = await wait_for_estimate(stores, guild_id)
    task.cancel()

    assert requests == [0, PAGE_SIZE, 2 * PAGE_SIZE]
    days = Counter((BEGIN + number * timedelta(hours=1)).date() for number in range(1, 2 * PAGE_SIZE + 1))
    assert dict(zip(estimate.days, estimate.joined, strict=True)) == days


@pytest.mark.slow
async def test_nothing_is_estimated_without_the_members_intent(stores, settings, own_sim):
    own_sim.client.set_application(privileged=[])
    server = SampleServer(own_sim.client)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
        assert await load_estimate(stores, server.id) is None
        assert await bot.stop() == 0
    assert SCAN_LOG not in bot.read_log()


@pytest.mark.parametrize(
    ("joined_at", "day"),
    [
        ("2024-02-29T23:59:59.999000+00:00", date(2024, 2, 29)),
        ("2024-03-01T01:00:00+02:00", date(2024, 2, 29)),
        (None, None),
        ("yesterday", None),
        (1709164800, None),
    ],
)
def test_day_of_a_join_is_that_of_utc(joined_at, day):
    assert parse_join_day({"joined_at": joined_at}) == day
