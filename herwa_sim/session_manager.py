"""Registry of gateway sessions: dispatch events to them and wait for their progress."""

import asyncio
import secrets
from collections.abc import Callable

from herwa_sim import permissions
from herwa_sim.chaos import Chaos
from herwa_sim.entities import SimGuild
from herwa_sim.events import GatewayEvent
from herwa_sim.gateway_socket import Opcode
from herwa_sim.journal import Journal
from herwa_sim.malformed_events import create_malformed_event
from herwa_sim.session import ClientIdentity, ResumableSession
from herwa_sim.world import World


class SessionManager:
    """All sessions. Not thread-safe: use it only on the event loop."""

    def __init__(self, world: World, chaos: Chaos, journal: Journal) -> None:
        self.world = world
        self._chaos = chaos
        self._journal = journal
        self.sessions: dict[str, ResumableSession] = {}
        self._progress = asyncio.Condition()
        world.listeners.append(self.dispatch)

    def dispatch(self, event: GatewayEvent) -> None:
        """Push the event to every session that wants it.

        Events of guilds without the bot, of guilds in an outage and of channels that the bot cannot view are dropped.
        """
        guild = self.world.guilds.get(event.guild_id or 0)
        if guild is not None and not (self.world.has_bot(guild) and _is_delivered(self.world, guild, event)):
            return
        for session in list(self.sessions.values()):
            if session.wants(event):
                session.push(event)
                if self._chaos.is_on:
                    self._inject_faults(session, event)

    def open_session(self, identity: ClientIdentity) -> ResumableSession:
        """Create a session; end expired ones and disconnected ones of the same shard."""
        for stale_session in [
            candidate
            for candidate in self.sessions.values()
            if candidate.is_expired or _is_replaced(candidate, identity)
        ]:
            self.end_session(stale_session)
        session = ResumableSession(secrets.token_hex(16), identity, self._journal)
        self.sessions[session.id] = session
        return session

    def _inject_faults(self, session: ResumableSession, event: GatewayEvent) -> None:
        """Apply the gateway faults that are enabled, after an event."""
        if self._chaos.trigger("double"):
            session.push(event)
        if self._chaos.trigger("malformed"):
            session.push(create_malformed_event(event, self._chaos.random))
        if session.socket is None:
            return
        if self._chaos.trigger("drop"):
            session.socket.abort()
        if self._chaos.trigger("reconnect"):
            session.socket.send(Opcode.RECONNECT)
        if self._chaos.trigger("invalidate"):
            self.invalidate(session, resumable=False)

    def invalidate(self, session: ResumableSession, *, resumable: bool) -> None:
        """Send op 9. If `resumable`, the bot may resume; otherwise the session ends."""
        if session.socket is not None:
            session.socket.send(Opcode.INVALID_SESSION, resumable)
        if not resumable:
            self.end_session(session)

    def end_session(self, session: ResumableSession) -> None:
        """Remove the session: it can no longer be resumed."""
        session.ended = True
        self.sessions.pop(session.id, None)

    def list_connected(self, guild_id: int) -> list[ResumableSession]:
        """List the sessions with a socket whose shard covers the guild."""
        return [
            session for session in self.sessions.values() if session.socket is not None and session.covers(guild_id)
        ]

    async def notify_progress(self) -> None:
        """Notify waiters of a heartbeat, a connect or a disconnect."""
        async with self._progress:
            self._progress.notify_all()

    async def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until `condition` holds; False after the timeout.

        The condition is checked again at every `notify_progress`.
        """
        try:
            async with asyncio.timeout(seconds), self._progress:
                await self._progress.wait_for(condition)
        except TimeoutError:
            return False
        return True

    async def wait_for_capacity(self) -> None:
        """Wait until every socket's send queue is short, so that bulk sending is bounded in memory."""
        for session in list(self.sessions.values()):
            if session.socket is not None:
                await session.socket.wait_for_capacity()


def _is_replaced(session: ResumableSession, identity: ClientIdentity) -> bool:
    """True if a new session of this identity replaces the disconnected session."""
    return session.socket is None and session.identity.shard == identity.shard


def _is_delivered(world: World, guild: SimGuild, event: GatewayEvent) -> bool:
    """Return whether Discord sends the event to the bot."""
    if not guild.available and event.genuine and event.name not in ("GUILD_CREATE", "GUILD_DELETE"):
        return False
    channel = world.channels.get(event.channel_id) if event.channel_id else None
    if channel is None:
        return True
    return permissions.can_view(guild, channel, guild.members[world.bot.id])
