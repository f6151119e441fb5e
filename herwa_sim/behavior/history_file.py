"""The generated past of a server as a Herwa history file, which `herwa import` reads; its messages enter the world.

The format is described in docs/history-files.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import orjson

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions import messages
from herwa_sim.actions.members import create_user
from herwa_sim.behavior.history_generator import PastMessage, PastThread, ServerHistory
from herwa_sim.behavior.member_profiles import MemberProfile, list_member_profiles
from herwa_sim.behavior.past_activity import (
    PastCounts,
    PastDeletion,
    PastEdit,
    PastReaction,
    PastVisit,
    PastVoiceSession,
    generate_counts,
    generate_reactions_and_edits,
    generate_visits,
    generate_voice_sessions,
)
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.behavior.server_setup import get_channel_id
from herwa_sim.entities import Json, SimChannel, SimGuild
from herwa_sim.snowflakes import create_snowflake, create_stable_snowflake, digest, to_datetime
from herwa_sim.world import World

BATCH_MESSAGES = 2_000
ARCHIVE_AGE = timedelta(days=3)
KINDS = ["message", "edit", "delete", "reaction", "thread", "voice", "join", "leave", "members", "online"]

PastEvent = PastReaction | PastEdit | PastDeletion | PastVoiceSession


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """Whose past it is, and which: `[begin, end)`."""

    profile: ServerProfile
    set_up_at: datetime
    begin: datetime
    end: datetime


class HistoryFile:
    """The file of one server. Ids are deterministic, so a second file of the same period is equal to the first."""

    def __init__(self, world: World, guild: SimGuild, period: PastPeriod, history: ServerHistory, path: Path) -> None:
        self.guild = guild
        self.path = path
        self.message_count = len(history.messages)
        self.sent_count = 0
        self._world = world
        self._period = period
        self._history = history
        self._message_ids = _assign_message_ids(guild, history)
        self._user_ids: dict[str, int] = {}
        self._channel_ids: dict[str, int] = {}
        self._last_message_ids: dict[int, int] = {}
        self._partial_path = path.with_suffix(".part")
        self._partial_path.unlink(missing_ok=True)

    @property
    def is_finished(self) -> bool:
        """True when every message is written."""
        return self.sent_count >= self.message_count

    def write_batch(self) -> None:
        """Write the next messages; before the first ones, everything else."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._partial_path.open("ab") as file:
            if not self.sent_count:
                self._write_lines(file, self._build_first_lines())
            batch = slice(self.sent_count, self.sent_count + BATCH_MESSAGES)
            pairs = zip(self._message_ids[batch], self._history.messages[batch], strict=True)
            self._write_lines(file, (self._record_message(id_, message) for id_, message in pairs))
        self.sent_count = min(batch.stop, self.message_count)

    def finish(self) -> Path:
        """Complete the file, archive inactive threads, and return its path."""
        self._partial_path.replace(self.path)
        ids = [thread.id for thread in self._history.threads]
        threads = [self.guild.threads[id_] for id_ in ids if id_ in self.guild.threads]
        last_activity = {thread.id: to_datetime(thread.last_message_id or thread.id) for thread in threads}
        for thread in threads:
            if last_activity[thread.id] < max(last_activity.values()) - ARCHIVE_AGE:
                thread.archived = True
                self._world.messages.pop(thread.id, None)  # archived threads are not shown; this keeps the world small
        self._world.publish()
        return self.path

    def _write_lines(self, file: IO[bytes], lines: Iterator[Json]) -> None:
        file.writelines(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)

    def _build_first_lines(self) -> Iterator[Json]:
        period, profile = self._period, self._period.profile
        header = {"format": "herwa-history", "version": 1, "guild_id": str(self.guild.id), "kinds": KINDS}
        yield header | {"from": period.begin.isoformat(), "to": period.end.isoformat()}
        members = list_member_profiles(profile, period.set_up_at)
        yield from self._build_names(members)
        for thread in self._history.threads:
            yield self._record_thread(thread)
        window = {"begin": period.begin, "end": period.end}
        events: Iterator[PastEvent] = generate_reactions_and_edits(profile, self._history, period.end)
        for event in events:
            yield self._build_event_line(event)
        for session in generate_voice_sessions(profile, period.set_up_at, members, **window):
            yield self._build_event_line(session)
        visits = generate_visits(profile, self._history, **window)
        yield from self._build_membership_lines(visits)
        joins = sorted(
            [member.joined_at for member in self._history.joined_members]
            + [visit.joined_at for visit in visits if visit.joined_at >= period.begin]
        )
        leaves = [visit.left_at for visit in visits]
        for counts in generate_counts(profile, joins, leaves, **window, members_at_end=len(members)):
            yield from _build_count_lines(counts)

    def _build_names(self, members: tuple[MemberProfile, ...]) -> Iterator[Json]:
        for name in (member.name for member in members):
            yield {"kind": "member", "user_id": self._get_user_id(name), "name": name}
        bot_name = self._period.profile.bot_name
        yield {"kind": "member", "user_id": self._get_user_id(bot_name), "name": bot_name, "bot": True}

    def _record_thread(self, past_thread: PastThread) -> Json:
        owner_id, channel_id = self._get_user_id(past_thread.owner), self._get_channel_id(past_thread.channel)
        thread = self.guild.threads.get(past_thread.id) or SimChannel(
            past_thread.id,
            self.guild.id,
            ChannelType.PUBLIC_THREAD,
            past_thread.title,
            parent_id=int(channel_id),
            owner_id=int(owner_id),
            created_at=to_datetime(past_thread.id),
        )
        thread.members.setdefault(int(owner_id), past_thread.sent_at)
        self.guild.threads[thread.id] = self._world.channels[thread.id] = thread
        at = past_thread.sent_at.isoformat()
        line = {"kind": "thread", "at": at, "channel_id": channel_id, "thread_id": str(thread.id)}
        return line | {"user_id": owner_id}

    def _record_message(self, id_: int, message: PastMessage) -> Json:
        channel_id = self._get_channel_id(message.channel)
        channel = self._world.get_channel(message.thread or int(channel_id))
        author_id = self._get_user_id(message.author)
        if channel.is_thread:
            channel.members.setdefault(int(author_id), message.sent_at)
        reply_to = self._last_message_ids.get(channel.id) if message.is_reply else None
        messages.record_message(
            self._world,
            channel,
            message_id=id_,
            author_id=int(author_id),
            sent_at=message.sent_at,
            length=message.length,
            attachments=message.attachments,
            reply_to=reply_to,
        )
        self._last_message_ids[channel.id] = id_
        line = {"kind": "message", "id": str(id_), "channel_id": channel_id, "user_id": author_id}
        line |= {"thread_id": str(message.thread)} if message.thread else {}
        line |= {"author": "bot"} if message.author == self._period.profile.bot_name else {}
        return line | {"reply": reply_to is not None, "length": message.length, "attachments": message.attachments}

    def _build_event_line(self, event: PastEvent) -> Json:
        line: Json = {"at": event.at.isoformat(), "channel_id": self._get_channel_id(event.channel)}
        if not isinstance(event, PastVoiceSession) and event.thread:
            line["thread_id"] = str(event.thread)
        match event:
            case PastReaction():
                return line | {"kind": "reaction", "user_id": self._get_user_id(event.member)}
            case PastEdit():
                return line | {"kind": "edit", "user_id": self._get_user_id(event.author)}
            case PastDeletion():
                return line | {"kind": "delete"}
            case PastVoiceSession():
                flags = {"muted": event.muted, "streaming": event.streaming, "video": event.video}
                user_id = self._get_user_id(event.member)
                return line | {"kind": "voice", "user_id": user_id, "seconds": event.seconds} | flags

    def _build_membership_lines(self, visits: tuple[PastVisit, ...]) -> Iterator[Json]:
        for member in self._history.joined_members:
            yield {"kind": "join", "at": member.joined_at.isoformat(), "user_id": self._get_user_id(member.name)}
        for visit in visits:
            user_id = str(create_stable_snowflake(self.guild.id, "visit", visit.number))
            joined_at = visit.joined_at.isoformat()
            if visit.joined_at >= self._period.begin:
                yield {"kind": "join", "at": joined_at, "user_id": user_id}
            yield {"kind": "leave", "at": visit.left_at.isoformat(), "user_id": user_id, "joined_at": joined_at}

    def _get_user_id(self, name: str) -> str:
        if name not in self._user_ids:
            self._user_ids[name] = create_user(self._world, name=name).id
        return str(self._user_ids[name])

    def _get_channel_id(self, name: str) -> str:
        if name not in self._channel_ids:
            self._channel_ids[name] = get_channel_id(self.guild, name)
        return str(self._channel_ids[name])


def _build_count_lines(counts: PastCounts) -> Iterator[Json]:
    at = counts.at.isoformat()
    yield {"kind": "members", "at": at, "count": counts.members}
    yield {"kind": "online", "at": at, "count": counts.online}


def _assign_message_ids(guild: SimGuild, history: ServerHistory) -> list[int]:
    """Assign an id to each message; the first message of a forum post has the post's id."""
    forum_names = {channel.name for channel in guild.channels.values() if channel.type == ChannelType.FORUM}
    post_ids = {thread.id for thread in history.threads if thread.channel in forum_names}
    used_ids: set[int] = set()
    ids: list[int] = []
    for message in history.messages:
        is_first = message.thread in post_ids
        id_ = message.thread if is_first else create_snowflake(message.sent_at, digest(guild.id, *message))
        post_ids.discard(id_)
        while id_ in used_ids:
            id_ += 1
        used_ids.add(id_)
        ids.append(id_)
    return ids
