"""Data versions: every change of a stored answer raises that of its guild, with its commit, in every process."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlmodel import col

from herwa_shared.changes.data_versions import RAISE_SQL, DataVersions
from herwa_shared.clock import utc_now
from herwa_shared.models import Channel, GatewaySession
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.mover import move_batch, plan_batch, transfer_batch
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.privacy.erasure import process_erasures, request_erasure
from herwa_shared.services.collection_gaps import GapRecord, save_gaps
from herwa_shared.services.gateway_sessions import start_gateway_session, update_gateway_sessions
from herwa_shared.services.guilds import mark_guilds_left, set_timezone
from herwa_shared.services.imported_periods import record_imported_period
from herwa_shared.services.join_message_periods import JoinMessagePeriodRecord, save_join_message_periods
from tests.shared.policy_cache.conftest import DeafConnection
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import add_channel, add_guild, add_member
from tests.support.waiting import wait_until

VersionsFactory = Callable[..., AbstractAsyncContextManager[DataVersions]]
LISTENER_PIDS_SQL = "SELECT pid FROM pg_stat_activity WHERE application_name = 'herwa data'"


@pytest.fixture
def open_versions(stores) -> VersionsFactory:
    """Opens the versions as another process knows them; the first sweep is complete."""

    @asynccontextmanager
    async def open_running_versions(known_guild: int, **options: Any) -> AsyncIterator[DataVersions]:
        versions = DataVersions(stores.database_url, on_change=lambda _: None, on_reconnect=lambda: None, **options)
        async with versions.run():
            await wait_until(lambda: versions.find(known_guild))
            yield versions

    return open_running_versions


@pytest.fixture
async def guild(stores) -> int:
    return await add_guild(stores)


async def load_version(stores, guild_id: int) -> tuple[int, int]:
    """The stored versions of a guild and of every guild."""
    async with stores.database.acquire_connection() as connection:
        rows = dict(
            await connection.fetch("SELECT guild_id, version FROM data_version WHERE guild_id IN ($1, 0)", guild_id)
        )
    return rows.get(guild_id, 0), rows.get(0, 0)


async def append_message(connection, guild_id: int) -> None:
    now_ms = int(utc_now().timestamp() * 1000)
    await append_events(connection, [build_message_event(guild_id, build_snowflake(now_ms), since_ms=now_ms - 1000)])


async def test_batch_raises_the_version_when_it_is_acknowledged_and_not_before(stores, guild, open_versions):
    async with open_versions(guild) as versions, stores.database.acquire_connection() as connection:
        while await move_batch(connection, stores.clickhouse_writer):
            pass
        before = await load_version(stores, guild)
        known = versions.find(guild)
        await append_message(connection, guild)
        batch = await plan_batch(connection)
        assert batch is not None
        await transfer_batch(connection, stores.clickhouse_writer, batch)
        # A mover that is killed here has inserted the batch. The next one sends it again and acknowledges it.
        assert await load_version(stores, guild) == before
        assert await move_batch(connection, stores.clickhouse_writer) == 1
        assert (await load_version(stores, guild))[0] > before[0]
        await wait_until(lambda: versions.find(guild) != known)


async def test_version_of_a_guild_without_data_is_unknown(guild, guild_id, open_versions):
    async with open_versions(guild) as versions:
        assert versions.find(guild) is not None
        assert versions.find(guild_id) is None


async def change_gap(session, guild_id: int) -> None:
    await save_gaps(session, [GapRecord(guild_id, 0, utc_now())])


async def change_import(session, guild_id: int) -> None:
    await record_imported_period(
        session, guild_id=guild_id, begin=utc_now() - timedelta(days=1), end=utc_now(), source="import"
    )


async def change_join_messages(session, guild_id: int) -> None:
    await save_join_message_periods(session, [JoinMessagePeriodRecord(guild_id, utc_now())])


async def change_membership(session, guild_id: int) -> None:
    await mark_guilds_left(session, [guild_id])


async def change_time_zone(session, guild_id: int) -> None:
    await set_timezone(session, guild_id=guild_id, zone=ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize(
    "change", [change_gap, change_import, change_join_messages, change_membership, change_time_zone]
)
async def test_change_of_coverage_or_time_zone_raises_the_version_with_its_commit(stores, guild, change):
    before = await load_version(stores, guild)
    async with stores.database.transaction() as session:
        await change(session, guild)
        await session.rollback()
    assert await load_version(stores, guild) == before
    async with stores.database.transaction() as session:
        await change(session, guild)
        await session.flush()
        assert await load_version(stores, guild) == before
    assert (await load_version(stores, guild))[0] > before[0]


async def test_choice_of_a_member_raises_the_version_where_it_holds(stores, guild):
    """Lists of members show the choice at once."""

    await add_member(stores, guild, 7, "Mia")

    async def choose(guild_id: int | None, *, opted_out: bool) -> tuple[bool, bool]:
        """Save the choice; return whether the versions of the guild and of every guild have risen."""
        before = await load_version(stores, guild)
        async with stores.database.transaction() as session:
            await set_opt_out(session, guild_id=guild_id, user_id=7, opted_out=opted_out)
            assert await load_version(stores, guild) == before
        after = await load_version(stores, guild)
        return after[0] > before[0], after[1] > before[1]

    for opted_out in (True, False):
        assert await choose(guild, opted_out=opted_out) == (True, False)
        assert await choose(guild, opted_out=opted_out) == (False, False), "nothing has changed"
        assert await choose(None, opted_out=opted_out) == (True, False), "the guild knows the member, others don't"
    before = await load_version(stores, guild)
    async with stores.database.transaction() as session:
        await request_erasure(session, guild_id=guild, user_id=7)
    assert (await load_version(stores, guild))[0] > before[0]


async def test_only_a_channel_that_changes_raises_the_version(stores, guild):
    channel_id = await add_channel(stores, guild, "tea")

    async def update_channel(**values: object) -> bool:
        """Update the channel; return whether the version has risen."""
        before = await load_version(stores, guild)
        async with stores.database.transaction() as session:
            await session.execute(update(Channel).where(col(Channel.id) == channel_id).values(**values))
        return await load_version(stores, guild) != before

    assert not await update_channel(name="tea", deleted=False, position=7)
    assert await update_channel(name="coffee")
    assert await update_channel(deleted=True)
    assert not await update_channel(deleted=True)


async def test_only_a_late_heartbeat_of_a_gateway_session_raises_all_versions(stores, guild):
    async with stores.database.transaction() as session:
        # A shard of no other test's guild, since this session covers the guilds of its shard from now on.
        session_id = await start_gateway_session(session, shard_id=1, shard_count=(1 << 31) - 1)
    (_, started) = await load_version(stores, guild)
    async with stores.database.transaction() as session:
        seen_at = (await session.get_one(GatewaySession, session_id)).seen_at
        await update_gateway_sessions(session, session_ids=[session_id], seen_at=seen_at + timedelta(seconds=29))
    assert (await load_version(stores, guild))[1] == started
    async with stores.database.transaction() as session:
        await update_gateway_sessions(session, session_ids=[session_id], seen_at=seen_at + timedelta(seconds=61))
    assert (await load_version(stores, guild))[1] > started


@pytest.mark.slow
async def test_erasure_of_a_member_raises_the_version_when_it_is_finished(stores, guild):
    async with stores.database.acquire_connection() as connection:
        await append_message(connection, guild)
        while await move_batch(connection, stores.clickhouse_writer):
            pass
    before = await load_version(stores, guild)
    async with stores.database.transaction() as session:
        await request_erasure(session, guild_id=guild, user_id=7)
    await process_erasures(stores.database, stores.clickhouse_writer)
    assert (await load_version(stores, guild))[0] > before[0]


async def test_change_with_a_lost_notification_is_swept(stores, guild, open_versions):
    async with open_versions(guild, connection_class=DeafConnection) as versions:
        known = versions.find(guild)
        async with stores.database.acquire_connection() as connection:
            await connection.execute(RAISE_SQL, [guild])
        await wait_until(lambda: versions.find(guild) not in (known, None))


async def test_change_of_every_guild_changes_each_version(stores, guild, open_versions):
    async with open_versions(guild) as versions:
        known = versions.find(guild)
        async with stores.database.acquire_connection() as connection:
            await connection.execute(RAISE_SQL, [0])
        await wait_until(lambda: versions.find(guild) not in (known, None))


async def test_many_guilds_are_raised_by_one_statement_and_announced(stores, guild, open_versions):
    guild_ids = [guild, *range(guild + 1, guild + 1000)]
    async with open_versions(guild) as versions, stores.database.acquire_connection() as connection:
        await connection.execute(RAISE_SQL, guild_ids)
        await wait_until(lambda: all(versions.find(guild_id) for guild_id in guild_ids))
        known = [versions.find(guild_id) for guild_id in guild_ids]
        await connection.execute(RAISE_SQL, guild_ids)
        await wait_until(
            lambda: all(versions.find(guild_id) != before for guild_id, before in zip(guild_ids, known, strict=True))
        )
        await connection.execute("DELETE FROM data_version WHERE guild_id = ANY($1::bigint[])", guild_ids[1:])


async def test_version_is_unknown_while_the_connection_hangs(stores, guild, open_versions):
    """Changes may be missed, so that a process must not use what it has."""
    async with open_versions(guild) as versions, stores.database.acquire_connection() as connection:
        pids = [row["pid"] for row in await connection.fetch(LISTENER_PIDS_SQL)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            known = versions.find(guild)
            await connection.execute(RAISE_SQL, [guild])
            await wait_until(lambda: versions.find(guild) != known)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        await wait_until(lambda: versions.find(guild) not in (known, None))
