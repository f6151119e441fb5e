"""Opt-out: in force from the commit on, in every process, in one guild or everywhere; the table names no one."""

from datetime import timedelta

import pytest

from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.clock import utc_now
from herwa_shared.db import get_driver_connection
from herwa_shared.listed_members import find_hidden_members, load_listed_members
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.voice_sessions import VoiceChange, VoiceSessionRow, save_voice_changes
from herwa_shared.privacy.choices import load_privacy_status, set_opt_out
from herwa_shared.privacy.erasure import request_erasure
from herwa_shared.services.direct_messages import is_muted, set_muted
from herwa_shared.services.display_names import list_recent_members
from tests.shared.privacy.conftest import MEMBER, OTHER
from tests.support.db_assertions import fetch_rows
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import add_guild, add_member

START_MS = 1_800_000_000_000
KINDS_QUERY = "SELECT kind, user_id, count(*) FROM event_buffer WHERE guild_id = :guild GROUP BY 1, 2 ORDER BY 1, 2"


@pytest.fixture
async def empty_guild(stores) -> int:
    return await add_guild(stores)


async def choose(stores, guild_id, *, opted_out, user_id=MEMBER) -> bool:
    async with stores.database.transaction() as session:
        return await set_opt_out(session, guild_id=guild_id, user_id=user_id, opted_out=opted_out)


async def load_status(stores, guild_id):
    async with stores.database.transaction() as session:
        return await load_privacy_status(session, guild_id=guild_id, user_id=MEMBER)


async def store_messages(stores, guild_id, privacy, *numbers, users=(MEMBER, OTHER)) -> list:
    """Store one message per number and user; return the stored users."""
    events = [
        build_message_event(guild_id, build_snowflake(START_MS + number * 1000, user % 100), user=user)
        for number in numbers
        for user in users
    ]
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, events, privacy=privacy)
    return await fetch_rows(stores, KINDS_QUERY, guild=guild_id)


def build_membership(guild_id, kind, at_ms) -> ActivityEvent:
    return ActivityEvent(guild_id, kind, at_ms, 0, 0, MEMBER, False, None, None, 0, 0)


async def test_member_is_hidden_while_opted_out_and_counted_before_and_after(stores, empty_guild):
    privacy = PrivacyFilter(stores.database.audit_key)
    assert await store_messages(stores, empty_guild, privacy, 1) == [("message", MEMBER, 1), ("message", OTHER, 1)]
    assert await choose(stores, empty_guild, opted_out=True)
    assert await store_messages(stores, empty_guild, privacy, 2) == [
        ("message", 0, 1), ("message", MEMBER, 1), ("message", OTHER, 2),
    ]  # fmt: skip
    restarted = PrivacyFilter(stores.database.audit_key)
    assert await store_messages(stores, empty_guild, restarted, 3) == [
        ("message", 0, 2), ("message", MEMBER, 1), ("message", OTHER, 3),
    ]  # fmt: skip
    assert await choose(stores, empty_guild, opted_out=False)
    assert await store_messages(stores, empty_guild, privacy, 4) == [
        ("message", 0, 2), ("message", MEMBER, 2), ("message", OTHER, 4),
    ]  # fmt: skip


async def test_same_choice_again_changes_nothing(stores, empty_guild):
    assert not await choose(stores, empty_guild, opted_out=False)
    assert await choose(stores, empty_guild, opted_out=True)
    assert not await choose(stores, empty_guild, opted_out=True)


async def test_opt_out_of_one_guild_leaves_other_guilds(stores, empty_guild):
    other_guild = await add_guild(stores)
    privacy = PrivacyFilter(stores.database.audit_key)
    await choose(stores, empty_guild, opted_out=True)
    assert await store_messages(stores, other_guild, privacy, 1, users=[MEMBER]) == [("message", MEMBER, 1)]


async def test_opt_out_everywhere_and_of_one_guild_are_independent(stores, empty_guild):
    privacy = PrivacyFilter(stores.database.audit_key)
    await choose(stores, None, opted_out=True)
    await choose(stores, empty_guild, opted_out=True)
    await choose(stores, empty_guild, opted_out=False)
    status = await load_status(stores, empty_guild)
    assert (status.opted_out_here, status.opted_out_everywhere, status.is_opted_out) == (False, True, True)
    assert await store_messages(stores, empty_guild, privacy, 1, users=[MEMBER]) == [("message", 0, 1)]
    await choose(stores, None, opted_out=False)
    assert not (await load_status(stores, empty_guild)).is_opted_out
    assert await store_messages(stores, empty_guild, privacy, 2, users=[MEMBER]) == [
        ("message", 0, 1), ("message", MEMBER, 1),
    ]  # fmt: skip


async def test_joins_leaves_and_voice_are_counted_once_without_the_member(stores, empty_guild):
    privacy = PrivacyFilter(stores.database.audit_key)
    await choose(stores, empty_guild, opted_out=True)
    session = VoiceSessionRow(
        empty_guild, MEMBER, 5, START_MS, START_MS + 60_000, muted=False, streaming=False, video=False, open=True
    )
    voice_event = ActivityEvent(empty_guild, EventKind.VOICE, START_MS, 5, 0, MEMBER, False, 60, None, 0, 0)
    events = [
        build_membership(empty_guild, EventKind.JOIN, START_MS),
        build_membership(empty_guild, EventKind.LEAVE, START_MS + 5000),
    ]
    async with stores.database.acquire_connection() as connection:
        for _ in range(2):  # Discord repeats them, and an attempt to store is repeated
            await append_events(connection, events, privacy=privacy)
            await save_voice_changes(connection, [VoiceChange(session, [voice_event])], privacy=privacy)
    assert await fetch_rows(stores, KINDS_QUERY, guild=empty_guild) == [
        ("join", 0, 1),
        ("leave", 0, 1),
        ("voice", 0, 1),
    ]
    for table in ("membership_period", "voice_session"):
        assert await fetch_rows(stores, f"SELECT user_id FROM {table} WHERE guild_id = :guild", guild=empty_guild) == []


async def test_name_of_a_member_who_opted_out_is_deleted_when_they_leave(stores, guild):
    privacy = PrivacyFilter(stores.database.audit_key)
    await choose(stores, guild, opted_out=True)
    names = "SELECT user_id FROM member WHERE guild_id = :guild ORDER BY user_id"
    assert await fetch_rows(stores, names, guild=guild) == [(MEMBER,), (OTHER,)]
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, [build_membership(guild, EventKind.LEAVE, START_MS)], privacy=privacy)
    assert await fetch_rows(stores, names, guild=guild) == [(OTHER,)]


async def test_opting_out_ends_running_accounts_of_the_member_only(stores, guild):
    await choose(stores, guild, opted_out=True)
    for table in ("membership_period", "voice_session"):
        assert await fetch_rows(stores, f"SELECT user_id FROM {table} WHERE guild_id = :guild", guild=guild) == [
            (OTHER,)
        ]


async def test_table_names_no_user(stores, owner, empty_guild):
    user_id = 1_000_000_000_000_000_066
    await choose(stores, empty_guild, opted_out=True, user_id=user_id)
    await choose(stores, None, opted_out=True, user_id=user_id)
    rows = await owner.fetch("SELECT t::text AS content FROM privacy_choice AS t")
    assert len(rows) >= 2
    assert not any(str(user_id) in row["content"] for row in rows)


async def test_lists_show_no_member_who_opted_out_or_is_being_erased(stores, empty_guild):
    here, everywhere, erased, elsewhere, other = range(71, 76)
    other_guild = await add_guild(stores)
    await choose(stores, empty_guild, opted_out=True, user_id=here)
    await choose(stores, None, opted_out=True, user_id=everywhere)
    await choose(stores, other_guild, opted_out=True, user_id=elsewhere)
    async with stores.database.transaction() as session:
        await request_erasure(session, guild_id=empty_guild, user_id=erased)
    users = (here, everywhere, erased, elsewhere, other)
    for user_id in users:
        await add_member(stores, empty_guild, user_id, f"Member {user_id}")
    async with stores.database.transaction() as session:
        hidden = await find_hidden_members(session, guild_id=empty_guild, user_ids=users)
        assert hidden == {here, everywhere, erased}
        assert await find_hidden_members(session, guild_id=empty_guild, user_ids=()) == frozenset()
        listed = await load_listed_members(
            await get_driver_connection(session),
            stores.database.audit_key,
            guild_id=empty_guild,
            user_ids=(*users, 76, FIRST_PSEUDONYM),
        )
        assert listed == {elsewhere: "Member 74", other: "Member 75", 76: None, FIRST_PSEUDONYM: None}
        recent = await list_recent_members(session, guild_id=empty_guild, since=utc_now() - timedelta(days=1))
        assert recent == {elsewhere: "Member 74", other: "Member 75"}
    await choose(stores, None, opted_out=False, user_id=everywhere)


async def test_direct_messages_are_off_until_switched_on_or_the_user_is_erased_everywhere(stores, empty_guild):
    async def switch(muted: bool) -> None:
        async with stores.database.transaction() as session:
            for _ in range(2):
                await set_muted(session, user_id=MEMBER, muted=muted)

    assert not (await load_status(stores, empty_guild)).is_muted
    await switch(True)
    assert (await load_status(stores, empty_guild)).is_muted
    await switch(False)
    assert not (await load_status(stores, empty_guild)).is_muted
    await switch(True)
    async with stores.database.transaction() as session:
        await request_erasure(session, guild_id=empty_guild, user_id=MEMBER)
        assert await is_muted(session, user_id=MEMBER)
        await request_erasure(session, guild_id=None, user_id=MEMBER)
        assert not await is_muted(session, user_id=MEMBER)


async def test_choices_of_another_copy_do_not_apply(stores, empty_guild):
    await choose(stores, empty_guild, opted_out=True)
    other_copy = PrivacyFilter(b"the audit key of another copy of Herwa")
    rows = await store_messages(stores, empty_guild, other_copy, 1, users=[MEMBER])
    assert rows == [("message", MEMBER, 1)]


async def test_status_without_choices_is_empty(stores, empty_guild):
    status = await load_status(stores, empty_guild)
    assert (status.opted_out_here, status.opted_out_everywhere) == (False, False)
    assert status.erasure is None or status.erasure.requested_at <= utc_now()
