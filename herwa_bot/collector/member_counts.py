"""How many members a guild has and how many are online: samples for history, the newest for live counters.

Members come and go by events; Discord itself is asked in rounds, which also tells who is online without the presence
intent. Each round walks through all guilds, 200 a question, at a pace that is polite at any size.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

import aiohttp
import discord

from herwa_bot.collector.parsing.members import build_sample
from herwa_bot.collector.payload_fields import InvalidPayload, Payload, parse_int32, parse_snowflake, require_type
from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_shared.pipeline.events import ActivityEvent, EventKind

log = get_logger(__name__)

PAGE_SIZE = 200
SAMPLE_INTERVAL_MS = 300_000
POLL_INTERVAL_SECONDS = 60.0  # of few guilds; at 10,000 a round takes five minutes
PAGE_INTERVAL_SECONDS = 6.0
RECENT_JOIN_MS = 60_000

FetchPage = Callable[[int], Awaitable[Sequence[Payload]]]
EventSink = Callable[[Iterable[ActivityEvent]], None]


class MemberCounts:
    """The newest counts, by guild."""

    def __init__(self) -> None:
        self.members: dict[int, int] = {}
        self.online: dict[int, int] = {}
        self.changed: set[int] = set()
        self.poll_now = asyncio.Event()
        self._last_sample_slots: dict[int, int] = {}

    def set_member_count(self, guild_id: int, member_count: int) -> None:
        """Discord described a guild; who is online there is still to be asked."""
        self.members[guild_id] = member_count
        self.changed.add(guild_id)
        if guild_id not in self.online:
            self.poll_now.set()

    def add_member(self, guild_id: int, *, joined_at_ms: int, now_ms: int) -> None:
        """One more, unless that was long ago and is only told again."""
        if guild_id in self.members and joined_at_ms > now_ms - RECENT_JOIN_MS:
            self.members[guild_id] += 1

    def remove_member(self, guild_id: int) -> None:
        """One less."""
        if self.members.get(guild_id):
            self.members[guild_id] -= 1

    def remove_guild(self, guild_id: int) -> None:
        """Nobody counts there any more."""
        for counts in (self.members, self.online, self._last_sample_slots):
            counts.pop(guild_id, None)
        self.changed.add(guild_id)

    def update(self, guild_id: int, *, member_count: int, online_count: int, now_ms: int) -> list[ActivityEvent]:
        """Discord's own counts; the samples that are due with them, one of each kind in every five minutes."""
        if guild_id not in self.members:
            return []
        self.members[guild_id], self.online[guild_id] = member_count, online_count
        self.changed.add(guild_id)
        if self._last_sample_slots.get(guild_id) == (sample_slot := now_ms // SAMPLE_INTERVAL_MS):
            return []
        self._last_sample_slots[guild_id] = sample_slot
        counts = ((EventKind.MEMBER_COUNT, member_count), (EventKind.ONLINE_COUNT, online_count))
        return [build_sample(guild_id, kind, count, at_ms=now_ms) for kind, count in counts]


async def poll_forever(member_counts: MemberCounts, fetch_page: FetchPage, add_events: EventSink) -> None:
    """Ask round after round, for ever. `ask` gives the page of guilds after an id."""
    while True:
        member_counts.poll_now.clear()
        page_count = await _poll_once(member_counts, fetch_page, add_events)
        await asyncio.sleep(PAGE_INTERVAL_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(
                member_counts.poll_now.wait(), timeout=POLL_INTERVAL_SECONDS - page_count * PAGE_INTERVAL_SECONDS
            )


async def _poll_once(member_counts: MemberCounts, fetch_page: FetchPage, add_events: EventSink) -> int:
    """One round; how many questions it took."""
    after_id, page_count = 0, 0
    while True:
        try:
            page = await fetch_page(after_id)
            page_count += 1
            add_events(_apply_page(member_counts, page))
            if len(page) < PAGE_SIZE:
                return page_count
            after_id = max(parse_snowflake(guild, "id") for guild in page)
        except (discord.HTTPException, aiohttp.ClientError, OSError, LookupError, TypeError, ValueError) as error:
            log.warning("the counts of members wait for the next round", error=repr(error)[:200])
            return page_count
        await asyncio.sleep(PAGE_INTERVAL_SECONDS)


def _apply_page(member_counts: MemberCounts, page: Iterable[Payload]) -> list[ActivityEvent]:
    now_ms = int(utc_now().timestamp() * 1000)
    events: list[ActivityEvent] = []
    for guild in page:
        member_count, online_count = (
            _parse_count(guild, "approximate_member_count"),
            _parse_count(guild, "approximate_presence_count"),
        )
        events += member_counts.update(
            parse_snowflake(guild, "id"), member_count=member_count, online_count=online_count, now_ms=now_ms
        )
    return events


def _parse_count(guild: Payload, field: str) -> int:
    if require_type(guild, field, int) < 0:
        raise InvalidPayload(field)
    return parse_int32(guild, field)
