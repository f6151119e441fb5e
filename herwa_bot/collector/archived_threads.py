"""List threads through Discord's REST API that no gateway event names.

GUILD_CREATE names the active threads of a guild only. Archived ones have to be listed channel by channel: by a
back-fill, and after a break, since a thread may have got messages and been archived meanwhile. After a break only those
lists are requested that can have such a thread (docs/decisions/0038).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any, NamedTuple

import discord

from herwa_bot.collector.payload_fields import parse_datetime
from herwa_shared.discord.constants import ChannelType
from herwa_shared.log import get_logger
from herwa_shared.models.collection import ALL_CHANNELS
from herwa_shared.pipeline.catch_up import CLOCK_MARGIN, CatchUpSpan, UnlistedPeriod

log = get_logger(__name__)

Payload = Mapping[str, Any]


class ThreadList(Enum):
    """One of Discord's lists of the archived threads of a channel, each with a route of its own."""

    PUBLIC = auto()
    PRIVATE = auto()  # all private threads; needs Manage Threads
    JOINED_PRIVATE = auto()  # those that the bot is in


class ThreadParent(NamedTuple):
    """A channel that can have threads, with the bot's permissions in it."""

    channel_id: int
    type: int
    can_read_history: bool
    can_manage_threads: bool


class ThreadListing(NamedTuple):
    """Threads of a guild. `is_complete`: the bot was allowed to list those of each channel.

    `have_archived_threads`: whether each channel whose public threads were listed has any archived ones.
    """

    threads: Sequence[Payload]
    is_complete: bool
    have_archived_threads: Mapping[int, bool]


ListThreadParents = Callable[[int], Iterable[ThreadParent]]
"""Lists the channels of a guild that can have threads and that the bot can view."""
FetchActiveThreads = Callable[[int], Awaitable[Payload]]
"""Fetches the active threads of a guild."""
FetchArchivedThreads = Callable[[ThreadList, int, str | None], Awaitable[Payload]]
"""Fetches the page of a channel's list before a position in it."""
ChooseLists = Callable[[ThreadParent], Sequence[ThreadList]]
"""Chooses the lists of a channel that are requested."""


class ThreadLister:
    """Lists threads. It never requests a list that the bot is not allowed to read.

    Discord blocks an application for a while after 10,000 refused requests in ten minutes.
    """

    def __init__(
        self,
        list_parents: ListThreadParents,
        fetch_active_threads: FetchActiveThreads,
        fetch_archived_threads: FetchArchivedThreads,
    ) -> None:
        self._list_parents = list_parents
        self._fetch_active_threads = fetch_active_threads
        self._fetch_archived_threads = fetch_archived_threads

    async def list_missed(self, period: UnlistedPeriod) -> ThreadListing:
        """List the threads that may have messages in a period. Raises discord.HTTPException.

        Without Manage Threads in a channel, `list_joined` lists the private threads of which nothing is known.
        """
        parents, span = period.parents, period.span

        def choose(parent: ThreadParent) -> Sequence[ThreadList]:
            lists = _choose_lists(parent)
            if span.channel_id != ALL_CHANNELS:
                return lists if parent.channel_id == span.channel_id else ()
            if parents is None:
                return lists
            requested = {ThreadList.PRIVATE}
            if parent.channel_id in parents.public_ids:
                requested.add(ThreadList.PUBLIC)
            if parent.channel_id in parents.private_ids:
                requested.add(ThreadList.JOINED_PRIVATE)
            return [thread_list for thread_list in lists if thread_list in requested]

        return await self._list_in_span(span, choose)

    async def list_joined(self, period: UnlistedPeriod) -> ThreadListing:
        """List the private threads that the bot is in, of the channels that `list_missed` left out. Raises the same."""
        parents = period.parents

        def choose(parent: ThreadParent) -> Sequence[ThreadList]:
            if parents is None or parent.channel_id in parents.private_ids:
                return ()
            return [thread_list for thread_list in _choose_lists(parent) if thread_list is ThreadList.JOINED_PRIVATE]

        return await self._list_in_span(period.span, choose)

    async def list_archived(self, guild_id: int) -> ThreadListing:
        """List all archived threads of a guild. Raises discord.HTTPException."""
        return await self._list_chosen(guild_id, _choose_lists)

    async def _list_in_span(self, span: CatchUpSpan, choose_lists: ChooseLists) -> ThreadListing:
        """List chosen archived threads, and the active ones that GUILD_CREATE may not have named.

        GUILD_CREATE named the threads that were active at the end of a guild's span, but not those that were archived
        then and are active again. If no list is requested, there are none.
        """
        listing = await self._list_chosen(span.guild_id, choose_lists, since=span.from_at - CLOCK_MARGIN)
        if not any(choose_lists(parent) for parent in self._list_parents(span.guild_id)):
            return listing
        page = await self._fetch_active_threads(span.guild_id)
        active = [thread for thread in page["threads"] if _may_be_unnamed(thread, span)]
        return listing._replace(threads=[*listing.threads, *active])

    async def _list_chosen(
        self, guild_id: int, choose_lists: ChooseLists, *, since: datetime | None = None
    ) -> ThreadListing:
        """List the archived threads of a guild that are in chosen lists.

        `since`: only those that were archived later are needed; earlier ones may be among the result.
        """
        threads: list[Payload] = []
        is_complete, have_archived_threads = True, {}
        for parent in self._list_parents(guild_id):
            lists = choose_lists(parent)
            if lists and not parent.can_read_history:
                is_complete = False
                continue
            try:
                for thread_list in lists:
                    listed = await self._list_pages(thread_list, parent.channel_id, since)
                    threads += listed
                    if thread_list is ThreadList.PUBLIC:
                        have_archived_threads[parent.channel_id] = bool(listed)
            except (discord.Forbidden, discord.NotFound) as error:  # the permissions have just changed
                log.info("archived threads cannot be listed", channel=parent.channel_id, status=error.status)
                is_complete = is_complete and not isinstance(error, discord.Forbidden)
        return ThreadListing(threads, is_complete, have_archived_threads)

    async def _list_pages(self, thread_list: ThreadList, channel_id: int, since: datetime | None) -> list[Payload]:
        threads: list[Payload] = []
        before: str | None = None
        while True:
            page = await self._fetch_archived_threads(thread_list, channel_id, before)
            threads += page["threads"]
            if not page.get("has_more") or not page["threads"]:
                return threads
            oldest = page["threads"][-1]
            if thread_list is ThreadList.JOINED_PRIVATE:
                before = str(oldest["id"])
                continue
            before = str(oldest["thread_metadata"]["archive_timestamp"])
            if since is not None and parse_datetime(oldest["thread_metadata"], "archive_timestamp") < since:
                return threads


def _may_be_unnamed(thread: Payload, span: CatchUpSpan) -> bool:
    """Return whether an active thread belongs to the span's channel, or was archived at the end of a guild's span."""
    if span.channel_id != ALL_CHANNELS:
        return bool(thread["parent_id"] == str(span.channel_id))
    return parse_datetime(thread["thread_metadata"], "archive_timestamp") > span.to_at - 2 * CLOCK_MARGIN


def _choose_lists(parent: ThreadParent) -> tuple[ThreadList, ...]:
    """Return all lists of a channel that the bot may request."""
    if parent.type != ChannelType.TEXT:
        return (ThreadList.PUBLIC,)  # announcement channels and forums have no private threads
    return ThreadList.PUBLIC, ThreadList.PRIVATE if parent.can_manage_threads else ThreadList.JOINED_PRIVATE
