"""Fixtures of the backup tests: a copy of its own with rows in every store, its content, and a backup of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from herwa_shared.backup.archive import Manifest
from herwa_shared.backup.create import create_backup
from herwa_shared.catalog import Scope
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.embedded import EngineLease, lease_engines
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.mover import move_batch
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.api_keys import create_key
from herwa_shared.services.audit import SYSTEM, PersonalValue, record
from herwa_shared.services.audit_anchors import write_anchors
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import list_chain_heads
from herwa_shared.stores import Stores, open_stores
from tests.support.embedded_engines import build_settings, create_data_folder
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import EventRow, add_channel, add_guild, add_member, insert_events

UNMOVED_EVENTS = 5
MOVED_EVENTS = 7
RECENT_DAYS = 60  # the retention of single events is three months
OLD_YEARS = range(2010, 2020)  # of months, which are partitions, there are more than one insert may have by default
# Columns whose values a restore changes: transaction ids have no meaning in another cluster.
CHANGED_COLUMNS = {"event_buffer": ("txid", "seq", "slot"), "ingest_state": ("wm_txid", "wm_seq", "hi_txid", "hi_seq")}
UNMOVED_SQL = "WHERE (txid, seq) > (SELECT wm_txid, wm_seq FROM ingest_state)"
CLICKHOUSE_QUERIES = (
    "SELECT name FROM system.tables WHERE database = 'herwa' ORDER BY name",
    "SELECT version FROM schema_versions ORDER BY version",
    "SELECT * FROM activity_events ORDER BY ALL",
    "SELECT * FROM activity_hourly FINAL ORDER BY ALL",
    "SELECT * FROM command_hourly FINAL ORDER BY ALL",
    "SELECT * FROM sample_hourly FINAL ORDER BY ALL",
)
CHANGE_TABLES = ("data_version", "account_change")
"""Numbers that tell processes what to read again; the restored rows get new ones."""
TABLES_SQL = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace = 'public'::regnamespace
"""


@dataclass
class FilledCopy:
    """A stopped copy, what its databases contain, and a backup that was made while they were in use."""

    folder: DataFolder
    settings: Settings
    guild_id: int
    api_key: str
    backup_path: Path
    manifest: Manifest
    content: dict[str, object] = field(repr=False)


async def read_content(lease: EngineLease) -> dict[str, object]:
    """Read all rows of both databases, in a form that does not depend on their order.

    `CHANGE_TABLES` are left out.
    """
    connection = await asyncpg.connect(lease.urls.database_owner)
    content: dict[str, object] = {}
    for row in await connection.fetch(TABLES_SQL):
        table = row["relname"]
        if table in CHANGE_TABLES:
            continue
        changed = "".join(f" - '{column}'" for column in CHANGED_COLUMNS.get(table, ()))
        moved = UNMOVED_SQL if table == "event_buffer" else ""
        rows = await connection.fetch(f'SELECT (to_jsonb(t){changed})::text AS row FROM "{table}" AS t {moved}')
        content[table] = sorted(row["row"] for row in rows)
    await connection.close()
    async with open_clickhouse(lease.urls.clickhouse_writer) as clickhouse:
        for query in CLICKHOUSE_QUERIES:
            content[query] = (await clickhouse.query(query)).result_rows
    return content


async def fill(stores: Stores, settings: Settings, folder: DataFolder) -> tuple[int, str]:
    """Insert rows of all kinds; return the guild and an API key of it."""
    guild_id = await add_guild(stores)
    await add_channel(stores, guild_id, "tab\tnewline\nquote\\N ü")
    await add_member(stores, guild_id, 7, "Ada")
    now = utc_now()
    await insert_events(
        stores,
        guild_id,
        [EventRow(now - timedelta(days=number + 2), value=number or None) for number in range(RECENT_DAYS)],
    )
    for year in OLD_YEARS:
        rows = [
            [guild_id, "message", datetime(year, month, 1, tzinfo=UTC), 1, 7, month, year] for month in range(1, 13)
        ]
        await stores.clickhouse_writer.insert("activity_hourly", rows)
    async with stores.database.transaction() as session:
        pepper = load_peppers(settings, folder)[0]
        new_key = await create_key(
            session, guild_id=guild_id, name="test", scopes=tuple(Scope), pepper=pepper, actor=SYSTEM
        )
        for chain in (guild_id, None, guild_id):
            await record(session, SYSTEM, "feature.set", guild_id=chain, target=PersonalValue("7"))
    async with stores.database.transaction() as session:
        heads = await list_chain_heads(session)
    write_anchors(folder, heads, audit_key=load_audit_key(settings, folder), day=now.date())
    async with stores.database.acquire_connection() as connection:
        for count in (MOVED_EVENTS, UNMOVED_EVENTS):
            ms = int(utc_now().timestamp() * 1000)
            events = [
                build_message_event(guild_id, build_snowflake(ms + number), since_ms=ms) for number in range(count)
            ]
            assert (await append_events(connection, events)).stored == count
            if count == MOVED_EVENTS:
                assert await move_batch(connection, stores.clickhouse_writer) == count
    return guild_id, new_key.secret


@asynccontextmanager
async def lease_copy(settings: Settings, folder: DataFolder) -> AsyncIterator[EngineLease]:
    with lease_engines(settings, folder) as lease:
        yield lease


@pytest.fixture(scope="package")
async def filled_copy() -> AsyncIterator[FilledCopy]:
    with create_data_folder() as folder:
        settings = build_settings(folder)
        path = folder.path / "backups" / "test.zip"
        async with open_stores(settings, with_writer=True) as stores:
            guild_id, key = await fill(stores, settings, folder)
            async with lease_copy(settings, folder) as lease:
                manifest = await create_backup(lease.urls, folder, path)
                content = await read_content(lease)
        yield FilledCopy(folder, settings, guild_id, key, path, manifest, content)


@pytest.fixture(scope="package")
def other_folder() -> Iterator[DataFolder]:
    """The data folder of another copy."""
    with create_data_folder() as folder:
        yield folder
