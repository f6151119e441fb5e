"""Migration of a database dump of revision 0006, before tables were renamed: it keeps every row and every number."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import URL, make_url

from alembic import command
from herwa_api.schemas.serializers import serialize_ranking, serialize_stats
from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.catalog import FeatureKey
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.embedded import StoreUrls, lease_engines
from herwa_shared.migrate import build_alembic_config, migrate
from herwa_shared.services import access_rules, channel_lists, kill_switches, subscriptions
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import verify_chain
from tests.support.embedded_engines import connect_owner

DUMP_FILE = Path(__file__).parents[1] / "data" / "database-before-renaming.zip"
DUMP_REVISION = "0006"
GARDEN_CLUB = 316563630828484206
RENAMED_TABLES = {
    "collector_run": "gateway_session",
    "guild_now": "guild_live_counters",
    "guild_stay": "guild_membership",
    "history_coverage": "imported_period",
    "member_stay": "membership_period",
    "spent_login": "used_oauth_state",
    "voice_stay": "voice_session",
}


@pytest.fixture(scope="module")
def dump() -> dict[str, bytes]:
    with zipfile.ZipFile(DUMP_FILE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
async def migrated(stores, settings, folder, dump) -> AsyncIterator[tuple[Database, AsyncClient]]:
    """Separate databases with the content of the dump, migrated to the newest schema."""
    with lease_engines(settings, folder) as lease:
        database_url = make_url(lease.urls.database).set(database="before_renaming")
        clickhouse_url = make_url(lease.urls.clickhouse).set(database="before_renaming")
        urls = StoreUrls(
            database=render(database_url),
            database_owner=render(make_url(lease.urls.database_owner).set(database="before_renaming")),
            clickhouse=render(clickhouse_url),
            clickhouse_writer=render(make_url(lease.urls.clickhouse_writer).set(database="before_renaming")),
            redis=lease.urls.redis,
        )
        async with connect_owner(settings, folder) as owner:
            await owner.execute("CREATE DATABASE before_renaming")
        await asyncio.to_thread(command.upgrade, build_alembic_config(urls.database_owner), DUMP_REVISION)
        await load_postgresql(urls.database_owner, dump)
        await migrate(urls, audit_key=load_audit_key(settings, folder))
        database = Database(urls.database, pool_size=2, audit_key=load_audit_key(settings, folder))
        async with open_clickhouse(urls.clickhouse_writer) as writer, open_clickhouse(urls.clickhouse) as clickhouse:
            await load_clickhouse(writer, dump)
            yield database, clickhouse
        await database.close()


def render(url: URL) -> str:
    return url.render_as_string(hide_password=False)


FOREIGN_KEYS_QUERY = """
    SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
    WHERE contype = 'f' AND conrelid <> confrelid
"""


async def load_postgresql(url: str, dump: dict[str, bytes]) -> None:
    """Replace every row with those of the dump; parents of foreign keys are loaded first."""
    files = {Path(name).stem: content for name, content in dump.items() if name.startswith("postgresql/")}
    connection = await asyncpg.connect(url)
    try:
        parents = {table: set() for table in files}
        for row in await connection.fetch(FOREIGN_KEYS_QUERY):
            parents[row["child"]].add(row["parent"])
        tables = list(TopologicalSorter(parents).static_order())
        async with connection.transaction():
            for table in reversed(tables):
                if table != "audit_entry":  # append-only, and empty after the migrations
                    await connection.execute(f"DELETE FROM {table}")
            for table in tables:
                header, _, rows = files[table].partition(b"\n")
                columns = header.decode().split("\t")
                await connection.copy_to_table(table, source=io.BytesIO(rows), columns=columns)
    finally:
        await connection.close()


async def load_clickhouse(clickhouse: AsyncClient, dump: dict[str, bytes]) -> None:
    """Insert events and hourly summaries; without the view, which would count the events twice."""
    await clickhouse.command("DETACH TABLE activity_hourly_from_events")
    for table in ("activity_events", "activity_hourly"):
        await clickhouse.raw_insert(table, insert_block=dump[f"clickhouse/{table}.tsv"], fmt="TSVWithNames")
    await clickhouse.command("ATTACH TABLE activity_hourly_from_events")


def build_query(guild_id: str, params: dict[str, str]) -> ActivityQuery:
    zone = ZoneInfo(params["timezone"])
    query = ActivityQuery.parse(params["from"], params["to"], guild_id=int(guild_id), zone=zone)
    return replace(query, metric=Metric(params["metric"]), interval=Interval(params.get("interval", "day")))


async def fetch_numbers(database: Database, clickhouse: AsyncClient, query: ActivityQuery, path: str) -> object:
    """Fetch the numbers of this query in the form of the dump's `expected.json`.

    In this form an interval in the future is None, and an hour of the week without data is 0.
    """
    if path == "stats":
        series = await query_timeseries(database, clickhouse, query, now=utc_now())
        stats = serialize_stats(ComparedSeries(series))
        return {"total": stats["total"], "values": [point.value for point in series.points]}
    if path == "heatmap":
        return [cell.value or 0 for cell in (await query_weekly_heatmap(database, clickhouse, query)).cells]
    rank = rank_channels if path == "top/channels" else rank_members
    ranking = await rank(database, clickhouse, query, limit=10)
    return serialize_ranking(ranking)["items"]


def find_newest_member_counts(dump: dict[str, bytes]) -> dict[str, int]:
    """Find the newest number of members of each guild in the dump."""
    text = dump["clickhouse/activity_events.tsv"].decode()
    rows = sorted(csv.DictReader(text.splitlines(), delimiter="\t"), key=lambda row: row["at"])
    return {row["guild_id"]: int(row["value"]) for row in rows if row["kind"] == "member_count"}


async def test_migration_keeps_every_number(migrated, dump):
    expected = json.loads(dump["expected.json"])["answers"]
    assert len(expected) > 80
    for entry in expected:
        if entry["params"].get("metric") == Metric.MEMBERS and entry["answer"]["total"] is not None:
            # It used to be the mean of the last hour with samples.
            newest = find_newest_member_counts(dump)[entry["guild_id"]]
            assert abs(entry["answer"]["total"] - newest) <= 1
            values = [value and newest for value in entry["answer"]["values"]]
            entry["answer"] = {"total": newest, "values": values}
        query = build_query(entry["guild_id"], entry["params"])
        assert await fetch_numbers(*migrated, query, entry["path"]) == entry["answer"], (entry["path"], entry["params"])


async def test_migration_keeps_every_row_under_the_new_table_names(migrated, dump):
    async with migrated[0].acquire_connection() as connection:
        for name, content in dump.items():
            table = Path(name).stem
            if name.startswith("postgresql/") and name.endswith(".tsv") and table != "alembic_version":
                expected = content.count(b"\n") - 1
                stored = await connection.fetchval(f"SELECT count(*) FROM {RENAMED_TABLES.get(table, table)}")
                assert stored == expected, table


async def test_migration_keeps_rules_channel_lists_tiers_and_the_audit_log(migrated):
    now: datetime = utc_now()
    async with migrated[0].transaction() as session:
        [rule] = await access_rules.list_rules(session, guild_id=GARDEN_CLUB, now=now)
        assert (rule.allow, rule.target_key, rule.note) == (False, FeatureKey.VOICE_STATS, "quiet hours")
        [channel_list] = await channel_lists.list_channel_lists(session, guild_id=GARDEN_CLUB)
        assert len(channel_list.place_ids) == 2
        [kill_switch] = await kill_switches.list_kill_switches(session)
        assert (kill_switch.feature, kill_switch.reason) == (FeatureKey.TICKET_STATS, "maintenance")
        [subscription] = await subscriptions.list_subscriptions(session, guild_id=GARDEN_CLUB)
        assert subscription.tier == "premium"
        for guild_id in (None, GARDEN_CLUB):
            assert await verify_chain(session, guild_id=guild_id) is None


async def test_migrated_schema_contains_no_old_table_name(migrated):
    names_query = """
        SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION SELECT tgname FROM pg_trigger UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    """
    async with migrated[0].acquire_connection() as connection:
        names = [row["name"] for row in await connection.fetch(names_query)]
    old_words = (*RENAMED_TABLES, "audit_entry_stays", "rows_stay", "asked", "answer", "doubted", "sealed", "says_it")
    assert [name for name in names if any(word in name for word in old_words)] == []
