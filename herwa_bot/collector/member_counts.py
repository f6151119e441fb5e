"""Poll member and online counts of all guilds.

The latest ones are the live counters; those that have changed are stored as samples for the history. Joins and leaves
adjust the member count between polls. Polling also gives the number of online members without the presence intent. Each
poll walks through all guilds, 200 per request, at a low, fixed request rate.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import aiohttp
import discord

from herwa_bot.collector.parsing.members import build_sample
from herwa_bot.collector.payload_fields import InvalidPayload, Payload, parse_int32, parse_snowflake, require_type
from herwa_shared.clock import utc_now
from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger
from herwa_shared.pipeline.events import ActivityEvent, EventKind

log = get_logger(__name__)

PAGE_SIZE = 200
MIN_SAMPLE_INTERVAL_MS = 300_000
POLL_INTERVAL_SECONDS = 60.0  # with few guilds; with 10,000 one poll takes five minutes
PAGE_INTERVAL_SECONDS = 6.0
RECENT_JOIN_MS = 60_000

FetchPage = Callable[[int], Awaitable[Sequence[Payload]]]
GetTime = Callable[[int], int]
EventSink = Callable[[Iterable[ActivityEvent]], None]


class StoredSample(NamedTuple):
    """The newest sample of a guild and kind that was stored; `at_ms` are milliseconds since 1970."""

    at_ms: int
    value: int


class MemberCounts:
    """Latest member and online counts, by guild ID.

    `changed_guild_ids` holds the IDs of guilds whose counts changed since a consumer cleared it. `poll_now` requests an
    early poll.
    """

    def __init__(self) -> None:
        self.members: dict[int, int] = {}
        self.online: dict[int, int] = {}
        self.changed_guild_ids: set[int] = set()
        self.poll_now = asyncio.Event()
        self._joined_at_ms: dict[int, int] = {}
        self._stored_samples: dict[EventKind, dict[int, StoredSample]] = {
            EventKind.MEMBER_COUNT: {},
            EventKind.ONLINE_COUNT: {},
        }

    def set_member_count(self, guild_id: int, member_count: int, *, joined_at: datetime) -> None:
        """Set a guild's member count from GUILD_CREATE; the bot joined it at `joined_at`.

        Requests a poll if the guild's online count is unknown.
        """
        self.members[guild_id] = member_count
        self._joined_at_ms[guild_id] = math.ceil(joined_at.timestamp() * 1000)
        self.changed_guild_ids.add(guild_id)
        if guild_id not in self.online:
            self.poll_now.set()

    def add_member(self, guild_id: int, *, joined_at_ms: int, now_ms: int) -> None:
        """Count a join, unless it is older than RECENT_JOIN_MS and thus only a repeated event."""
        if guild_id in self.members and joined_at_ms > now_ms - RECENT_JOIN_MS:
            self.members[guild_id] += 1

    def remove_member(self, guild_id: int) -> None:
        """Count a leave."""
        if self.members.get(guild_id):
            self.members[guild_id] -= 1

    def remove_guild(self, guild_id: int) -> None:
        """Forget a guild that the bot was removed from."""
        for values in (self.members, self.online, self._joined_at_ms):
            values.pop(guild_id, None)
        for samples in self._stored_samples.values():
            samples.pop(guild_id, None)
        self.changed_guild_ids.add(guild_id)

    def update(
        self, guild_id: int, *, member_count: int, online_count: int, now_ms: int, covered_since_ms: int
    ) -> list[ActivityEvent]:
        """Set polled counts. Returns those to store: the first since `covered_since_ms`, then changed ones.

        A stored sample holds until the next one or until the end of the coverage, so that only changes are stored, at
        most one of each kind in MIN_SAMPLE_INTERVAL_MS. Nothing is stored while the guild is not covered.
        """
        if guild_id not in self.members:
            return []
        self.members[guild_id], self.online[guild_id] = member_count, online_count
        self.changed_guild_ids.add(guild_id)
        if now_ms < covered_since_ms:
            return []
        counts = ((EventKind.MEMBER_COUNT, member_count), (EventKind.ONLINE_COUNT, online_count))
        due = [(kind, count) for kind, count in counts if self._is_due(kind, guild_id, count, now_ms, covered_since_ms)]
        # Coverage begins when the bot joined, by Discord's clock, which may be ahead of ours.
        at_ms = max(now_ms, self._joined_at_ms[guild_id])
        for kind, count in due:
            self._stored_samples[kind][guild_id] = StoredSample(at_ms, count)
        return [build_sample(guild_id, kind, count, at_ms=at_ms) for kind, count in due]

    def _is_due(self, kind: EventKind, guild_id: int, count: int, now_ms: int, covered_since_ms: int) -> bool:
        stored = self._stored_samples[kind].get(guild_id)
        if stored is None or stored.at_ms < covered_since_ms:
            return True
        return count != stored.value and now_ms - stored.at_ms >= MIN_SAMPLE_INTERVAL_MS


async def poll_forever(
    member_counts: MemberCounts, fetch_page: FetchPage, add_events: EventSink, get_covered_since_ms: GetTime
) -> None:
    """Poll all guilds until cancelled.

    `fetch_page` returns the page of guilds after a guild ID, `get_covered_since_ms` the time since which the coverage
    of a guild has no break.
    """
    while True:
        member_counts.poll_now.clear()
        page_count = await _poll_once(member_counts, fetch_page, add_events, get_covered_since_ms)
        await asyncio.sleep(PAGE_INTERVAL_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(
                member_counts.poll_now.wait(), timeout=POLL_INTERVAL_SECONDS - page_count * PAGE_INTERVAL_SECONDS
            )


async def _poll_once(
    member_counts: MemberCounts, fetch_page: FetchPage, add_events: EventSink, get_covered_since_ms: GetTime
) -> int:
    """Poll all guilds once. Returns the number of requests; stops at the first failure."""
    after_id, page_count = 0, 0
    while True:
        try:
            page = await fetch_page(after_id)
            page_count += 1
            add_events(_apply_page(member_counts, page, get_covered_since_ms))
            if len(page) < PAGE_SIZE:
                return page_count
            after_id = max(parse_snowflake(guild, "id") for guild in page)
        except (discord.HTTPException, aiohttp.ClientError, OSError, LookupError, TypeError, ValueError) as error:
            log.warning("member count poll failed", error=format_reason(error))
            return page_count
        await asyncio.sleep(PAGE_INTERVAL_SECONDS)


def _apply_page(
    member_counts: MemberCounts, page: Iterable[Payload], get_covered_since_ms: GetTime
) -> list[ActivityEvent]:
    now_ms = int(utc_now().timestamp() * 1000)
    events: list[ActivityEvent] = []
    for guild in page:
        member_count, online_count = (
            _parse_count(guild, "approximate_member_count"),
            _parse_count(guild, "approximate_presence_count"),
        )
        guild_id = parse_snowflake(guild, "id")
        events += member_counts.update(
            guild_id,
            member_count=member_count,
            online_count=online_count,
            now_ms=now_ms,
            covered_since_ms=get_covered_since_ms(guild_id),
        )
    return events


def _parse_count(guild: Payload, field: str) -> int:
    """Parse a required, non-negative 32-bit count.

    Raises LookupError if it is missing, else InvalidPayload.
    """
    if require_type(guild, field, int) < 0:
        raise InvalidPayload(field)
    return parse_int32(guild, field)
