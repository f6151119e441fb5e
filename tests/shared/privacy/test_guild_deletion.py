"""Deletion of a guild: 30 days after the bot left, completely, in both databases; not if the bot returned."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from herwa_shared.analytics.first_recorded_hour import find_first_recorded_hour
from herwa_shared.catalog import Scope
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import Guild
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.mover import move_batch
from herwa_shared.privacy.activity_rewrite import get_next_hour
from herwa_shared.privacy.guild_deletion import (
    GUILD_RETENTION,
    UNDO_PERIOD,
    GuildNotLeft,
    LeftGuild,
    cancel_deletion,
    delete_guild,
    delete_overdue_guilds,
    delete_requested_guilds,
    find_requested_deletion,
    get_left_guild,
    list_guilds_to_leave,
    list_left_guilds,
    list_overdue_guilds,
    process_guild_deletions,
    purge_guild_deletions,
    request_deletion,
    require_typed_name,
)
from herwa_shared.services.api_key_authentication import KeyRefusal, authenticate_key
from herwa_shared.services.api_keys import create_key
from herwa_shared.services.audit import SYSTEM, list_entries, record
from herwa_shared.services.audit_chain import DefectKind
from herwa_shared.services.audit_verification import list_chain_heads, verify_all_chains
from tests.shared.privacy.activity_counts import load_numbers
from tests.shared.privacy.conftest import add_personal_rows, build_activity
from tests.shared.privacy.test_erasure import dump_tables, find_tables_with
from tests.support.db_assertions import fetch_rows
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import OWNER_ID, add_channel, add_guild, insert_events, raise_data_version

PEPPER = b"pepper of the API keys in this test"
DAY = timedelta(days=1)


async def set_left(stores, guild_id: int, left_at) -> None:
    async with stores.database.transaction() as session:
        await session.execute(
            text("UPDATE guild SET left_at = :left_at WHERE id = :guild"), {"left_at": left_at, "guild": guild_id}
        )


async def add_full_guild(stores) -> int:
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, build_activity())
    await add_personal_rows(stores, guild_id)
    await add_channel(stores, guild_id, "general")
    now_ms = int(utc_now().timestamp() * 1000)
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, [build_message_event(guild_id, build_snowflake(now_ms))])
    return guild_id


async def test_guild_that_was_left_30_days_ago_is_deleted_completely(stores, owner):
    guild_id, other_guild = await add_full_guild(stores), await add_full_guild(stores)
    other_numbers = await load_numbers(stores, other_guild)
    async with stores.database.transaction() as session:
        new_key = await create_key(
            session, guild_id=guild_id, name="program", scopes=tuple(Scope), pepper=PEPPER, actor=SYSTEM
        )
    await set_left(stores, guild_id, utc_now() - 30 * DAY - timedelta(minutes=1))
    assert await delete_overdue_guilds(stores.database) == 1
    async with stores.database.transaction() as session:
        principal = await authenticate_key(session, key=new_key.secret, peppers=[PEPPER], now=utc_now())
        assert principal is KeyRefusal.UNKNOWN
    assert await process_guild_deletions(stores.database, stores.clickhouse_writer) == 1
    numbers = await load_numbers(stores, guild_id)
    assert (numbers.counts, numbers.raw, numbers.raw_members) == ([], [], [])
    assert find_tables_with(await dump_tables(owner), str(guild_id)) == {"audit_entry", "guild_deletion"}
    async with stores.database.transaction() as session:
        [entry] = await list_entries(session, guild_id=None, limit=1)
    assert (entry.action, entry.target, entry.before) == ("guild.delete", str(guild_id), {"audit_entries": 3})
    assert await load_numbers(stores, other_guild) == other_numbers
    async with stores.database.acquire_connection() as connection:
        await purge_guild_deletions(connection, now=utc_now() + 31 * DAY)
    assert find_tables_with(await dump_tables(owner), str(guild_id)) == {"audit_entry"}


async def test_guild_is_kept_for_30_days_and_while_the_bot_is_in_it(stores, guild):
    for left_at in (None, utc_now() - 30 * DAY + timedelta(minutes=1)):
        await set_left(stores, guild, left_at)
        async with stores.database.transaction() as session:
            assert guild not in await list_overdue_guilds(session, now=utc_now())
        with pytest.raises(GuildNotLeft):
            async with stores.database.transaction() as session:
                await delete_guild(session, guild_id=guild, actor=SYSTEM)
    assert await fetch_rows(stores, "SELECT id FROM guild WHERE id = :guild", guild=guild) == [(guild,)]
    assert (await load_numbers(stores, guild)).counts


async def test_request_of_an_owner_can_be_undone_for_an_hour(stores, guild):
    async def age_request(age: timedelta) -> None:
        async with stores.database.transaction() as session:
            await session.execute(
                text("UPDATE guild_deletion SET requested_at = now() - CAST(:age AS interval) WHERE guild_id = :guild"),
                {"age": age, "guild": guild},
            )

    async def call(function, **arguments):
        async with stores.database.transaction() as session:
            return await function(session, **arguments)

    due_at = await call(request_deletion, guild_id=guild, actor=SYSTEM)
    assert abs(due_at - utc_now() - UNDO_PERIOD) < timedelta(minutes=1)
    assert await call(request_deletion, guild_id=guild, actor=SYSTEM) == due_at
    assert await call(find_requested_deletion, guild_id=guild) == due_at
    assert guild not in await call(list_guilds_to_leave)
    assert await call(cancel_deletion, guild_id=guild, actor=SYSTEM)
    assert not await call(cancel_deletion, guild_id=guild, actor=SYSTEM)
    assert await call(find_requested_deletion, guild_id=guild) is None
    actions = [entry.action for entry in await call(list_entries, guild_id=guild, limit=2)]
    assert actions == ["deletion.cancel", "deletion.request"]

    await call(request_deletion, guild_id=guild, actor=SYSTEM)
    await set_left(stores, guild, utc_now())
    await age_request(UNDO_PERIOD - timedelta(minutes=1))
    assert await delete_requested_guilds(stores.database) == 0
    await set_left(stores, guild, None)
    await age_request(UNDO_PERIOD + timedelta(seconds=1))
    assert not await call(cancel_deletion, guild_id=guild, actor=SYSTEM)
    assert guild in await call(list_guilds_to_leave)
    assert await delete_requested_guilds(stores.database) == 0, "the bot is still in the server"
    await set_left(stores, guild, utc_now())
    assert guild not in await call(list_guilds_to_leave)
    assert await delete_requested_guilds(stores.database) == 1
    assert await fetch_rows(stores, "SELECT id FROM guild WHERE id = :guild", guild=guild) == []
    await process_guild_deletions(stores.database, stores.clickhouse_writer)
    assert (await load_numbers(stores, guild)).counts == []


async def test_former_owner_finds_and_deletes_a_guild_that_the_bot_left(stores):
    left_at = utc_now() - 3 * DAY
    guild_id, present_guild = await add_guild(stores, left_at=left_at), await add_guild(stores)
    own = {"owner_id": OWNER_ID, "guild_id": guild_id}

    async def call(function, **arguments):
        async with stores.database.transaction() as session:
            return await function(session, **arguments)

    assert await call(get_left_guild, **own) == LeftGuild(guild_id, "Tea", left_at, None)
    assert (await call(get_left_guild, **own)).delete_at == left_at + GUILD_RETENTION
    listed = [guild.id for guild in await call(list_left_guilds, owner_id=OWNER_ID)]
    assert guild_id in listed
    assert present_guild not in listed
    assert await call(list_left_guilds, owner_id=OWNER_ID + 1) == ()
    refusals = []
    for owner_id, wanted_id in ((OWNER_ID + 1, guild_id), (OWNER_ID, present_guild), (OWNER_ID, 5)):
        with pytest.raises(NotFound) as refusal:
            await call(get_left_guild, owner_id=owner_id, guild_id=wanted_id)
        refusals.append((type(refusal.value), str(refusal.value)))
    assert len(set(refusals)) == 1, "a stranger cannot tell which guilds exist"

    require_typed_name(" tea ", name="Tea")
    with pytest.raises(BadRequest):
        require_typed_name("Coffee", name="Tea")
    due_at = await call(request_deletion, guild_id=guild_id, actor=SYSTEM)
    assert (await call(get_left_guild, **own)).requested_for == due_at
    assert await call(cancel_deletion, guild_id=guild_id, actor=SYSTEM)
    assert (await call(get_left_guild, **own)).requested_for is None
    await call(request_deletion, guild_id=guild_id, actor=SYSTEM)
    async with stores.database.transaction() as session:
        await session.execute(
            text("UPDATE guild_deletion SET requested_at = now() - interval '61 minutes' WHERE guild_id = :guild"),
            {"guild": guild_id},
        )
    assert await delete_requested_guilds(stores.database) == 1
    assert guild_id not in [guild.id for guild in await call(list_left_guilds, owner_id=OWNER_ID)]


@pytest.mark.slow
async def test_guild_is_deleted_at_once_on_request_if_the_bot_left(stores, guild):
    with pytest.raises(GuildNotLeft):
        async with stores.database.transaction() as session:
            await delete_guild(session, guild_id=guild, actor=SYSTEM, at_once=True)
    await set_left(stores, guild, utc_now())
    async with stores.database.transaction() as session:
        await delete_guild(session, guild_id=guild, actor=SYSTEM, at_once=True)
    await process_guild_deletions(stores.database, stores.clickhouse_writer)
    assert (await load_numbers(stores, guild)).counts == []


@pytest.mark.slow
async def test_what_a_guild_does_after_its_return_is_kept(stores, guild):
    await set_left(stores, guild, utc_now())
    async with stores.database.transaction() as session:
        await delete_guild(session, guild_id=guild, actor=SYSTEM, at_once=True)
    later = utc_now() + timedelta(hours=2)
    events = [build_message_event(guild, build_snowflake(int(later.timestamp() * 1000), index)) for index in range(2)]
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, events[:1])
        await move_batch(connection, stores.clickhouse_writer)
    assert await find_first_recorded_hour(stores.database, stores.clickhouse, guild) < utc_now() - 399 * DAY
    async with stores.database.transaction() as session:
        session.add(Guild(id=guild, name="Tea", owner_id=OWNER_ID, joined_at=later))
    await raise_data_version(stores, guild)
    version = await fetch_rows(stores, "SELECT version FROM data_version WHERE guild_id = :guild", guild=guild)

    await process_guild_deletions(stores.database, stores.clickhouse_writer)
    newer = await fetch_rows(stores, "SELECT version FROM data_version WHERE guild_id = :guild", guild=guild)
    assert newer > version, "answers from before the deletion are not used"
    numbers = await load_numbers(stores, guild)
    assert len(numbers.raw) == len(numbers.counts) == 1
    later_hour = get_next_hour(later) - timedelta(hours=1)
    assert await find_first_recorded_hour(stores.database, stores.clickhouse, guild) == later_hour
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, events[1:])
        await move_batch(connection, stores.clickhouse_writer)
        assert (
            await connection.fetchval("SELECT hour FROM first_recorded_hour WHERE guild_id = $1", guild) == later_hour
        )


async def test_deleted_chain_is_no_defect_and_a_chain_that_vanished_is_one(stores, owner, guild):
    async with stores.database.transaction() as session:
        noted = {head.guild_id: {head.number: head.digest} for head in await list_chain_heads(session)}
    await set_left(stores, guild, utc_now() - 31 * DAY)
    await delete_overdue_guilds(stores.database)
    other_guild = await add_guild(stores)
    async with stores.database.transaction() as session:
        await record(session, SYSTEM, "feature.set", guild_id=other_guild)
    async with stores.database.transaction() as session:
        noted |= {head.guild_id: {head.number: head.digest} for head in await list_chain_heads(session)}
        assert (await verify_all_chains(session, noted=noted)).defects == ()
    await owner.execute("DELETE FROM guild WHERE id = $1", other_guild)
    async with stores.database.transaction() as session:
        [defect] = (await verify_all_chains(session, noted=noted)).defects
    assert (defect.guild_id, defect.kind) == (other_guild, DefectKind.DELETED)
