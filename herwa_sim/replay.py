"""Sends a history as ordinary messages of their true times, as fast as the bot acknowledges them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from herwa_shared.errors import BadRequest, NotFound, Unreachable
from herwa_sim.actions import messages
from herwa_sim.actions.channels import create_channel, create_thread
from herwa_sim.actions.members import create_user
from herwa_sim.entities import Channel, ChannelType, Guild, Member
from herwa_sim.events import Event
from herwa_sim.gateway_socket import Op
from herwa_sim.session import Line, Session
from herwa_sim.session_manager import Hub
from herwa_sim.snowflakes import LOW_BITS, digest, snowflake_at, stable_snowflake
from herwa_sim.world import World

UNACKNOWLEDGED_CHUNKS = 2
PATIENCE = 30.0


class Row(NamedTuple):
    """One message of a history."""

    sent_at: datetime
    category: str
    channel: str
    thread: str
    author: str
    length: int
    attachments: int


@dataclass(slots=True, eq=False)
class Chunk:
    """Messages on their way, and the sequence by which each session will have had them."""

    events: list[Event]
    marks: dict[Session, int] = field(default_factory=dict)
    asked: dict[Session, Line] = field(default_factory=dict)

    @property
    def is_acknowledged(self) -> bool:
        return any(session.acknowledged >= mark for session, mark in self.marks.items())

    @property
    def is_lost(self) -> bool:
        """True when every session that was sent these is gone for good."""
        return all(session.ended for session in self.marks)

    @property
    def unasked(self) -> list[tuple[Session, Line]]:
        """Sockets that were not yet asked for a heartbeat behind these messages: a resumed session has a new one."""
        lines = [(session, session.line) for session in self.marks]
        return [(session, line) for session, line in lines if line is not None and self.asked.get(session) is not line]


class History:
    """One replay into one guild. Rows come in the order of time, all of a millisecond together."""

    def __init__(self, world: World, hub: Hub, guild: Guild, *, patience: float = PATIENCE) -> None:
        self.guild = guild
        self._patience = patience
        self.sent = 0
        self._world = world
        self._hub = hub
        self._places: dict[tuple[str, str, str], Channel] = {}
        self._authors: dict[str, int] = {}
        self._chunks: list[Chunk] = []

    async def send(self, rows: Sequence[Row]) -> None:
        """Send the rows, then wait until so little is unacknowledged that more may come."""
        await self.tell([self._message(row, id_) for id_, row in identified(self.guild.id, rows)])
        self.sent += len(rows)

    async def tell(self, events: list[Event]) -> None:
        """The same for any events of this guild: they come in this order, also when a session is lost on the way."""
        self._chunks.append(Chunk(events))
        await self._deliver(self._chunks[-1])
        self._world.changed()
        await self._settle(down_to=UNACKNOWLEDGED_CHUNKS - 1)

    async def finish(self) -> None:
        """Wait until the last message is acknowledged."""
        await self._settle(down_to=0)

    def _message(self, row: Row, id_: int) -> Event:
        channel = self._place(row)
        return messages.remember(
            self._world,
            channel,
            author_id=self._author(row),
            length=row.length,
            attachments=row.attachments,
            message_id=id_,
            sent_at=row.sent_at,
        )

    def _author(self, row: Row) -> int:
        """The author's user, a member since the first message that was seen; nobody is told of a joining long ago."""
        if row.author not in self._authors:
            user = create_user(self._world, name=f"author-{row.author}")
            self.guild.members.setdefault(user.id, Member(user.id, row.sent_at))
            self._authors[row.author] = user.id
        return self._authors[row.author]

    def _place(self, row: Row) -> Channel:
        key = (row.category, row.channel, row.thread)
        if key not in self._places:
            self._places[key] = self._thread(row) if row.thread else self._channel(row)
        return self._places[key]

    def _channel(self, row: Row) -> Channel:
        category = None
        if row.category:
            category = create_channel(self._world, self.guild, name=row.category, type_=ChannelType.CATEGORY).id
        return create_channel(self._world, self.guild, name=row.channel, parent_id=category)

    def _thread(self, row: Row) -> Channel:
        parent = self._channel(row)
        id_ = stable_snowflake(self.guild.id, "thread", parent.id, row.thread)
        return self.guild.threads.get(id_) or create_thread(
            self._world, parent, name=row.thread, owner_id=self.guild.owner_id, id_=id_, created_at=row.sent_at
        )

    async def _deliver(self, chunk: Chunk) -> None:
        await self._hub.room()
        if not await self._hub.wait_for(lambda: bool(self._hub.connected(self.guild.id)), self._patience):
            raise Unreachable(f"No bot is connected for the server {self.guild.name}: start it with `herwa bot`.")
        if any(earlier.is_lost for earlier in self._chunks[: self._chunks.index(chunk)]):
            return  # a new session must have the earlier ones first: _settle sends them all again, in order
        for event in chunk.events:
            self._hub.dispatch(event)
        chunk.marks = {session: session.sequence for session in self._hub.connected(self.guild.id)}
        chunk.asked = {}

    async def _settle(self, *, down_to: int) -> None:
        while len(self._chunks) > down_to:
            oldest = self._chunks[0]
            for session, line in oldest.unasked:
                line.send(Op.HEARTBEAT)
                oldest.asked[session] = line
            await self._hub.wait_for(lambda: _moved(self._chunks[0]), 1.0)
            if oldest.is_acknowledged:
                self._chunks.pop(0)
            elif oldest.is_lost:
                for chunk in self._chunks:
                    await self._deliver(chunk)
            elif not await self._hub.wait_for(lambda: bool(self._hub.connected(self.guild.id)), self._patience):
                raise Unreachable(f"The bot of the server {self.guild.name} went away and did not come back.")


def _moved(chunk: Chunk) -> bool:
    return chunk.is_acknowledged or chunk.is_lost or bool(chunk.unasked)


def identified(guild_id: int, rows: Sequence[Row]) -> list[tuple[int, Row]]:
    """Each row with its message id, ascending. The same row in the same guild always has the same id."""
    wanted = sorted((snowflake_at(row.sent_at, digest(guild_id, *row)), row) for row in rows)
    found: list[tuple[int, Row]] = []
    last = 0
    for id_, row in wanted:
        same_millisecond = id_ >> LOW_BITS == last >> LOW_BITS
        last = max(id_, last + 1) if same_millisecond else id_
        found.append((last, row))
    return found


class Histories:
    """The replays that are under way, by a key that the client holds."""

    def __init__(self) -> None:
        self._open: dict[str, History] = {}

    def begin(self, history: History) -> str:
        key = secrets.token_hex(8)
        self._open[key] = history
        return key

    def get(self, key: str) -> History:
        if key not in self._open:
            raise NotFound("No such replay is under way: the local Discord was started anew. Run it again.")
        return self._open[key]

    def end(self, key: str) -> None:
        self._open.pop(key, None)


def row_from(wire: Sequence[Any]) -> Row:
    """A row as the control API sends it: seven values, the time as ISO 8601."""
    if len(wire) != len(Row._fields):
        raise BadRequest(f"A row has {len(Row._fields)} values: {', '.join(Row._fields)}.")
    return Row(datetime.fromisoformat(wire[0]), *wire[1:])
