"""Replay of a message history with original timestamps, with flow control.

Messages are sent as fast as the bot acknowledges them.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import ChannelType
from herwa_shared.discord.event_times import is_possible_event_time, to_unix_ms
from herwa_shared.errors import BadRequest, NotFound, ServiceUnavailable
from herwa_sim.actions import messages
from herwa_sim.actions.channels import create_channel, create_thread
from herwa_sim.actions.members import create_user
from herwa_sim.entities import SimChannel, SimGuild, SimMember
from herwa_sim.events import GatewayEvent
from herwa_sim.gateway_socket import Opcode
from herwa_sim.session import ResumableSession, SessionSocket
from herwa_sim.session_manager import SessionManager
from herwa_sim.snowflakes import LOW_BITS, create_snowflake, create_stable_snowflake, digest
from herwa_sim.texts import actions as texts
from herwa_sim.world import World

MAX_PENDING_CHUNKS = 2
RECONNECT_TIMEOUT_SECONDS = 30.0


class ReplayRow(NamedTuple):
    """One message of a history."""

    sent_at: datetime
    category: str
    channel: str
    thread: str
    author: str
    length: int
    attachments: int


@dataclass(slots=True, eq=False)
class ReplayChunk:
    """Events in flight, and for each session the sequence number of the last of them."""

    events: list[GatewayEvent]
    sequences: dict[ResumableSession, int] = field(default_factory=dict)
    heartbeat_requests: dict[ResumableSession, SessionSocket] = field(default_factory=dict)

    @property
    def is_acknowledged(self) -> bool:
        """True when at least one session has acknowledged all of these events."""
        return any(session.acknowledged >= sequence for session, sequence in self.sequences.items())

    @property
    def is_lost(self) -> bool:
        """True when every session that received these events has ended.

        Also true before the first delivery. The events must then be sent (again).
        """
        return all(session.ended for session in self.sequences)

    @property
    def pending_sockets(self) -> list[tuple[ResumableSession, SessionSocket]]:
        """Sockets that were sent no heartbeat request after these events.

        A resumed session has a new socket, which needs a request of its own.
        """
        sockets = [(session, session.socket) for session in self.sequences]
        return [
            (session, socket)
            for session, socket in sockets
            if socket is not None and self.heartbeat_requests.get(session) is not socket
        ]


class Replay:
    """A replay into one guild.

    Rows must arrive in chronological order, and all rows of one millisecond in the same batch.
    """

    def __init__(
        self,
        world: World,
        session_manager: SessionManager,
        guild: SimGuild,
        *,
        reconnect_timeout: float = RECONNECT_TIMEOUT_SECONDS,
    ) -> None:
        self.guild = guild
        self._reconnect_timeout = reconnect_timeout
        self.sent_count = 0
        self._world = world
        self._session_manager = session_manager
        self._channels: dict[tuple[str, str, str], SimChannel] = {}
        self._authors: dict[str, int] = {}
        self._chunks: list[ReplayChunk] = []

    async def send_rows(self, rows: Sequence[ReplayRow]) -> None:
        """Send the rows, then wait until few enough events are unacknowledged to continue."""
        await self.send_events([self._build_event(row, id_) for id_, row in assign_ids(self.guild.id, rows)])
        self.sent_count += len(rows)

    async def send_events(self, events: list[GatewayEvent]) -> None:
        """Send prepared events of this guild, with the same flow control as `send_rows`.

        The order is preserved even if a session is lost on the way.
        """
        self._chunks.append(ReplayChunk(events))
        await self._deliver(self._chunks[-1])
        self._world.publish()
        await self._wait_for_acknowledgments(down_to=MAX_PENDING_CHUNKS - 1)

    async def finish(self) -> None:
        """Wait until the last event is acknowledged."""
        await self._wait_for_acknowledgments(down_to=0)

    def _build_event(self, row: ReplayRow, id_: int) -> GatewayEvent:
        channel = self._get_channel(row)
        return messages.record_message(
            self._world,
            channel,
            author_id=self._get_author_id(row),
            length=row.length,
            attachments=row.attachments,
            message_id=id_,
            sent_at=row.sent_at,
        )

    def _get_author_id(self, row: ReplayRow) -> int:
        """Return the author's user id; the user becomes a member at the time of their first message.

        No GUILD_MEMBER_ADD is sent, because the join is in the past.
        """
        if row.author not in self._authors:
            user = create_user(self._world, name=f"author-{row.author}")
            self.guild.members.setdefault(user.id, SimMember(user.id, row.sent_at))
            self._authors[row.author] = user.id
        return self._authors[row.author]

    def _get_channel(self, row: ReplayRow) -> SimChannel:
        key = (row.category, row.channel, row.thread)
        if key not in self._channels:
            self._channels[key] = self._create_thread(row) if row.thread else self._create_channel(row)
        return self._channels[key]

    def _create_channel(self, row: ReplayRow) -> SimChannel:
        category_id = None
        if row.category:
            category_id = create_channel(self._world, self.guild, name=row.category, type_=ChannelType.CATEGORY).id
        return create_channel(self._world, self.guild, name=row.channel, parent_id=category_id)

    def _create_thread(self, row: ReplayRow) -> SimChannel:
        parent = self._create_channel(row)
        id_ = create_stable_snowflake(self.guild.id, "thread", parent.id, row.thread)
        return self.guild.threads.get(id_) or create_thread(
            self._world, parent, name=row.thread, owner_id=self.guild.owner_id, id_=id_, created_at=row.sent_at
        )

    async def _deliver(self, chunk: ReplayChunk) -> None:
        await self._session_manager.wait_for_capacity()
        if not await self._session_manager.wait_for(
            lambda: bool(self._session_manager.list_connected(self.guild.id)), self._reconnect_timeout
        ):
            raise ServiceUnavailable(texts.format_no_bot(self.guild.name))
        if any(earlier.is_lost for earlier in self._chunks[: self._chunks.index(chunk)]):
            # A new session must receive the earlier chunks first: _wait_for_acknowledgments resends all in order.
            return
        for event in chunk.events:
            self._session_manager.dispatch(event)
        chunk.sequences = {session: session.sequence for session in self._session_manager.list_connected(self.guild.id)}
        chunk.heartbeat_requests = {}

    async def _wait_for_acknowledgments(self, *, down_to: int) -> None:
        while len(self._chunks) > down_to:
            oldest = self._chunks[0]
            for session, socket in oldest.pending_sockets:
                socket.send(Opcode.HEARTBEAT)
                oldest.heartbeat_requests[session] = socket
            await self._session_manager.wait_for(lambda: _has_progress(self._chunks[0]), 1.0)
            if oldest.is_acknowledged:
                self._chunks.pop(0)
            elif oldest.is_lost:
                for chunk in self._chunks:
                    await self._deliver(chunk)
            elif not await self._session_manager.wait_for(
                lambda: bool(self._session_manager.list_connected(self.guild.id)), self._reconnect_timeout
            ):
                raise ServiceUnavailable(texts.format_bot_lost(self.guild.name))


def assign_ids(guild_id: int, rows: Sequence[ReplayRow]) -> list[tuple[int, ReplayRow]]:
    """Return each row with its message id, in ascending order.

    Ids are deterministic: the same row in the same guild always gets the same id.
    """
    sorted_rows = sorted((create_snowflake(row.sent_at, digest(guild_id, *row)), row) for row in rows)
    identified_rows: list[tuple[int, ReplayRow]] = []
    last_id = 0
    for id_, row in sorted_rows:
        same_millisecond = id_ >> LOW_BITS == last_id >> LOW_BITS
        last_id = max(id_, last_id + 1) if same_millisecond else id_
        identified_rows.append((last_id, row))
    return identified_rows


class ReplayRegistry:
    """Active replays by the key that the client holds."""

    def __init__(self) -> None:
        self._replays: dict[str, Replay] = {}

    def add(self, replay: Replay) -> str:
        """Register the replay and return its key."""
        key = secrets.token_hex(8)
        self._replays[key] = replay
        return key

    def get(self, key: str) -> Replay:
        """Return the replay. Raises NotFound for an unknown key."""
        if key not in self._replays:
            raise NotFound(texts.HISTORY_INTERRUPTED)
        return self._replays[key]

    def remove(self, key: str) -> None:
        """Remove the replay; an unknown key is ignored."""
        self._replays.pop(key, None)


def parse_row(values: Sequence[Any]) -> ReplayRow:
    """Parse a row of the control API: seven values, the time in ISO 8601 with its offset.

    Raises BadRequest, also for a time at which no message can have been sent; ValueError for an unreadable time.
    """
    if len(values) != len(ReplayRow._fields):
        raise BadRequest(texts.format_row_values(ReplayRow._fields))
    row = ReplayRow(datetime.fromisoformat(values[0]), *values[1:])
    if row.sent_at.tzinfo is None or not is_possible_event_time(to_unix_ms(row.sent_at), now_ms=to_unix_ms(utc_now())):
        raise BadRequest(texts.format_impossible_time(values[0]))
    return row


def _has_progress(chunk: ReplayChunk) -> bool:
    """True when the chunk's state allows the waiting loop to act."""
    return chunk.is_acknowledged or chunk.is_lost or bool(chunk.pending_sockets)
