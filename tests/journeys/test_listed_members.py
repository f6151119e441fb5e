"""A member who opted out is in no list of pages, files, bot and API from the next load on; the others move up.

What was counted before stays in the totals, and a member who opts in again is listed again. Exports are tested with
their runner, the API's pages and pseudonyms with its routes.
"""

import csv
import io
from collections.abc import AsyncIterator, Collection

import pytest

from herwa_api.schemas.serializers import serialize_ranking
from herwa_bot.cogs.top.top_lists import MAX_ENTRIES, fetch_members
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import HIDDEN_RESERVE
from herwa_shared.analytics.rankings import rank_members
from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.query_cache.cache import QueryCache, open_query_cache
from herwa_shared.stores import Stores
from herwa_shared.tables.csv_writer import write_csv
from herwa_web.pages.guild.panel_tables import Panel, load_panel_table
from herwa_web.pages.guild.queries import MAX_LIST_ROWS, load_shared_overview
from tests.support.row_factories import (
    BOT_JOINED_AT,
    EventRow,
    add_guild,
    add_imported_period,
    add_member,
    insert_events,
)
from tests.support.waiting import wait_until

NOW = utc_now()
START = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
CHANNEL = 5
FIRST_MEMBER = 1_300_000_000_000_000_000
COUNTS = {FIRST_MEMBER + number: 40 - number for number in range(MAX_LIST_ROWS + HIDDEN_RESERVE + 15)}
"""The messages of each member, the highest first."""
SHOWN = list(COUNTS.items())
Entries = list[tuple[int, int]]


@pytest.fixture(scope="module")
async def cache(stores: Stores) -> AsyncIterator[QueryCache]:
    async with open_query_cache(stores.database_url, stores.redis) as query_cache:
        yield query_cache


@pytest.fixture
async def guild(stores: Stores) -> int:
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, BOT_JOINED_AT, NOW)
    messages = [EventRow(START, user, CHANNEL) for user, count in COUNTS.items() for _ in range(count)]
    await insert_events(stores, guild_id, messages)
    for user_id in COUNTS:
        await add_member(stores, guild_id, user_id, f"Member {user_id}")
    return guild_id


def parse_view(guild_id: int, **params: str) -> DashboardQuery:
    return DashboardQuery.parse({"range": "30d", **params}, UTC_ZONE, NOW, guild_id=guild_id)


async def read_overview(stores: Stores, cache: QueryCache, guild_id: int, **params: str) -> Entries:
    """Read the list of the overview; its totals are always the same."""
    data = (await load_shared_overview(stores, cache, parse_view(guild_id, **params))).data
    assert data.kpi.total == sum(COUNTS.values())
    assert data.kpis[1].total == len(COUNTS)
    assert [item.value for item in data.channels.items] == [sum(COUNTS.values())]
    assert data.member_changes is not None
    assert data.member_changes.keys() == {item.id for item in data.members.items}
    assert all(item.name == f"Member {item.id}" for item in data.members.items)
    return [(item.id, item.value) for item in data.members.items]


async def read_filtered_overview(stores: Stores, cache: QueryCache, guild_id: int) -> Entries:
    return await read_overview(stores, cache, guild_id, channel=str(CHANNEL))


async def read_file(stores: Stores, _: QueryCache, guild_id: int) -> Entries:
    content = write_csv((await load_panel_table(stores, parse_view(guild_id), Panel.MEMBERS)).table)
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return [(int(row["id"]), int(row["messages"])) for row in rows]


async def read_bot_list(stores: Stores, _: QueryCache, guild_id: int) -> Entries:
    entries, _note = await fetch_members(stores, parse_view(guild_id).to_activity_query(), NOW)
    return [(int(entry.name.removeprefix("Member ")), entry.value) for entry in entries]


async def read_api_pages(stores: Stores, _: QueryCache, guild_id: int) -> Entries:
    """Read the pages of the API, of a few members each."""
    query = ActivityQuery.from_last_days(30, guild_id=guild_id, zone=UTC_ZONE, now=NOW)
    entries: Entries = []
    after = None
    while True:
        ranking = await rank_members(stores.database, stores.clickhouse, query, limit=4, after=after, now=NOW)
        items = serialize_ranking(ranking, None)["items"]
        assert len(items) == 4 or ranking.next is None
        entries += [(int(item["id"]), item["value"]) for item in items]
        after = ranking.next
        if after is None:
            return entries


SURFACES = {
    "overview": (read_overview, MAX_LIST_ROWS),
    "overview of a channel": (read_filtered_overview, MAX_LIST_ROWS),
    "file": (read_file, len(COUNTS)),
    "bot": (read_bot_list, MAX_ENTRIES),
    "api": (read_api_pages, len(COUNTS)),
}


async def choose(stores: Stores, guild_id: int | None, user_ids: Collection[int], *, opted_out: bool) -> None:
    async with stores.database.transaction() as session:
        for user_id in user_ids:
            await set_opt_out(session, guild_id=guild_id, user_id=user_id, opted_out=opted_out)


@pytest.mark.parametrize("surface", SURFACES)
async def test_member_who_opted_out_is_in_no_list_from_the_next_load_on(
    stores: Stores, cache: QueryCache, guild: int, surface: str
):
    read, size = SURFACES[surface]

    async def wait_for_list(expected: Entries) -> None:
        async def is_shown() -> bool:
            return await read(stores, cache, guild) == expected

        await wait_until(is_shown)

    here, everywhere, *_ = list(COUNTS)[1:]
    await wait_for_list(SHOWN[:size])
    await choose(stores, guild, [here], opted_out=True)
    await wait_for_list([entry for entry in SHOWN if entry[0] != here][:size])
    await choose(stores, None, [everywhere], opted_out=True)
    await wait_for_list([entry for entry in SHOWN if entry[0] not in {here, everywhere}][:size])
    await choose(stores, None, [everywhere], opted_out=False)
    many = list(COUNTS)[: MAX_ENTRIES + HIDDEN_RESERVE]
    await choose(stores, guild, many, opted_out=True)
    await wait_for_list(SHOWN[len(many) :][:size])
    await choose(stores, guild, COUNTS, opted_out=True)
    await wait_for_list([])
    await choose(stores, guild, COUNTS, opted_out=False)
    await wait_for_list(SHOWN[:size])
