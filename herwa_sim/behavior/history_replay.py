"""Replay of a generated history as gateway events.

Joins, threads and messages are sent with their original times.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions import messages
from herwa_sim.actions.members import create_user
from herwa_sim.behavior.history_generator import PastMessage, PastThread, ServerHistory
from herwa_sim.behavior.member_profiles import MemberProfile
from herwa_sim.behavior.server_setup import get_channel_id
from herwa_sim.entities import SimChannel, SimGuild
from herwa_sim.events import GatewayEvent
from herwa_sim.replay import Replay
from herwa_sim.serialize.guilds import serialize_channel
from herwa_sim.serialize.members import serialize_member
from herwa_sim.snowflakes import LOW_BITS, create_snowflake, digest, to_datetime
from herwa_sim.world import World

BATCH_SIZE = 4000
ARCHIVE_AGE = timedelta(days=3)


class HistoryEntry(NamedTuple):
    """One item of the history, with an id that encodes its time."""

    id: int
    item: MemberProfile | PastThread | PastMessage


class HistoryReplay:
    """The replay of one server's history.

    Ids are deterministic: a second replay of the same history adds nothing.
    """

    def __init__(self, world: World, guild: SimGuild, replay: Replay, history: ServerHistory) -> None:
        self.guild = guild
        self.message_count = len(history.messages)
        self.sent_count = 0
        self._world = world
        self._replay = replay
        self._entries = _order_entries(guild, history)
        self._thread_ids = [thread.id for thread in history.threads]
        self._position = 0
        self._user_ids: dict[str, int] = {}
        self._last_message_ids: dict[int, int] = {}

    @property
    def is_finished(self) -> bool:
        """True when every entry has been sent."""
        return self._position >= len(self._entries)

    async def send_batch(self) -> None:
        """Send the next batch; return when the bot has acknowledged enough to continue."""
        batch = self._entries[self._position : self._position + BATCH_SIZE]
        await self._replay.send_events([event for entry in batch for event in self._build_events(entry)])
        self._position += len(batch)
        self.sent_count += sum(isinstance(entry.item, PastMessage) for entry in batch)

    async def finish(self) -> None:
        """Wait until the bot has acknowledged everything, then archive inactive threads."""
        await self._replay.finish()
        threads = [self.guild.threads[id_] for id_ in self._thread_ids if id_ in self.guild.threads]
        last_activity = {candidate.id: to_datetime(candidate.last_message_id or candidate.id) for candidate in threads}
        for thread in threads:
            if last_activity[thread.id] < max(last_activity.values()) - ARCHIVE_AGE:
                thread.archived = True
                self._world.messages.pop(thread.id, None)  # archived threads are not shown; this keeps the world small
        self._world.publish()

    def _build_events(self, entry: HistoryEntry) -> Iterator[GatewayEvent]:
        match entry.item:
            case MemberProfile():
                yield from self._build_join_events(entry.item)
            case PastThread():
                yield self._build_thread_event(entry.item)
            case PastMessage():
                yield self._build_message_event(entry.id, entry.item)

    def _build_join_events(self, profile: MemberProfile) -> Iterator[GatewayEvent]:
        user = self._world.get_user(self._get_user_id(profile.name))
        member = self.guild.members.get(user.id)
        if member is not None and member.joined_at == profile.joined_at:
            data = serialize_member(member, user) | {"guild_id": str(self.guild.id)}
            yield GatewayEvent("GUILD_MEMBER_ADD", data, guild_id=self.guild.id)

    def _build_thread_event(self, past_thread: PastThread) -> GatewayEvent:
        thread = self.guild.threads.get(past_thread.id) or SimChannel(
            past_thread.id,
            self.guild.id,
            ChannelType.PUBLIC_THREAD,
            past_thread.title,
            parent_id=get_channel_id(self.guild, past_thread.channel),
            owner_id=self._get_user_id(past_thread.owner),
            created_at=to_datetime(past_thread.id),
        )
        thread.members.setdefault(self._get_user_id(past_thread.owner), past_thread.sent_at)
        self.guild.threads[thread.id] = self._world.channels[thread.id] = thread
        data = serialize_channel(thread) | {"newly_created": True}
        return GatewayEvent("THREAD_CREATE", data, guild_id=self.guild.id)

    def _build_message_event(self, id_: int, past_message: PastMessage) -> GatewayEvent:
        channel = self._world.get_channel(past_message.thread or get_channel_id(self.guild, past_message.channel))
        author_id = self._get_user_id(past_message.author)
        if channel.is_thread:
            channel.members.setdefault(author_id, past_message.sent_at)
        event = messages.record_message(
            self._world,
            channel,
            message_id=id_,
            author_id=author_id,
            sent_at=past_message.sent_at,
            length=past_message.length,
            attachments=past_message.attachments,
            reply_to=self._last_message_ids.get(channel.id) if past_message.is_reply else None,
        )
        self._last_message_ids[channel.id] = id_
        return event

    def _get_user_id(self, name: str) -> int:
        if name not in self._user_ids:
            self._user_ids[name] = create_user(self._world, name=name).id
        return self._user_ids[name]


def _order_entries(guild: SimGuild, history: ServerHistory) -> Sequence[HistoryEntry]:
    """Return all entries in chronological order; a thread comes before its first message."""
    entries = [HistoryEntry(create_snowflake(profile.joined_at), profile) for profile in history.joined_members]
    entries += [HistoryEntry(thread.id, thread) for thread in history.threads]
    forum_names = {channel.name for channel in guild.channels.values() if channel.type == ChannelType.FORUM}
    post_ids = {thread.id for thread in history.threads if thread.channel in forum_names}
    used_ids: set[int] = set()
    for message in history.messages:
        id_ = (
            message.thread
            if message.thread in post_ids
            else create_snowflake(message.sent_at, digest(guild.id, *message))
        )
        post_ids.discard(id_)  # only the first message of a post has the post's id
        while id_ in used_ids:
            id_ += 1
        used_ids.add(id_)
        entries.append(HistoryEntry(id_, message))
    return sorted(entries, key=lambda entry: (entry.id >> LOW_BITS, isinstance(entry.item, PastMessage), entry.id))
