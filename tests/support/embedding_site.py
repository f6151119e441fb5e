"""A site of someone else on an origin of its own, for pages that embed widgets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"


@dataclass
class EmbeddingSite:
    """The pages of the site by path, each HTML. `headers` are sent with every page."""

    origin: str
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def open_embedding_site(host: str = "127.0.0.1") -> AsyncIterator[EmbeddingSite]:
    """Serve a site while the block runs, on a free port of this host."""
    site = EmbeddingSite("")

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(HEAD_END)).split(b" ")[1].decode()
        body = site.pages.get(path, "").encode()
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **site.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {200 if body else 404} x\r\nConnection: close\r\n{lines}\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(respond, host, 0)
    site.origin = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield site
