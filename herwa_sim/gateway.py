"""Gateway version 10: the lifecycle of a connection from HELLO to close.

A connection serves the session that it identifies or resumes.
"""

import asyncio
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from herwa_shared.discord.constants import Intents
from herwa_shared.log import get_logger
from herwa_sim.entities import Json, PrivilegedIntents, SimGuild
from herwa_sim.events import ALL_INTENTS, GatewayEvent
from herwa_sim.gateway_socket import GatewayCloseError, GatewaySocket, Opcode
from herwa_sim.member_chunks import build_member_chunks
from herwa_sim.rate_limits import GATEWAY_SEND_LIMIT, IdentifyLimiter, SlidingWindowLimiter
from herwa_sim.serialize.application import serialize_ready
from herwa_sim.serialize.guilds import serialize_guild_create
from herwa_sim.session import ClientIdentity, ResumableSession
from herwa_sim.session_manager import SessionManager

HEARTBEAT_INTERVAL_SECONDS = 41.25

log = get_logger(__name__)


class Gateway:
    """Accept WebSocket connections; clients authenticate with the bot token."""

    def __init__(self, session_manager: SessionManager, token: str) -> None:
        self.session_manager = session_manager
        self.token = token
        self.identify_limiter = IdentifyLimiter()
        self._sockets: set[GatewaySocket] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one WebSocket connection until it is closed."""
        ws = web.WebSocketResponse(compress=False, max_msg_size=16_384, timeout=1.0)
        await ws.prepare(request)
        socket = GatewaySocket(request, ws)
        self._sockets.add(socket)
        connection = GatewayConnection(self, socket, request.headers.get("User-Agent", ""))
        writer = asyncio.create_task(socket.write())
        try:
            await connection.send_hello(request.query.get("v", "10"))
            await _read_messages(ws, connection)
        except GatewayCloseError as error:
            log.warning("gateway connection refused", code=error.code, reason=error.reason)
            socket.close(error.code, error.reason)
            await writer
        finally:
            self._sockets.discard(socket)
            writer.cancel()
            await connection.handle_disconnect(ws.close_code)
        return ws

    def abort_connections(self) -> None:
        """Abort every connection, as when a gateway machine fails."""
        for socket in list(self._sockets):
            socket.abort()


class GatewayConnection:
    """Protocol state of one connection: handle the client's payloads and reply to them."""

    def __init__(self, gateway: Gateway, socket: GatewaySocket, user_agent: str) -> None:
        self._gateway = gateway
        self._session_manager = gateway.session_manager
        self._world = gateway.session_manager.world
        self._socket = socket
        self._user_agent = user_agent
        self._session: ResumableSession | None = None
        self._send_limiter = SlidingWindowLimiter(*GATEWAY_SEND_LIMIT)

    async def send_hello(self, version: str) -> None:
        """Send HELLO. Raises GatewayCloseError (4012) unless the client uses version 10."""
        if version != "10":
            raise GatewayCloseError(4012, "Invalid API version")
        self._socket.send(Opcode.HELLO, {"heartbeat_interval": int(HEARTBEAT_INTERVAL_SECONDS * 1000)})

    async def handle_payload(self, payload: Json) -> None:
        """Handle one payload of the client.

        Raises GatewayCloseError if the connection must be closed.
        """
        op: int | None = payload.get("op")
        data: Any = payload.get("d")
        if op == Opcode.HEARTBEAT:
            return await self._handle_heartbeat(data)
        if not self._send_limiter.admit():
            raise GatewayCloseError(4008, "Rate limited")
        if op == Opcode.IDENTIFY:
            return await self._handle_identify(data)
        if op == Opcode.RESUME:
            return await self._handle_resume(data)
        if self._session is None:
            raise GatewayCloseError(4003, "Not authenticated")
        if op == Opcode.REQUEST_MEMBERS:
            for event in build_member_chunks(self._world, data, self._session.identity.intents):
                self._session.push(event)
        elif op not in (Opcode.PRESENCE, Opcode.VOICE_STATE):
            raise GatewayCloseError(4001, "Unknown opcode")
        return None

    async def handle_disconnect(self, code: int | None) -> None:
        """Clean up after the connection is closed.

        Close code 1000 or 1001 from the client ends its session; after any other code the session can be resumed.
        """
        session = self._session
        if session is not None and session.socket is self._socket:
            session.detach()
            if code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY):
                self._session_manager.end_session(session)
            log.info("bot disconnected", shard=session.identity.shard[0], code=code)
            await self._session_manager.notify_progress()

    async def _handle_heartbeat(self, sequence: int | None) -> None:
        self._socket.send(Opcode.HEARTBEAT_ACK)
        if self._session is not None and sequence is not None:
            self._session.acknowledge(sequence)
            await self._session_manager.notify_progress()

    async def _handle_identify(self, data: Json) -> None:
        if self._session is not None:
            raise GatewayCloseError(4005, "Already authenticated")
        identity = self._validate_identify(data)
        if not self._gateway.identify_limiter.admit(identity.shard[0], self._world.application.max_concurrency):
            self._socket.send(Opcode.INVALID_SESSION, data=False)
            return
        session = self._session = self._session_manager.open_session(identity)
        session.attach(self._socket)
        guilds = [
            candidate
            for candidate in self._world.guilds.values()
            if session.covers(candidate.id) and self._world.has_bot(candidate)
        ]
        ids = [guild.id for guild in guilds]
        session.push(
            GatewayEvent(
                "READY", serialize_ready(self._world, session_id=session.id, shard=identity.shard, guild_ids=ids)
            )
        )
        for guild in guilds if identity.intents & Intents.GUILDS else ():
            if guild.available:
                session.push(self._build_guild_create(guild, identity.intents))
        log.info("bot identified", shard=list(identity.shard), guilds=len(guilds), intents=identity.intents)
        await self._session_manager.notify_progress()

    def _build_guild_create(self, guild: SimGuild, intents: int) -> GatewayEvent:
        with_members = bool(intents & Intents.GUILD_MEMBERS)
        with_presences = bool(intents & Intents.GUILD_PRESENCES)
        data = serialize_guild_create(self._world, guild, with_members=with_members, with_presences=with_presences)
        return GatewayEvent("GUILD_CREATE", data)

    def _validate_identify(self, data: Json) -> ClientIdentity:
        if str(data.get("token", "")).removeprefix("Bot ") != self._gateway.token:
            raise GatewayCloseError(4004, "Authentication failed")
        index, count = data.get("shard") or (0, 1)
        if not 0 <= index < count:
            raise GatewayCloseError(4010, "Invalid shard")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~ALL_INTENTS:
            raise GatewayCloseError(4013, "Invalid intents")
        privileged = PrivilegedIntents.MEMBERS | PrivilegedIntents.PRESENCES | PrivilegedIntents.MESSAGE_CONTENT
        if intents & int(privileged) & ~int(self._world.application.privileged):
            raise GatewayCloseError(4014, "Disallowed intents")
        return ClientIdentity((index, count), intents, self._user_agent)

    async def _handle_resume(self, data: Json) -> None:
        if str(data.get("token", "")).removeprefix("Bot ") != self._gateway.token:
            raise GatewayCloseError(4004, "Authentication failed")
        session = self._session_manager.sessions.get(data.get("session_id", ""))
        sequence = int(data.get("seq") or 0)
        if session is None or not session.can_resume_from(sequence):
            self._socket.send(Opcode.INVALID_SESSION, data=False)
            return
        if session.socket is not None:
            session.socket.abort()
        self._session = session
        session.attach(self._socket, resumed_from=sequence)
        session.push(GatewayEvent("RESUMED", {"_trace": []}))
        log.info("bot resumed", shard=session.identity.shard[0], missed=session.sequence - sequence - 1)
        await self._session_manager.notify_progress()


async def _read_messages(ws: web.WebSocketResponse, connection: GatewayConnection) -> None:
    while True:
        try:
            message = await ws.receive(timeout=HEARTBEAT_INTERVAL_SECONDS * 2)
        except TimeoutError:
            raise GatewayCloseError(4009, "Session timed out") from None
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        await connection.handle_payload(_parse_frame(message.data))


def _parse_frame(frame: str | bytes) -> Json:
    try:
        payload: Any = orjson.loads(frame)
    except orjson.JSONDecodeError:
        raise GatewayCloseError(4002, "Decode error") from None
    if not isinstance(payload, dict):
        raise GatewayCloseError(4002, "Decode error")
    return payload
