"""Who is connected: hands every event of the world to the sessions that want it, and lets others wait for them."""

import asyncio
import secrets
from collections.abc import Callable

from herwa_sim.chaos import Chaos
from herwa_sim.events import Event
from herwa_sim.gateway_socket import Op
from herwa_sim.journal import Journal
from herwa_sim.malformed_events import broken_twin
from herwa_sim.session import Identity, Session
from herwa_sim.world import World


class Hub:
    """All sessions. Only the event loop's thread may use it."""

    def __init__(self, world: World, chaos: Chaos, journal: Journal) -> None:
        self.world = world
        self._chaos = chaos
        self._journal = journal
        self.sessions: dict[str, Session] = {}
        self._progress = asyncio.Condition()
        world.listeners.append(self.dispatch)

    def dispatch(self, event: Event) -> None:
        """Push the event to every session that wants it; of a guild without the bot nobody hears."""
        guild = self.world.guilds.get(event.guild_id or 0)
        if guild is not None and not self.world.has_bot(guild):
            return
        for session in list(self.sessions.values()):
            if session.wants(event):
                session.push(event)
                if self._chaos.is_on:
                    self._disturb(session, event)

    def open_session(self, identity: Identity) -> Session:
        """A new session. Ones of the same shard that lost their socket give way to it."""
        for old in [one for one in self.sessions.values() if one.expired or _replaced(one, identity)]:
            self.end(old)
        session = Session(secrets.token_hex(16), identity, self._journal)
        self.sessions[session.id] = session
        return session

    def _disturb(self, session: Session, event: Event) -> None:
        if self._chaos.strikes("double"):
            session.push(event)
        if self._chaos.strikes("malformed"):
            session.push(broken_twin(event, self._chaos.random))
        if session.line is None:
            return
        if self._chaos.strikes("drop"):
            session.line.cut()
        if self._chaos.strikes("reconnect"):
            session.line.send(Op.RECONNECT)
        if self._chaos.strikes("invalidate"):
            self.invalidate(session, resumable=False)

    def invalidate(self, session: Session, *, resumable: bool) -> None:
        """Op 9: the session is worthless; the bot must identify anew, or, if `resumable`, may resume."""
        if session.line is not None:
            session.line.send(Op.INVALID_SESSION, resumable)
        if not resumable:
            self.end(session)

    def end(self, session: Session) -> None:
        """Forget the session: it can no longer be resumed."""
        session.ended = True
        self.sessions.pop(session.id, None)

    def connected(self, guild_id: int) -> list[Session]:
        """The sessions that have a socket and whose shard is the guild's."""
        return [one for one in self.sessions.values() if one.line is not None and one.covers(guild_id)]

    async def progress(self) -> None:
        """Wake those that wait: a heartbeat, a new socket, or the loss of one."""
        async with self._progress:
            self._progress.notify_all()

    async def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until `condition` holds; False when the time is over. It is asked again at every `progress`."""
        try:
            async with asyncio.timeout(seconds), self._progress:
                await self._progress.wait_for(condition)
        except TimeoutError:
            return False
        return True

    async def room(self) -> None:
        """Wait until no socket has a long queue, so that a flood stays within memory."""
        for session in list(self.sessions.values()):
            if session.line is not None:
                await session.line.room()


def _replaced(session: Session, identity: Identity) -> bool:
    return session.line is None and session.identity.shard == identity.shard
