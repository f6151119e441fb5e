"""Tells the bot a server's past as the gateway would have: joinings, threads and messages of their true times."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from herwa_sim.actions import messages
from herwa_sim.actions.members import create_user
from herwa_sim.behavior.history_generator import Opened, Past, Said
from herwa_sim.behavior.member_profiles import Person
from herwa_sim.behavior.server_setup import channel_id
from herwa_sim.entities import Channel, ChannelType, Guild
from herwa_sim.events import Event
from herwa_sim.replay import History
from herwa_sim.serialize.guilds import channel_json
from herwa_sim.serialize.members import member_json
from herwa_sim.snowflakes import LOW_BITS, digest, moment_of, snowflake_at
from herwa_sim.world import World

PIECE = 4000
ASLEEP_AFTER = timedelta(days=3)


class Told(NamedTuple):
    """One thing to tell, with the id that says when it was."""

    id: int
    what: Person | Opened | Said


class Retelling:
    """One server's past on its way. The same past has the same ids, so that telling it again adds nothing."""

    def __init__(self, world: World, guild: Guild, history: History, past: Past) -> None:
        self.guild = guild
        self.messages = len(past.said)
        self.sent = 0
        self._world = world
        self._history = history
        self._story = _in_order(guild, past)
        self._opened = [thread.id for thread in past.opened]
        self._place = 0
        self._users: dict[str, int] = {}
        self._last: dict[int, int] = {}

    @property
    def is_told(self) -> bool:
        return self._place >= len(self._story)

    async def step(self) -> None:
        """Tell the next piece; returns when the bot is close enough behind for more."""
        piece = self._story[self._place : self._place + PIECE]
        await self._history.tell([event for told in piece for event in self._events(told)])
        self._place += len(piece)
        self.sent += sum(isinstance(told.what, Said) for told in piece)

    async def finish(self) -> None:
        """Wait until the bot has acknowledged the last of it, and let old threads fall asleep."""
        await self._history.finish()
        threads = [self.guild.threads[id_] for id_ in self._opened if id_ in self.guild.threads]
        last = {one.id: moment_of(one.last_message_id or one.id) for one in threads}
        for thread in threads:
            if last[thread.id] < max(last.values()) - ASLEEP_AFTER:
                thread.archived = True
                self._world.messages.pop(thread.id, None)  # nobody looks there any more, and the world stays small
        self._world.changed()

    def _events(self, told: Told) -> Iterator[Event]:
        match told.what:
            case Person():
                yield from self._joined(told.what)
            case Opened():
                yield self._thread(told.what)
            case Said():
                yield self._message(told.id, told.what)

    def _joined(self, person: Person) -> Iterator[Event]:
        user = self._world.user(self._user(person.name))
        member = self.guild.members.get(user.id)
        if member is not None and member.joined_at == person.joined_at:
            data = member_json(member, user) | {"guild_id": str(self.guild.id)}
            yield Event("GUILD_MEMBER_ADD", data, guild_id=self.guild.id)

    def _thread(self, opened: Opened) -> Event:
        thread = self.guild.threads.get(opened.id) or Channel(
            opened.id,
            self.guild.id,
            ChannelType.PUBLIC_THREAD,
            opened.title,
            parent_id=channel_id(self.guild, opened.channel),
            owner_id=self._user(opened.owner),
            created_at=moment_of(opened.id),
        )
        thread.members.setdefault(self._user(opened.owner), opened.sent_at)
        self.guild.threads[thread.id] = self._world.channels[thread.id] = thread
        data = channel_json(thread) | {"newly_created": True}
        return Event("THREAD_CREATE", data, guild_id=self.guild.id)

    def _message(self, id_: int, said: Said) -> Event:
        channel = self._world.channel(said.thread or channel_id(self.guild, said.channel))
        author_id = self._user(said.author)
        if channel.is_thread:
            channel.members.setdefault(author_id, said.sent_at)
        event = messages.remember(
            self._world,
            channel,
            message_id=id_,
            author_id=author_id,
            sent_at=said.sent_at,
            length=said.length,
            attachments=said.attachments,
            reply_to=self._last.get(channel.id) if said.reply else None,
        )
        self._last[channel.id] = id_
        return event

    def _user(self, name: str) -> int:
        if name not in self._users:
            self._users[name] = create_user(self._world, name=name).id
        return self._users[name]


def _in_order(guild: Guild, past: Past) -> Sequence[Told]:
    """Everything by its time; a thread before its first message."""
    story = [Told(snowflake_at(person.joined_at), person) for person in past.joined]
    story += [Told(thread.id, thread) for thread in past.opened]
    forums = {one.name for one in guild.channels.values() if one.type == ChannelType.FORUM}
    posts = {thread.id for thread in past.opened if thread.channel in forums}
    taken: set[int] = set()
    for said in past.said:
        id_ = said.thread if said.thread in posts else snowflake_at(said.sent_at, digest(guild.id, *said))
        posts.discard(id_)  # only the first message of a post has the post's own id
        while id_ in taken:
            id_ += 1
        taken.add(id_)
        story.append(Told(id_, said))
    return sorted(story, key=lambda told: (told.id >> LOW_BITS, isinstance(told.what, Said), told.id))
