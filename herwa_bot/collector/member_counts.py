"""How many members a guild has and how many are online: samples for history, the newest for live counters.

Members come and go by events; Discord itself is asked in rounds, which also tells who is online without the presence
intent. Each round walks through all guilds, 200 a question, at a pace that is polite at any size.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

import aiohttp
import discord

from herwa_bot.collector.parsing.members import sample
from herwa_bot.collector.payload_fields import Impossible, Payload, small, snowflake, typed
from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_shared.pipeline.events import Event, EventKind

log = get_logger(__name__)

PAGE = 200
SAMPLE_MS = 300_000
ROUND_SECONDS = 60.0  # of few guilds; at 10,000 a round takes five minutes
PAGE_SECONDS = 6.0
JUST_NOW_MS = 60_000

Ask = Callable[[int], Awaitable[Sequence[Payload]]]
Sink = Callable[[Iterable[Event]], None]


class Census:
    """The newest counts, by guild."""

    def __init__(self) -> None:
        self.members: dict[int, int] = {}
        self.online: dict[int, int] = {}
        self.moved: set[int] = set()
        self.curious = asyncio.Event()
        self._sampled: dict[int, int] = {}

    def described(self, guild_id: int, members: int) -> None:
        """Discord described a guild; who is online there is still to be asked."""
        self.members[guild_id] = members
        self.moved.add(guild_id)
        if guild_id not in self.online:
            self.curious.set()

    def joined(self, guild_id: int, *, at_ms: int, now_ms: int) -> None:
        """One more, unless that was long ago and is only told again."""
        if guild_id in self.members and at_ms > now_ms - JUST_NOW_MS:
            self.members[guild_id] += 1

    def left(self, guild_id: int) -> None:
        """One less."""
        if self.members.get(guild_id):
            self.members[guild_id] -= 1

    def guild_left(self, guild_id: int) -> None:
        """Nobody counts there any more."""
        for counts in (self.members, self.online, self._sampled):
            counts.pop(guild_id, None)
        self.moved.add(guild_id)

    def told(self, guild_id: int, *, members: int, online: int, now_ms: int) -> list[Event]:
        """Discord's own counts; the samples that are due with them, one of each kind in every five minutes."""
        if guild_id not in self.members:
            return []
        self.members[guild_id], self.online[guild_id] = members, online
        self.moved.add(guild_id)
        if self._sampled.get(guild_id) == (due := now_ms // SAMPLE_MS):
            return []
        self._sampled[guild_id] = due
        counts = ((EventKind.MEMBER_COUNT, members), (EventKind.ONLINE_COUNT, online))
        return [sample(guild_id, kind, count, at_ms=now_ms) for kind, count in counts]


async def go_rounds(census: Census, ask: Ask, sink: Sink) -> None:
    """Ask round after round, for ever. `ask` gives the page of guilds after an id."""
    while True:
        census.curious.clear()
        pages = await _go_round(census, ask, sink)
        await asyncio.sleep(PAGE_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(census.curious.wait(), timeout=ROUND_SECONDS - pages * PAGE_SECONDS)


async def _go_round(census: Census, ask: Ask, sink: Sink) -> int:
    """One round; how many questions it took."""
    after, pages = 0, 0
    while True:
        try:
            page = await ask(after)
            pages += 1
            sink(_counted(census, page))
            if len(page) < PAGE:
                return pages
            after = max(snowflake(guild, "id") for guild in page)
        except (discord.HTTPException, aiohttp.ClientError, OSError, LookupError, TypeError, ValueError) as error:
            log.warning("the counts of members wait for the next round", error=repr(error)[:200])
            return pages
        await asyncio.sleep(PAGE_SECONDS)


def _counted(census: Census, page: Iterable[Payload]) -> list[Event]:
    now_ms = int(utc_now().timestamp() * 1000)
    events: list[Event] = []
    for guild in page:
        members, online = _count(guild, "approximate_member_count"), _count(guild, "approximate_presence_count")
        events += census.told(snowflake(guild, "id"), members=members, online=online, now_ms=now_ms)
    return events


def _count(guild: Payload, field: str) -> int:
    if typed(guild, field, int) < 0:
        raise Impossible(field)
    return small(guild, field)
