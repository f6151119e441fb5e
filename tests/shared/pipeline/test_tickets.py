"""First responses to tickets: the earliest message by another person, in any order and however often it is stored."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.models import SupportChannel
from herwa_shared.pipeline.buffer import append_events, lock_appends
from herwa_shared.pipeline.events import EventKind
from herwa_shared.pipeline.history_pages import ChannelTask, store_history_page
from herwa_shared.pipeline.privacy_filter import FIRST_PSEUDONYM, PrivacyFilter
from herwa_shared.pipeline.tickets import (
    ActiveThreads,
    ThreadDescription,
    ThreadStatus,
    close_inactive_tickets,
    save_thread_statuses,
    save_threads,
)
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.privacy.erasure import request_erasure
from tests.support.db_assertions import fetch_rows
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import add_guild

CHANNEL, THREAD, OPENER, HELPER, OTHER = 5, 50, 7, 8, 9
OPENED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPENED_MS = int(OPENED_AT.timestamp() * 1000)
TICKETS_QUERY = """
SELECT thread_id, opener_id, responder_id, extract(epoch FROM responded_at - opened_at)::int, closed
FROM ticket WHERE guild_id = :g ORDER BY thread_id
"""


def describe_thread(guild_id, thread=THREAD, *, channel=CHANNEL, opened_at=OPENED_AT, closed=False):
    return ThreadDescription(guild_id, thread, channel, OPENER, opened_at, closed, opened_at)


def build_message(guild_id, seconds, user, *, kind=EventKind.MESSAGE, thread=THREAD):
    message_id = build_snowflake(OPENED_MS + seconds * 1000, low_bits=user)
    return build_message_event(guild_id, message_id, channel=CHANNEL, thread=thread, user=user)._replace(kind=kind)


@pytest.fixture
async def guild(stores) -> int:
    """A guild with a support channel that was marked before OPENED_AT."""
    guild_id = await add_guild(stores)
    async with stores.database.transaction() as session:
        session.add(SupportChannel(guild_id=guild_id, channel_id=CHANNEL, marked_at=OPENED_AT - timedelta(days=1)))
    return guild_id


async def save(stores, *threads, privacy=None):
    async with stores.database.acquire_connection() as connection, connection.transaction():
        await lock_appends(connection)
        if privacy is not None:
            await privacy.refresh(connection)
        await save_threads(connection, threads, privacy=privacy)


async def append(stores, *events, privacy=None):
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, events, privacy=privacy)


async def list_tickets(stores, guild_id):
    return [tuple(row) for row in await fetch_rows(stores, TICKETS_QUERY, g=guild_id)]


@pytest.mark.parametrize("order", itertools.permutations(range(4)))
async def test_earliest_message_by_another_person_wins_in_any_order(stores, guild, order):
    await save(stores, describe_thread(guild))
    messages = [
        build_message(guild, 0, OPENER),
        build_message(guild, 30, 99, kind=EventKind.MESSAGE_BOT),
        build_message(guild, 60, HELPER),
        build_message(guild, 90, OTHER),
    ]
    for index in order:
        await append(stores, messages[index])
    await append(stores, *messages)
    await save(stores, describe_thread(guild))
    assert await list_tickets(stores, guild) == [(THREAD, OPENER, HELPER, 60, False)]


async def test_one_batch_is_the_same_as_many(stores, guild):
    await save(stores, describe_thread(guild), describe_thread(guild, 51))
    await append(
        stores,
        build_message(guild, 9, OTHER, kind=EventKind.MESSAGE_WEBHOOK),
        build_message(guild, 20, OTHER),
        build_message(guild, 10, HELPER),
        build_message(guild, 40, OPENER, thread=51),
        build_message(guild, 5, OTHER, thread=0),
    )
    assert await list_tickets(stores, guild) == [(THREAD, OPENER, HELPER, 10, False), (51, OPENER, None, None, False)]


async def test_earlier_response_that_is_fetched_afterwards_wins(stores, guild):
    await save(stores, describe_thread(guild))
    await append(stores, build_message(guild, 500, OTHER))
    missed = [build_message(guild, 100, HELPER), build_message(guild, 50, OPENER)]
    task = ChannelTask(guild, THREAD, OPENED_AT, 0, 1, build_snowflake(OPENED_MS + 300_000), 2**62)
    privacy = PrivacyFilter(stores.database.audit_key)
    for _ in range(2):
        async with stores.database.acquire_connection() as connection:
            await store_history_page(connection, task, missed, oldest_id=None, names=(), privacy=privacy)
    assert await list_tickets(stores, guild) == [(THREAD, OPENER, HELPER, 100, False)]


async def test_threads_of_other_channels_and_from_before_the_mark_are_no_tickets(stores, guild):
    earlier = OPENED_AT - timedelta(days=2)
    await save(stores, describe_thread(guild, 51, channel=6), describe_thread(guild, 52, opened_at=earlier))
    assert await list_tickets(stores, guild) == []


async def test_newest_status_of_a_thread_wins(stores, guild):
    await save(stores, describe_thread(guild), describe_thread(guild, 51, closed=True))
    minute = timedelta(minutes=1)
    statuses = [
        ThreadStatus(guild, THREAD, False, OPENED_AT + 2 * minute),
        ThreadStatus(guild, THREAD, True, OPENED_AT + minute),
        ThreadStatus(guild, 51, True, OPENED_AT - minute),
        ThreadStatus(guild, 52, True, OPENED_AT),
    ]
    async with stores.database.acquire_connection() as connection:
        await save_thread_statuses(connection, statuses)
        await save_thread_statuses(connection, statuses[1:2])
    assert [row[4] for row in await list_tickets(stores, guild)] == [False, True]


async def test_tickets_that_are_not_active_after_a_restart_are_closed(stores, guild):
    await save(stores, *(describe_thread(guild, thread) for thread in (50, 51)))
    other_guild = await add_guild(stores)
    active = [ActiveThreads(guild, frozenset([51]), frozenset(), utc_now())]
    active.append(ActiveThreads(other_guild, frozenset(), frozenset(), utc_now()))
    async with stores.database.acquire_connection() as connection:
        await close_inactive_tickets(connection, [ActiveThreads(guild, frozenset(), frozenset([CHANNEL]), utc_now())])
        assert [row[4] for row in await list_tickets(stores, guild)] == [False, False]
        await close_inactive_tickets(connection, active)
    assert [row[4] for row in await list_tickets(stores, guild)] == [True, False]


async def opt_out(stores, guild_id, user_id):
    async with stores.database.transaction() as session:
        await set_opt_out(session, guild_id=guild_id, user_id=user_id, opted_out=True)


async def test_opener_who_opted_out_is_a_pseudonym_and_gives_no_response(stores, guild):
    await opt_out(stores, guild, OPENER)
    privacy = PrivacyFilter(stores.database.audit_key)
    await save(stores, describe_thread(guild), describe_thread(guild, 51), privacy=privacy)
    first, second = [row[1] for row in await list_tickets(stores, guild)]
    assert first != second
    assert min(first, second) >= FIRST_PSEUDONYM
    await append(stores, build_message(guild, 5, OPENER), privacy=privacy)
    assert [row[2] for row in await list_tickets(stores, guild)] == [None, None]
    await append(stores, build_message(guild, 9, HELPER), privacy=privacy)
    assert (await list_tickets(stores, guild))[0][2:4] == (HELPER, 9)


async def test_response_of_a_member_who_opted_out_counts_without_them(stores, guild):
    privacy = PrivacyFilter(stores.database.audit_key)
    await save(stores, describe_thread(guild), privacy=privacy)
    await opt_out(stores, guild, HELPER)
    await append(stores, build_message(guild, 9, HELPER), privacy=privacy)
    assert await list_tickets(stores, guild) == [(THREAD, OPENER, 0, 9, False)]


async def test_erasure_replaces_opener_and_responder_and_keeps_the_ticket_exact(stores, guild):
    privacy = PrivacyFilter(stores.database.audit_key)
    await save(stores, describe_thread(guild), describe_thread(guild, 51), privacy=privacy)
    await append(stores, build_message(guild, 9, HELPER, thread=51), privacy=privacy)
    async with stores.database.transaction() as session:
        for user_id in (OPENER, HELPER):
            await request_erasure(session, guild_id=guild, user_id=user_id)
    unanswered, answered = await list_tickets(stores, guild)
    assert answered[2:4] == (0, 9)
    assert min(unanswered[1], answered[1]) >= FIRST_PSEUDONYM
    await append(stores, build_message(guild, 5, OPENER), privacy=privacy)
    assert (await list_tickets(stores, guild))[0] == unanswered
