"""Erasure of a member: in no table of either database, and no other number changes."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import make_url, text

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.history_pages import AuthorName, ChannelTask, store_history_page
from herwa_shared.pipeline.mover import plan_batch, transfer_batch
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.voice_sessions import VoiceChange, VoiceSessionRow, save_voice_changes
from herwa_shared.privacy import activity_rewrite, erasure
from herwa_shared.privacy.activity_rewrite import ActivityScope, count_rows
from herwa_shared.privacy.erasure import (
    is_finished,
    process_erasures,
    purge_erasure_requests,
    request_erasure,
)
from herwa_shared.privacy.member_columns import ERASED_COLUMNS
from herwa_shared.services.audit_verification import verify_chain
from tests.shared.privacy.activity_counts import load_numbers
from tests.shared.privacy.conftest import MEMBER, OTHER, add_personal_rows, build_activity
from tests.shared.privacy.other_columns import OTHER_COLUMNS
from tests.support.db_assertions import fetch_rows, move_buffer
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import add_guild, add_member, insert_events
from tests.support.waiting import wait_until

PERSONAL_NAME = "user|member|owner|subject|actor|person|opener|responder|decided_by|created_by|granted_by"


async def erase(stores, guild_id: int | None, user_id: int = MEMBER):
    async with stores.database.transaction() as session:
        request = await request_erasure(session, guild_id=guild_id, user_id=user_id)
    await process_erasures(stores.database, stores.clickhouse_writer)
    return request


async def dump_tables(owner) -> dict[str, list[str]]:
    """Every row of every table of PostgreSQL as text."""
    tables = [
        row["relname"]
        for row in await owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = current_schema()::regnamespace"
        )
    ]
    return {
        table: [row["content"] for row in await owner.fetch(f"SELECT t::text AS content FROM {table} AS t")]
        for table in tables
    }


def find_tables_with(dump: dict[str, list[str]], needle: str, *, guild_id: int | None = None) -> set[str]:
    return {
        table
        for table, rows in dump.items()
        if any(needle in row and (guild_id is None or str(guild_id) in row) for row in rows)
    }


def build_voice_change(guild_id: int, user_id: int, since_ms: int, until_ms: int) -> VoiceChange:
    event = ActivityEvent(guild_id, EventKind.VOICE, until_ms - 1000, 5, 0, user_id, False, 60, None, 0, 0)
    session = VoiceSessionRow(guild_id, user_id, 5, since_ms, until_ms, False, False, False, True)
    return VoiceChange(session, [event])


async def test_erased_member_is_in_no_table_and_no_other_number_changes(stores, owner, guild):
    before = await load_numbers(stores, guild)
    await erase(stores, guild)
    after = await load_numbers(stores, guild)
    assert after.counts == before.counts
    assert after.raw == before.raw
    assert MEMBER not in after.by_member
    assert MEMBER not in after.raw_members
    assert after.by_member[OTHER] == before.by_member[OTHER]
    dump = await dump_tables(owner)
    assert find_tables_with(dump, str(MEMBER), guild_id=guild) == {"access_rule"}
    assert find_tables_with(dump, str(OTHER), guild_id=guild) >= {
        "access_rule", "access_request", "audit_entry", "member", "membership_period", "voice_session",
    }  # fmt: skip
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild) is None


@pytest.mark.slow
async def test_other_guilds_keep_the_member(stores, owner, guild):
    other_guild = await add_guild(stores)
    await insert_events(stores, other_guild, build_activity())
    await add_personal_rows(stores, other_guild)
    before = await load_numbers(stores, other_guild)
    await erase(stores, guild)
    assert await load_numbers(stores, other_guild) == before
    dump = await dump_tables(owner)
    assert find_tables_with(dump, str(MEMBER), guild_id=other_guild) >= {"member", "audit_entry", "access_request"}


async def test_erasure_everywhere_erases_all_guilds_and_the_account(stores, owner, guild):
    user_id = 1_000_000_000_000_000_099
    guilds = [guild, await add_guild(stores)]
    for guild_id in guilds:
        await insert_events(
            stores, guild_id, [event.__class__(event.at, user_id, event.channel) for event in build_activity()[:9]]
        )
    await owner.execute("INSERT INTO user_account VALUES ($1, 'Ada', null, now(), null, 0)", user_id)
    before = [await load_numbers(stores, guild_id) for guild_id in guilds]
    await erase(stores, None, user_id)
    for guild_id, numbers in zip(guilds, before, strict=True):
        after = await load_numbers(stores, guild_id)
        assert (after.counts, after.raw) == (numbers.counts, numbers.raw)
        assert user_id in numbers.by_member
        assert user_id not in after.by_member
    assert find_tables_with(await dump_tables(owner), str(user_id)) == set()


@pytest.mark.slow
async def test_waiting_events_and_a_batch_on_its_way_do_not_bring_the_member_back(stores, guild):
    now_ms = int(utc_now().timestamp() * 1000)
    events = [build_message_event(guild, build_snowflake(now_ms, index), user=MEMBER) for index in range(40)]
    await move_buffer(stores)
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, events[:20])
        batch = await plan_batch(connection)
        await append_events(connection, events[20:])
        await transfer_batch(connection, stores.clickhouse_writer, batch)  # its mover ends here
    before = await load_numbers(stores, guild)
    await erase(stores, guild)
    await move_buffer(stores)
    after = await load_numbers(stores, guild)
    assert sum(row[3] for row in after.counts) == sum(row[3] for row in before.counts) + 20
    assert len(after.raw) == len(before.raw) + 20
    assert MEMBER not in after.by_member
    assert MEMBER not in after.raw_members


@pytest.mark.slow
async def test_events_received_before_count_without_the_member_whenever_they_are_stored(stores, guild):
    now_ms = int(utc_now().timestamp() * 1000)
    privacy = PrivacyFilter(stores.database.audit_key)
    request = await erase(stores, guild)
    later_ms = int((request.erased_until + timedelta(minutes=5)).timestamp() * 1000)
    old, new = (build_message_event(guild, build_snowflake(ms), user=MEMBER) for ms in (now_ms, later_ms))
    join = ActivityEvent(guild, EventKind.JOIN, now_ms, 0, 0, MEMBER, False, None, None, 0, 0)
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, [old, new, join, join], privacy=privacy)
        voice_changes = [build_voice_change(guild, MEMBER, now_ms - 5000, later_ms)]
        await save_voice_changes(connection, voice_changes, privacy=privacy)
        await save_voice_changes(connection, voice_changes, privacy=privacy)  # a repeated attempt
        task = ChannelTask(guild, 9, utc_now(), 0, 1, build_snowflake(now_ms, 9), build_snowflake(now_ms, 9))
        fetched = [build_message_event(guild, build_snowflake(now_ms - 1000), channel=9, user=MEMBER)]
        names = [AuthorName(MEMBER, "name", is_bot=False)]
        await store_history_page(connection, task, fetched, oldest_id=None, names=names, privacy=privacy)
    rows = await fetch_rows(
        stores, "SELECT kind, user_id FROM event_buffer WHERE guild_id = :guild ORDER BY 1, 2", guild=guild
    )
    assert rows == [("join", 0), ("message", 0), ("message", 0), ("message", MEMBER), ("voice", 0)]
    for table in ("member", "voice_session", "membership_period"):
        query = f"SELECT count(*) FROM {table} WHERE guild_id = :guild AND user_id = :user"
        assert await fetch_rows(stores, query, guild=guild, user=MEMBER) == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("crash_after", ["REPLACE_IN_EVENTS_SQL", "REPLACE_IN_HOURS_SQL", "DELETE_HOURS_SQL", "all"])
async def test_interrupted_erasure_is_continued_without_changing_a_number(stores, guild, monkeypatch, crash_after):
    before = await load_numbers(stores, guild)
    async with stores.database.transaction() as session:
        request = await request_erasure(session, guild_id=guild, user_id=MEMBER)
    clickhouse = FailingClickHouse(
        stores.clickhouse_writer, getattr(activity_rewrite, crash_after, activity_rewrite.COUNT_HOURS_SQL)
    )
    with pytest.raises(InterruptedError):
        await process_erasures(stores.database, clickhouse)
    during = await load_numbers(stores, guild)
    assert (during.counts, during.raw) == (before.counts, before.raw)
    await process_erasures(stores.database, stores.clickhouse_writer)
    after = await load_numbers(stores, guild)
    assert (after.counts, after.raw) == (before.counts, before.raw)
    assert MEMBER not in after.by_member
    async with stores.database.transaction() as session:
        assert await is_finished(session, request_id=request.request_id)


class FailingClickHouse:
    """A client whose process ends after it has run a statement for the first time."""

    def __init__(self, client, last_sql: str) -> None:
        self._client = client
        self._last_sql = last_sql

    async def command(self, sql: str, **options):
        await self._client.command(sql, **options)
        if sql == self._last_sql:
            raise InterruptedError

    async def query(self, sql: str, **options):
        result = await self._client.query(sql, **options)
        if sql == self._last_sql:
            raise InterruptedError
        return result

    def __getattr__(self, name: str):
        return getattr(self._client, name)


@pytest.mark.slow
async def test_two_workers_erase_once(stores, guild):
    before = await load_numbers(stores, guild)
    async with stores.database.transaction() as session:
        await request_erasure(session, guild_id=guild, user_id=MEMBER)
    await asyncio.gather(*[process_erasures(stores.database, stores.clickhouse_writer) for _ in range(3)])
    after = await load_numbers(stores, guild)
    assert (after.counts, after.raw) == (before.counts, before.raw)
    assert MEMBER not in after.by_member


async def test_repeated_request_until_the_same_hour_causes_no_second_erasure(stores, guild):
    """A member can repeat the command as often as they like; rewriting ClickHouse's tables costs much."""
    count_sql = "SELECT count(*) FROM erasure_request WHERE guild_id = :guild"
    async with stores.database.transaction() as session:
        first = await request_erasure(session, guild_id=guild, user_id=MEMBER)
    await add_member(stores, guild, MEMBER, "a name that was stored meanwhile")
    for _ in range(3):
        async with stores.database.transaction() as session:
            assert await request_erasure(session, guild_id=guild, user_id=MEMBER) == first
            await request_erasure(session, guild_id=guild, user_id=OTHER)
    assert await fetch_rows(stores, count_sql, guild=guild) == [(2,)]
    assert await fetch_rows(stores, "SELECT count(*) FROM member WHERE guild_id = :guild", guild=guild) == [(0,)]


async def test_open_requests_are_processed_together(stores, guild):
    before = await load_numbers(stores, guild)
    user_ids = (MEMBER, OTHER)
    async with stores.database.transaction() as session:
        requests = [await request_erasure(session, guild_id=guild, user_id=user_id) for user_id in user_ids]
        requests.append(await request_erasure(session, guild_id=None, user_id=OTHER))
    clickhouse = CountingClickHouse(stores.clickhouse_writer)
    assert await process_erasures(stores.database, clickhouse) >= len(requests)
    assert clickhouse.statements.count(activity_rewrite.DELETE_HOURS_SQL) == len(
        {request.erased_until for request in requests}
    )
    after = await load_numbers(stores, guild)
    assert (after.counts, after.raw) == (before.counts, before.raw)
    assert set(after.by_member) == {0}
    async with stores.database.transaction() as session:
        assert all([await is_finished(session, request_id=request.request_id) for request in requests])


class CountingClickHouse:
    """A client that keeps the statements that it has run."""

    def __init__(self, client) -> None:
        self._client = client
        self.statements: list[str] = []

    async def query(self, sql, **options):
        return await self._client.query(sql, **options)

    async def command(self, sql, **options):
        self.statements.append(sql)
        return await self._client.command(sql, **options)


@pytest.mark.slow
async def test_second_erasure_erases_what_came_after_the_first(stores, guild, monkeypatch):
    first = await erase(stores, guild)
    await insert_events(stores, guild, [build_activity()[0].__class__(first.erased_until, MEMBER)])
    scope = ActivityScope((guild,), first.erased_until + timedelta(hours=2))
    assert MEMBER in (await load_numbers(stores, guild)).by_member
    monkeypatch.setattr(erasure, "utc_now", lambda: first.erased_until + timedelta(minutes=10))
    await erase(stores, guild)
    assert MEMBER not in (await load_numbers(stores, guild)).by_member
    assert await count_rows(stores.clickhouse_writer, scope) > 0  # the other member


@pytest.mark.slow
async def test_finished_request_names_no_user_and_is_deleted_later(stores, guild):
    request = await erase(stores, guild)
    query = "SELECT user_id, finished_at IS NOT NULL FROM erasure_request WHERE id = :id"
    assert await fetch_rows(stores, query, id=request.request_id) == [(None, True)]
    async with stores.database.acquire_connection() as connection:
        await purge_erasure_requests(connection, now=utc_now() + timedelta(days=29))
        assert await fetch_rows(stores, query, id=request.request_id) == [(None, True)]
        await purge_erasure_requests(connection, now=utc_now() + timedelta(days=31))
    assert await fetch_rows(stores, query, id=request.request_id) == []


async def test_every_column_about_a_member_is_erased_or_listed_with_a_reason(owner):
    rows = await owner.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND column_name ~ $1 AND table_name !~ '^event_buffer_'",
        PERSONAL_NAME,
    )
    columns = {(row["table_name"], row["column_name"]) for row in rows} | {("user_account", "id")}
    assert columns == ERASED_COLUMNS.keys() | OTHER_COLUMNS.keys()
    assert all(OTHER_COLUMNS.values())


async def test_reader_account_of_clickhouse_cannot_erase(stores, guild):
    with pytest.raises(Exception, match="READONLY"):
        await stores.clickhouse.command(
            activity_rewrite.DELETE_HOURS_SQL,
            parameters=ActivityScope((guild,), utc_now()).to_parameters(),
        )


async def test_function_erases_personal_values_of_one_guild_only(stores, guild):
    async with stores.database.acquire_connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE audit_entry SET personal = null WHERE guild_id = $1", guild)
    async with stores.database.transaction() as session:
        assert (
            await session.scalar(erasure.ERASE_AUDIT_OF_GUILD_QUERY, {"user_id": str(MEMBER), "guild_id": guild}) == 1
        )
        role = make_url(stores.database_url).username
        query = text("SELECT has_function_privilege(:role, 'guild_delete_left(bigint)', 'EXECUTE')")
        assert await session.scalar(query, {"role": role})


@pytest.mark.slow  # ClickHouse forgets finished mutations every half minute
async def test_clickhouse_forgets_whom_it_removed(stores, guild):
    await erase(stores, guild)
    query = "SELECT count() FROM system.mutations WHERE position(command, {user:String}) > 0"

    async def is_forgotten() -> bool:
        result = await stores.clickhouse_writer.query(query, parameters={"user": str(MEMBER)})
        return result.result_rows == [(0,)]

    await wait_until(is_forgotten, timeout_seconds=120)
