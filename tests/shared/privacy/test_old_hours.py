"""Pseudonyms in hours before 13 months: every number is exact before, while and after members are replaced."""

import asyncio
import contextlib
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.analytics.window_numbers import load_window_numbers
from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM, build_pseudonym_sql, insert_key
from herwa_shared.privacy.erasure import process_erasures, request_erasure
from herwa_shared.privacy.pseudonyms import compute_identity_start, replace_members_in_old_hours
from herwa_shared.privacy.stored_data import StoredData, load_stored_data
from tests.shared.privacy.activity_counts import load_numbers
from tests.support.bot_process import REPOSITORY_ROOT
from tests.support.row_factories import EventRow, add_guild, insert_events

# Tests share the databases: these times are so long ago that no other test has rows there. The ranking tests run before
# those that erase members, in the order of this file.
NOW = datetime(1979, 6, 15, tzinfo=UTC)
BORDER = datetime(1978, 5, 1, tzinfo=UTC)
REPLACE_SCRIPT = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from herwa_shared.privacy.pseudonyms import replace_members_in_old_hours
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import open_stores
from tests.support.embedded_engines import build_settings

async def replace():
    async with open_stores(build_settings(DataFolder(Path(sys.argv[1]))), with_writer=True) as stores:
        print("opened", flush=True)
        now = datetime.fromisoformat(sys.argv[2])
        await replace_members_in_old_hours(stores.database, stores.clickhouse_writer, now=now)

asyncio.run(replace())
"""
PARTS, PART_ROWS = 12, 20_000
INSERT_PART_SQL = f"""
INSERT INTO activity_hourly (guild_id, kind, hour, channel_id, user_id, events, total)
SELECT {{guild:UInt64}}, 'voice', toDateTime('1978-01-05 00:00:00', 'UTC') + number % 400 * 3600, {{part:UInt64}},
    1000000000000009000 + number, 1, 60
FROM numbers({PART_ROWS})
"""
SUMS_SQL = """
SELECT sum(member_events), sum(member_total), max(member_events), max(member_total)
FROM (
    SELECT sum(events) AS member_events, sum(total) AS member_total FROM activity_hourly
    WHERE guild_id = {guild:UInt64}
    GROUP BY user_id
)
"""
MEMBERS = [1_000_000_000_000_007_000 + number for number in range(12)]
WINDOWS = [
    (datetime(1978, 3, 1, tzinfo=UTC), BORDER),
    (datetime(1978, 3, 10, tzinfo=UTC), datetime(1978, 8, 20, tzinfo=UTC)),
    (BORDER, datetime(1978, 9, 1, tzinfo=UTC)),
    (datetime(1978, 3, 1, tzinfo=UTC), NOW),
]


def build_events() -> list[EventRow]:
    """Messages of twelve members, and some without a member, from March 1978 to September 1978."""
    generator = random.Random(7)
    start = datetime(1978, 3, 1, tzinfo=UTC)
    return [
        EventRow(
            start + timedelta(minutes=generator.randrange(180 * 24 * 60)),
            generator.choice([*MEMBERS, 0]),
            generator.choice([1, 2, 3]),
        )
        for _ in range(400)
    ]


def select_events(events: list[EventRow], start: datetime, end: datetime) -> list[EventRow]:
    return [event for event in events if start <= event.at < end]


def count_members(events: list[EventRow]) -> int:
    return len({event.user for event in events} - {0})


@pytest.fixture(scope="module")
def events() -> list[EventRow]:
    return build_events()


@pytest.fixture
async def guild(stores, events) -> int:
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, events)
    return guild_id


@pytest.fixture(scope="module")
async def replaced_guilds(stores, events) -> list[int]:
    """Two guilds with the same events, in which members were replaced."""
    guild_ids = [await add_guild(stores), await add_guild(stores)]
    for guild_id in guild_ids:
        await insert_events(stores, guild_id, events)
    await replace_members_in_old_hours(stores.database, stores.clickhouse_writer, now=NOW)
    return guild_ids


async def assert_exact(stores, guild_id: int, events: list[EventRow]) -> None:
    """Compare messages and distinct members of every window with an independent count."""
    for start, end in WINDOWS:
        rows = select_events(events, start, end)
        query = ActivityQuery(guild_id, start, end, metric=Metric.ACTIVE_MEMBERS, interval=Interval.MONTH)
        series = await query_timeseries(stores.database, stores.clickhouse, query, now=NOW)
        assert series.total == count_members(rows)
        for point in series.points:
            assert (point.value or 0) == count_members(select_events(rows, point.start, point.end)), point.start
        by_channel: dict[int, list[EventRow]] = defaultdict(list)
        by_hour: dict[tuple[int, int], list[EventRow]] = defaultdict(list)
        for event in rows:
            by_channel[event.channel].append(event)
            by_hour[event.at.isoweekday(), event.at.hour].append(event)
        ranking = await rank_channels(stores.database, stores.clickhouse, query, now=NOW)
        assert {item.id: item.value for item in ranking.items} == {
            channel: count_members(channel_events) for channel, channel_events in by_channel.items()
        }
        heatmap = await query_weekly_heatmap(stores.database, stores.clickhouse, query, now=NOW)
        assert {(cell.weekday, cell.hour): cell.value for cell in heatmap.cells if cell.value} == {
            hour: count_members(hour_events) for hour, hour_events in by_hour.items() if count_members(hour_events)
        }
        await assert_exact_comparison(stores, query, events)


async def assert_exact_comparison(stores, query: ActivityQuery, events: list[EventRow]) -> None:
    """Compare the totals of a window and of the window before it."""
    base = query.shift_back()
    numbers = await load_window_numbers(
        stores.database,
        stores.clickhouse,
        query,
        comparison=base,
        metrics=(Metric.MESSAGES, Metric.ACTIVE_MEMBERS),
        now=NOW,
    )
    for aggregates, window in ((numbers.current, query), (numbers.base, base)):
        rows = select_events(events, window.start, window.end)
        assert aggregates.totals.get(Metric.MESSAGES, 0) == len(rows)
        assert aggregates.totals.get(Metric.ACTIVE_MEMBERS, 0) == count_members(rows)


async def rank(stores, guild_id: int, start: datetime, end: datetime) -> dict[int, int]:
    query = ActivityQuery(guild_id, start, end)
    ranking = await rank_members(stores.database, stores.clickhouse, query, limit=100, now=NOW)
    return {item.id: item.value for item in ranking.items}


class InterruptedClient:
    """A client of ClickHouse that fails before its command of this number, and after it for a negative number."""

    def __init__(self, client, fails_at: int) -> None:
        self._client, self._fails_at, self.commands = client, fails_at, 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    async def command(self, *arguments, **options):
        self.commands += 1
        if self.commands == self._fails_at:
            raise InterruptedError
        return await self._client.command(*arguments, **options)


async def test_every_number_is_exact_before_while_and_after_members_are_replaced(stores, guild, events):
    await assert_exact(stores, guild, events)
    before = await load_numbers(stores, guild)
    fails_at = 1
    while True:
        client = InterruptedClient(stores.clickhouse_writer, fails_at)
        try:
            await replace_members_in_old_hours(stores.database, client, now=NOW)
        except InterruptedError:
            await assert_exact(stores, guild, events)
            assert (await load_numbers(stores, guild)).counts == before.counts
            fails_at += 1
        else:
            break
    assert fails_at > 3, "an insert, a deletion and the empty mutations were interrupted"
    await assert_exact(stores, guild, events)
    after = await load_numbers(stores, guild)
    assert after.counts == before.counts
    old_ids = {
        user for user, rows in after.by_member.items() if any(row[1].replace(tzinfo=UTC) < BORDER for row in rows)
    }
    assert not old_ids & set(MEMBERS)
    assert len(old_ids - {0}) == count_members(select_events(events, *WINDOWS[0]))


async def test_reader_sees_the_same_numbers_at_any_moment(stores):
    """A member's rows and those that cancel them are in different parts, and ClickHouse rewrites part by part."""
    guild_id = await add_guild(stores)
    for part in range(PARTS):
        await stores.clickhouse_writer.command(INSERT_PART_SQL, parameters={"guild": guild_id, "part": part})

    async def load_sums() -> tuple[int, ...]:
        return tuple((await stores.clickhouse.query(SUMS_SQL, parameters={"guild": guild_id})).result_rows[0])

    expected = await load_sums()
    assert expected[0] == PARTS * PART_ROWS
    replacement = asyncio.create_task(replace_members_in_old_hours(stores.database, stores.clickhouse_writer, now=NOW))
    seen = [await load_sums()]
    while not replacement.done():
        seen.append(await load_sums())
    assert await replacement > 0
    assert len(seen) > 3
    assert {*seen, await load_sums()} == {expected}


async def test_numbers_that_come_back_after_a_replacement_are_replaced_as_well(stores):
    """ClickHouse can ignore an insert that is equal to an earlier one."""
    guild_id = await add_guild(stores)
    for count in (1, 2):
        await insert_events(stores, guild_id, [EventRow(datetime(1977, 3, 3, 3, count, tzinfo=UTC), MEMBERS[0])])
        await replace_members_in_old_hours(stores.database, stores.clickhouse_writer, now=NOW)
        numbers = await load_numbers(stores, guild_id)
        assert [row[-2] for row in numbers.counts] == [count]
        assert min(numbers.by_member) >= FIRST_PSEUDONYM


async def test_ranking_has_a_nameless_entry_per_member_before_the_border(stores, replaced_guilds, events):
    old = Counter(event.user for event in select_events(events, *WINDOWS[0]) if event.user)
    old_ranking = await rank(stores, replaced_guilds[0], *WINDOWS[0])
    assert sorted(old_ranking.values()) == sorted(old.values())
    assert min(old_ranking) >= FIRST_PSEUDONYM
    new = Counter(event.user for event in select_events(events, BORDER, NOW) if event.user)
    ranking = await rank(stores, replaced_guilds[0], *WINDOWS[3])
    assert {user: count for user, count in ranking.items() if user < FIRST_PSEUDONYM} == new
    assert {user: count for user, count in ranking.items() if user >= FIRST_PSEUDONYM} == old_ranking


async def test_two_guilds_have_no_pseudonym_in_common(stores, replaced_guilds):
    first, second = [await rank(stores, guild_id, *WINDOWS[0]) for guild_id in replaced_guilds]
    assert sorted(first.values()) == sorted(second.values())
    assert not first.keys() & second.keys()


async def test_pseudonym_is_a_block_of_aes_with_a_key_outside_of_the_databases(stores, replaced_guilds, events):
    key, expected = bytes.fromhex(insert_key("pseudonym-key", stores.database.audit_key)), set()
    for user in {event.user for event in select_events(events, *WINDOWS[0])} - {0}:
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        block = encryptor.update(replaced_guilds[0].to_bytes(8, "little") + user.to_bytes(8, "little"))
        expected.add(FIRST_PSEUDONYM | int.from_bytes(block[:8], "little") % FIRST_PSEUDONYM)
    assert (await rank(stores, replaced_guilds[0], *WINDOWS[0])).keys() == expected


def read_files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Read every file below a folder. ClickHouse deletes some of them meanwhile."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield Path(parent, name), Path(parent, name).read_bytes()


async def test_key_is_in_no_file_of_the_databases_and_in_no_log(stores, replaced_guilds, settings):
    query = ActivityQuery(replaced_guilds[0], *WINDOWS[3], metric=Metric.ACTIVE_MEMBERS)
    await query_timeseries(stores.database, stores.clickhouse, query, now=NOW)
    key = insert_key("pseudonym-key", stores.database.audit_key)
    forms = (key.encode(), key.upper().encode(), bytes.fromhex(key))
    contents = list(read_files(settings.data_dir))
    assert len(contents) > 100
    assert [path for path, content in contents if any(form in content for form in forms)] == []


async def test_clickhouse_hides_the_key_in_errors_and_in_the_list_of_queries(stores):
    audit_key = stores.database.audit_key
    shown_key = insert_key("pseudonym-key", audit_key)[:16]
    pseudonym = build_pseudonym_sql("toUInt64(number)", "toUInt64(number)")
    failing_statement = insert_key(f"SELECT throwIf({pseudonym} > 1) FROM numbers(3)", audit_key)
    with pytest.raises(ClickHouseError) as error:
        await stores.clickhouse.query(failing_statement)
    assert "encrypt" in str(error.value)
    assert shown_key not in str(error.value)
    pseudonym = build_pseudonym_sql("toUInt64(elapsed)", "toUInt64(elapsed)")
    own_query = insert_key(f"SELECT query, {pseudonym} FROM system.processes", audit_key)
    queries = [row[0] for row in (await stores.clickhouse.query(own_query)).result_rows]
    assert any("HIDDEN" in query for query in queries)
    assert not any(shown_key in query for query in queries)


@pytest.mark.slow
async def test_events_that_are_stored_later_get_the_same_pseudonym(stores, guild, events):
    await replace_members_in_old_hours(stores.database, stores.clickhouse_writer, now=NOW)
    before = await rank(stores, guild, *WINDOWS[0])
    late = [EventRow(datetime(1978, 3, 3, 3, minute, tzinfo=UTC), MEMBERS[0]) for minute in range(50)]
    await insert_events(stores, guild, late)
    await assert_exact(stores, guild, [*events, *late])
    assert await replace_members_in_old_hours(stores.database, stores.clickhouse_writer, now=NOW) == 1
    await assert_exact(stores, guild, [*events, *late])
    after = await rank(stores, guild, *WINDOWS[0])
    assert after.keys() == before.keys()
    assert sum(after.values()) == sum(before.values()) + 50


@pytest.mark.slow
async def test_numbers_are_exact_after_kill_9_at_any_moment(stores, guild, events, settings):
    command = [sys.executable, "-c", REPLACE_SCRIPT, str(settings.data_dir), NOW.isoformat()]
    for delay in (0.1, 0.4, 0.9, 1.6, None):
        process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY_ROOT, stdout=asyncio.subprocess.PIPE)
        assert (await process.stdout.readline()) == b"opened\n"
        if delay is not None:
            await asyncio.sleep(delay)
            if process.returncode is None:
                process.kill()
        returncode = await process.wait()
        assert returncode == 0 or delay is not None
        await assert_exact(stores, guild, events)
    assert min(await rank(stores, guild, *WINDOWS[0])) >= FIRST_PSEUDONYM


@pytest.mark.parametrize("is_everywhere", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.slow
async def test_erasure_and_privacy_show_reach_old_hours(stores, replaced_guilds, events, is_everywhere):
    guild = replaced_guilds[0]
    user_id = MEMBERS[4] if is_everywhere else MEMBERS[3]
    before, members_before = await load_numbers(stores, guild), await count_all_members(stores, guild)
    member_events = [event for event in events if event.user == user_id]
    stored = await load_stored(stores, guild, user_id)
    assert stored.counts == {"message": len(member_events)}
    assert stored.first_at.replace(tzinfo=UTC) == min(event.at for event in member_events).replace(minute=0)
    async with stores.database.transaction() as session:
        await request_erasure(session, guild_id=None if is_everywhere else guild, user_id=user_id)
    await process_erasures(stores.database, stores.clickhouse_writer)
    assert (await load_stored(stores, guild, user_id)).counts == {}
    other = await load_stored(stores, replaced_guilds[1], user_id)
    assert other.counts == ({} if is_everywhere else {"message": len(member_events)})
    assert (await load_numbers(stores, guild)).counts == before.counts
    assert await count_all_members(stores, guild) == members_before - 1


async def load_stored(stores, guild_id: int, user_id: int) -> StoredData:
    async with stores.database.transaction() as session:
        return await load_stored_data(session, stores.clickhouse, guild_id=guild_id, user_id=user_id)


async def count_all_members(stores, guild_id: int) -> int:
    query = ActivityQuery(guild_id, *WINDOWS[3], metric=Metric.ACTIVE_MEMBERS)
    return (await query_timeseries(stores.database, stores.clickhouse, query, now=NOW)).total


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 11, 29, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC)),
        (datetime(2026, 2, 28, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
        (NOW, BORDER),
    ],
)
def test_identity_start_is_the_first_of_a_month(now, start):
    assert compute_identity_start(now) == start
