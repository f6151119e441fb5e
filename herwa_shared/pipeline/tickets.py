"""Tickets: threads in support channels, with their first response, stored in the transaction of their messages.

A collector saves the description of a thread before any message in it, so that the ticket of a message is known. The
earliest message by another person than the opener is the first response, in whatever order the messages are stored and
however often. The caller holds the append lock, so that a ticket is not changed between reading and writing it.

An opener who is hidden is stored as a pseudonym of this ticket: their own messages are still no response, and two
tickets of theirs are not connected.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg

from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.privacy_filter import PrivacyFilter

# Only threads that were opened after their channel was marked: of earlier ones, messages were stored without looking.
SAVE_TICKETS_SQL = """
INSERT INTO ticket (guild_id, thread_id, channel_id, opener_id, opened_at, closed, status_at)
SELECT opened.*
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::bool[], $7::timestamptz[])
    AS opened (guild_id, thread_id, channel_id, opener_id, opened_at, closed, status_at)
JOIN support_channel AS s ON s.guild_id = opened.guild_id AND s.channel_id = opened.channel_id
WHERE opened.opened_at >= s.marked_at
ON CONFLICT DO NOTHING
"""
SAVE_STATUSES_SQL = """
UPDATE ticket AS t SET closed = status.closed, status_at = status.status_at
FROM unnest($1::bigint[], $2::bigint[], $3::bool[], $4::timestamptz[])
    AS status (guild_id, thread_id, closed, status_at)
WHERE t.guild_id = status.guild_id AND t.thread_id = status.thread_id AND t.status_at <= status.status_at
"""
OPEN_TICKETS_SQL = (
    "SELECT guild_id, thread_id, channel_id FROM ticket WHERE guild_id = ANY($1::bigint[]) AND NOT closed"
)
TICKETS_SQL = """
SELECT t.guild_id, t.thread_id, t.opener_id, t.response_id
FROM unnest($1::bigint[], $2::bigint[]) AS thread (guild_id, thread_id)
JOIN ticket AS t ON t.guild_id = thread.guild_id AND t.thread_id = thread.thread_id
"""
SAVE_RESPONSE_SQL = """
UPDATE ticket SET response_id = $3, responder_id = $4, responded_at = $5 WHERE guild_id = $1 AND thread_id = $2
"""

ThreadKey = tuple[int, int]


class ThreadStatus(NamedTuple):
    """Whether a thread is archived or deleted, since `status_at`."""

    guild_id: int
    thread_id: int
    closed: bool
    status_at: datetime


class ThreadDescription(NamedTuple):
    """A thread as Discord describes it when it is opened, and after a restart if it is active."""

    guild_id: int
    thread_id: int
    channel_id: int
    opener_id: int
    opened_at: datetime
    closed: bool
    status_at: datetime


@dataclass(frozen=True, slots=True)
class ActiveThreads:
    """All active threads of a guild that the bot can see, at `at`; none of those in `hidden_channel_ids`."""

    guild_id: int
    thread_ids: frozenset[int]
    hidden_channel_ids: frozenset[int]
    at: datetime


async def save_threads(
    connection: asyncpg.Connection, threads: Iterable[ThreadDescription], *, privacy: PrivacyFilter | None = None
) -> None:
    """Save the tickets among the threads, each once. `privacy` hides openers; only tests may omit it.

    The caller has locked appends and refreshed `privacy`.
    """
    rows = [thread if privacy is None else _hide_opener(thread, privacy) for thread in threads]
    if rows:
        await connection.execute(SAVE_TICKETS_SQL, *zip(*rows, strict=True))


async def save_thread_statuses(connection: asyncpg.Connection, statuses: Sequence[ThreadStatus]) -> None:
    """Save which tickets are closed; the newest status wins."""
    if statuses:
        newest: dict[ThreadKey, ThreadStatus] = {}
        for status in sorted(statuses, key=lambda status: status.status_at):
            newest[status.guild_id, status.thread_id] = status
        await connection.execute(SAVE_STATUSES_SQL, *zip(*newest.values(), strict=True))


async def close_inactive_tickets(connection: asyncpg.Connection, guilds: Collection[ActiveThreads]) -> None:
    """Close the tickets that were closed while the collector did not listen: their threads are not active any more."""
    if not guilds:
        return
    by_guild = {guild.guild_id: guild for guild in guilds}
    closed = [
        ThreadStatus(row["guild_id"], row["thread_id"], True, guild.at)
        for row in await connection.fetch(OPEN_TICKETS_SQL, list(by_guild))
        if row["thread_id"] not in (guild := by_guild[row["guild_id"]]).thread_ids
        and row["channel_id"] not in guild.hidden_channel_ids
    ]
    await save_thread_statuses(connection, closed)


async def record_responses(
    connection: asyncpg.Connection, events: Iterable[ActivityEvent], *, privacy: PrivacyFilter | None = None
) -> None:
    """Record the first responses among these events. They still have their members, also hidden ones.

    The caller holds the append lock and has refreshed `privacy`.
    """
    messages: dict[ThreadKey, list[ActivityEvent]] = {}
    for event in events:
        if event.thread_id and event.kind == EventKind.MESSAGE and event.message_id:
            messages.setdefault((event.guild_id, event.thread_id), []).append(event)
    if not messages:
        return
    for ticket in await connection.fetch(TICKETS_SQL, *zip(*messages, strict=True)):
        response = _find_response(ticket, messages[ticket["guild_id"], ticket["thread_id"]], privacy)
        if response is not None:
            is_hidden = privacy is not None and privacy.is_hidden(response)
            await connection.execute(
                SAVE_RESPONSE_SQL,
                response.guild_id,
                response.thread_id,
                response.message_id,
                0 if is_hidden else response.user_id,
                datetime.fromtimestamp(response.at_ms / 1000, UTC),
            )


def _find_response(
    ticket: asyncpg.Record, messages: Iterable[ActivityEvent], privacy: PrivacyFilter | None
) -> ActivityEvent | None:
    """Find the earliest message by another person, if it is earlier than the stored response."""
    responses = (
        message
        for message in messages
        if (ticket["response_id"] is None or message.message_id < ticket["response_id"])
        and not _is_opener(ticket, message.user_id, privacy)
    )
    return min(responses, key=lambda message: message.message_id, default=None)


def _is_opener(ticket: asyncpg.Record, user_id: int, privacy: PrivacyFilter | None) -> bool:
    opener_id: int = ticket["opener_id"]
    if opener_id < FIRST_PSEUDONYM or privacy is None:
        return opener_id == user_id
    return opener_id == privacy.build_ticket_pseudonym(ticket["guild_id"], user_id, ticket["thread_id"])


def _hide_opener(thread: ThreadDescription, privacy: PrivacyFilter) -> ThreadDescription:
    opened_ms = round(thread.opened_at.timestamp() * 1000)
    if not privacy.find(thread.guild_id, thread.opener_id).is_hidden(opened_ms):
        return thread
    pseudonym = privacy.build_ticket_pseudonym(thread.guild_id, thread.opener_id, thread.thread_id)
    return thread._replace(opener_id=pseudonym)
