"""A gateway client without discord.py that sends and receives single frames."""

import asyncio
import zlib
from contextlib import asynccontextmanager

import aiohttp
import orjson
import zstandard

GUILDS, MEMBERS, MESSAGES, CONTENT = 1 << 0, 1 << 1, 1 << 9, 1 << 15
MODERATION, VOICE, PRESENCES, REACTIONS = 1 << 2, 1 << 7, 1 << 8, 1 << 10
FRAME_TIMEOUT_SECONDS = 5
EVENT_TIMEOUT_SECONDS = 30


class GatewayClient:
    """One websocket and its decompressor. Every wait has a timeout."""

    def __init__(self, socket, compress) -> None:
        self.socket = socket
        stream = {"zlib-stream": zlib.decompressobj, "zstd-stream": zstandard.ZstdDecompressor().decompressobj}
        self.inflate = stream[compress]().decompress if compress else None
        self.sequence = None
        self.ready = None

    async def send(self, op, data=None) -> None:
        await self.socket.send_str(orjson.dumps({"op": op, "d": data}).decode())

    async def receive(self):
        """Receive the next frame; return `{"closed": code}` when the socket is closed."""
        message = await self.socket.receive(timeout=FRAME_TIMEOUT_SECONDS)
        if message.type is aiohttp.WSMsgType.CLOSE or message.type is aiohttp.WSMsgType.CLOSED:
            return {"closed": self.socket.close_code}
        frame = orjson.loads(self.inflate(message.data) if self.inflate else message.data)
        self.sequence = frame["s"] or self.sequence
        return frame

    async def wait_for_event(self, name):
        """Skip frames until an event of this name arrives; return its data."""
        async with asyncio.timeout(EVENT_TIMEOUT_SECONDS):
            while True:
                frame = await self.receive()
                assert "closed" not in frame, frame
                if frame["t"] == name:
                    return frame["d"]

    async def wait_for_events(self, *names):
        """Wait for the next event of each name in this order; skip other events in between."""
        return [await self.wait_for_event(name) for name in names]

    async def collect_event_names(self, last_name):
        """Collect the names of all events up to the next one of that name."""
        names = []
        async with asyncio.timeout(EVENT_TIMEOUT_SECONDS):
            while not names or names[-1] != last_name:
                frame = await self.receive()
                assert "closed" not in frame, frame
                names.append(frame["t"])
        return names

    async def identify(self, token, **data):
        """Receive the hello frame and send IDENTIFY; `data` replaces its fields."""
        assert (await self.receive())["op"] == 10
        await self.send(2, {"token": token, "intents": GUILDS | MESSAGES, "properties": {}, **data})


@asynccontextmanager
async def connect_gateway(sim, compress=None, version=10):
    """Connect a client to the gateway without identifying."""
    query = f"?v={version}&encoding=json" + (f"&compress={compress}" if compress else "")
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{sim.url}/{query}") as socket:
        yield GatewayClient(socket, compress)


@asynccontextmanager
async def connect_identified(sim, intents):
    """Connect a client, identify with these intents and wait for READY."""
    async with connect_gateway(sim) as client:
        await client.identify(sim.token, intents=intents)
        client.ready = await client.wait_for_event("READY")
        yield client
