"""The tickets of a window: opened, answered, still open, time to the first response, who answered."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.analytics.first_responses import (
    compute_long_wait,
    compute_median,
    read_first_responses,
)
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.db import get_driver_connection
from herwa_shared.listed_members import find_hidden_members
from herwa_shared.models import SupportChannel, Ticket


@dataclass(frozen=True, slots=True)
class TicketSummary:
    """The tickets that were opened in a window, as they are now.

    `open_count` are neither archived nor deleted. `median_seconds` and `long_wait_seconds`, the 90th percentile, are
    times to the first response; None if none was answered. `responders` are members with the number of tickets that
    they answered first, the highest first; without those whom no list may show.
    """

    opened_count: int
    answered_count: int
    open_count: int
    median_seconds: int | None
    long_wait_seconds: int | None
    responders: Sequence[tuple[int, int]]


async def load_ticket_summary(session: AsyncSession, query: ActivityQuery) -> TicketSummary | None:
    """Load the summary of a window; None if it has no tickets and the guild has no support channel."""
    counts = select(func.count(), func.count(col(Ticket.response_id)), func.count().filter(~col(Ticket.closed)))
    window = _list_conditions(query)
    opened_count, answered_count, open_count = (await session.execute(counts.where(*window))).one()
    if not opened_count and not await _has_support_channel(session, query.guild_id):
        return None
    connection = await get_driver_connection(session)
    responses = await read_first_responses(connection, query.guild_id, query.start, query.end)
    responders = await session.scalars(select(col(Ticket.responder_id)).where(*window, col(Ticket.responder_id) != 0))
    counts_by_responder = Counter(user_id for user_id in responders if user_id is not None)
    hidden = await find_hidden_members(session, guild_id=query.guild_id, user_ids=counts_by_responder)
    ranking = sorted(counts_by_responder.items(), key=lambda item: (-item[1], item[0]))
    return TicketSummary(
        opened_count,
        answered_count,
        open_count,
        compute_median(responses.seconds),
        compute_long_wait(responses.seconds),
        [(user_id, count) for user_id, count in ranking if user_id not in hidden],
    )


async def _has_support_channel(session: AsyncSession, guild_id: int) -> bool:
    query = select(SupportChannel.channel_id).where(col(SupportChannel.guild_id) == guild_id).limit(1)
    return await session.scalar(query) is not None


def _list_conditions(query: ActivityQuery) -> tuple[ColumnElement[bool], ...]:
    opened_at = col(Ticket.opened_at)
    return col(Ticket.guild_id) == query.guild_id, opened_at >= query.start, opened_at < query.end
