"""The gateway, version 10: a connection from HELLO to close, speaking for the session that it opens or resumes."""

import asyncio
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from herwa_shared.log import get_logger
from herwa_sim.entities import Guild, Json, Privileged
from herwa_sim.events import EVERY_INTENT, Event, Intents
from herwa_sim.gateway_socket import Closed, Op, Socket
from herwa_sim.member_chunks import member_chunks
from herwa_sim.rate_limits import GATEWAY_SENDS, IdentifyGate, Pace
from herwa_sim.serialize.application import ready_json
from herwa_sim.serialize.guilds import guild_create_json
from herwa_sim.session import Identity, Session
from herwa_sim.session_manager import Hub

HEARTBEAT_INTERVAL = 41.25

log = get_logger(__name__)


class Gateway:
    """Accepts connections. Who knows the bot's token may come in."""

    def __init__(self, hub: Hub, token: str) -> None:
        self.hub = hub
        self.token = token
        self.gate = IdentifyGate()
        self._sockets: set[Socket] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until it ends."""
        ws = web.WebSocketResponse(compress=False, max_msg_size=16_384, timeout=1.0)
        await ws.prepare(request)
        socket = Socket(request, ws)
        self._sockets.add(socket)
        connection = Connection(self, socket, request.headers.get("User-Agent", ""))
        writer = asyncio.create_task(socket.write())
        try:
            await connection.greet(request.query.get("v", "10"))
            await _read(ws, connection)
        except Closed as closed:
            log.warning("gateway connection refused", code=closed.code, reason=closed.reason)
            socket.close(closed.code, closed.reason)
            await writer
        finally:
            self._sockets.discard(socket)
            writer.cancel()
            await connection.lost(ws.close_code)
        return ws

    def shut(self) -> None:
        """Cut every connection, as when a gateway machine goes away."""
        for socket in list(self._sockets):
            socket.cut()


class Connection:
    """What the client asks, and what it is answered."""

    def __init__(self, gateway: Gateway, socket: Socket, user_agent: str) -> None:
        self._gateway = gateway
        self._hub = gateway.hub
        self._world = gateway.hub.world
        self._socket = socket
        self._user_agent = user_agent
        self._session: Session | None = None
        self._pace = Pace(*GATEWAY_SENDS)

    async def greet(self, version: str) -> None:
        """Say HELLO to a client of version 10."""
        if version != "10":
            raise Closed(4012, "Invalid API version")
        self._socket.send(Op.HELLO, {"heartbeat_interval": int(HEARTBEAT_INTERVAL * 1000)})

    async def receive(self, payload: Json) -> None:
        """Do what one frame of the client asks. Raises Closed when it must not go on."""
        op: int | None = payload.get("op")
        data: Any = payload.get("d")
        if op == Op.HEARTBEAT:
            return await self._heartbeat(data)
        if not self._pace.admit():
            raise Closed(4008, "Rate limited")
        if op == Op.IDENTIFY:
            return await self._identify(data)
        if op == Op.RESUME:
            return await self._resume(data)
        if self._session is None:
            raise Closed(4003, "Not authenticated")
        if op == Op.REQUEST_MEMBERS:
            for event in member_chunks(self._world, data, self._session.identity.intents):
                self._session.push(event)
        elif op not in (Op.PRESENCE, Op.VOICE_STATE):
            raise Closed(4001, "Unknown opcode")
        return None

    async def lost(self, code: int | None) -> None:
        """The connection is gone. A client that says 1000 or 1001 means to end its session."""
        session = self._session
        if session is not None and session.line is self._socket:
            session.detach()
            if code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY):
                self._hub.end(session)
            log.info("bot disconnected", shard=session.identity.shard[0], code=code)
            await self._hub.progress()

    async def _heartbeat(self, sequence: int | None) -> None:
        self._socket.send(Op.HEARTBEAT_ACK)
        if self._session is not None and sequence is not None:
            self._session.acknowledge(sequence)
            await self._hub.progress()

    async def _identify(self, data: Json) -> None:
        if self._session is not None:
            raise Closed(4005, "Already authenticated")
        identity = self._checked(data)
        if not self._gateway.gate.admit(identity.shard[0], self._world.application.max_concurrency):
            self._socket.send(Op.INVALID_SESSION, data=False)
            return
        session = self._session = self._hub.open_session(identity)
        session.attach(self._socket)
        guilds = [one for one in self._world.guilds.values() if session.covers(one.id) and self._world.has_bot(one)]
        ids = [guild.id for guild in guilds]
        session.push(
            Event("READY", ready_json(self._world, session_id=session.id, shard=identity.shard, guild_ids=ids))
        )
        for guild in guilds if identity.intents & Intents.GUILDS else ():
            if guild.available:
                session.push(self._introduction(guild, identity.intents))
        log.info("bot identified", shard=list(identity.shard), guilds=len(guilds), intents=identity.intents)
        await self._hub.progress()

    def _introduction(self, guild: Guild, intents: int) -> Event:
        with_members = bool(intents & Intents.GUILD_MEMBERS)
        with_presences = bool(intents & Intents.GUILD_PRESENCES)
        data = guild_create_json(self._world, guild, with_members=with_members, with_presences=with_presences)
        return Event("GUILD_CREATE", data)

    def _checked(self, data: Json) -> Identity:
        if str(data.get("token", "")).removeprefix("Bot ") != self._gateway.token:
            raise Closed(4004, "Authentication failed")
        index, count = data.get("shard") or (0, 1)
        if not 0 <= index < count:
            raise Closed(4010, "Invalid shard")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~EVERY_INTENT:
            raise Closed(4013, "Invalid intents")
        every = Privileged.MEMBERS | Privileged.PRESENCES | Privileged.MESSAGE_CONTENT
        if intents & int(every) & ~int(self._world.application.privileged):
            raise Closed(4014, "Disallowed intents")
        return Identity((index, count), intents, self._user_agent)

    async def _resume(self, data: Json) -> None:
        if str(data.get("token", "")).removeprefix("Bot ") != self._gateway.token:
            raise Closed(4004, "Authentication failed")
        session = self._hub.sessions.get(data.get("session_id", ""))
        sequence = int(data.get("seq") or 0)
        if session is None or not session.can_resume_from(sequence):
            self._socket.send(Op.INVALID_SESSION, data=False)
            return
        if session.line is not None:
            session.line.cut()
        self._session = session
        session.attach(self._socket, resumed_from=sequence)
        session.push(Event("RESUMED", {"_trace": []}))
        log.info("bot resumed", shard=session.identity.shard[0], missed=session.sequence - sequence - 1)
        await self._hub.progress()


async def _read(ws: web.WebSocketResponse, connection: Connection) -> None:
    while True:
        try:
            message = await ws.receive(timeout=HEARTBEAT_INTERVAL * 2)
        except TimeoutError:
            raise Closed(4009, "Session timed out") from None
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        await connection.receive(_parsed(message.data))


def _parsed(frame: str | bytes) -> Json:
    try:
        payload: Any = orjson.loads(frame)
    except orjson.JSONDecodeError:
        raise Closed(4002, "Decode error") from None
    if not isinstance(payload, dict):
        raise Closed(4002, "Decode error")
    return payload
