"""A stub of the API that responds with the requests that reach it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

LARGE_CHUNK_BYTES = 100_000
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class UpstreamStub:
    """The stub application.

    `stream_released` lets its stream continue; it sets `upload_started` at the first chunk of an upload. `open_count`
    is the number of responses that it is sending, `slow_count` that of slow requests: these end when their client
    disconnects or `slow_released` is set.
    """

    def __init__(self) -> None:
        self.open_count = 0
        self.slow_count = 0
        self.slow_released = asyncio.Event()
        self.stream_released = asyncio.Event()
        self.upload_started = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/api/redirect", self.redirect),
                Route("/api/stream", self.stream),
                Route("/api/upload", self.upload, methods=["POST"]),
                Route("/api/large", self.send_much),
                Route("/api/slow", self.wait_for_disconnect, methods=METHODS),
                Route("/api/cookies", self.set_cookies),
                Route("/embed/card", self.send_card),
                Route("/{path:path}", self.describe_request, methods=METHODS),
            ]
        )

    async def describe_request(self, request: Request) -> Response:
        body = await request.body()
        return JSONResponse(
            {
                "method": request.method,
                "raw_path": request.scope["raw_path"].decode(),
                "query": request.scope["query_string"].decode(),
                "headers": [[name.decode(), value.decode()] for name, value in request.headers.raw],
                "size": len(body),
            },
            headers={"Connection": "X-Private", "X-Private": "for one hop"},
        )

    async def redirect(self, _: Request) -> Response:
        return RedirectResponse("https://elsewhere.example/", 303)

    async def stream(self, _: Request) -> Response:
        async def send_parts() -> AsyncIterator[bytes]:
            yield b"first"
            await self.stream_released.wait()
            yield b"last"

        return StreamingResponse(send_parts())

    async def upload(self, request: Request) -> Response:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            self.upload_started.set()
        return JSONResponse({"size": size})

    async def send_much(self, request: Request) -> Response:
        async def send_parts() -> AsyncIterator[bytes]:
            self.open_count += 1
            try:
                for _ in range(int(request.query_params["chunks"])):
                    yield b"x" * LARGE_CHUNK_BYTES
            finally:
                self.open_count -= 1

        return StreamingResponse(send_parts())

    async def wait_for_disconnect(self, request: Request) -> Response:
        self.slow_count += 1
        await request.body()
        while not (self.slow_released.is_set() or await request.is_disconnected()):
            with suppress(TimeoutError):
                await asyncio.wait_for(self.slow_released.wait(), 0.02)
        self.slow_count -= 1
        return Response()

    async def set_cookies(self, _: Request) -> Response:
        response = PlainTextResponse("two")
        response.set_cookie("one", "1", httponly=True)
        response.set_cookie("two", "2", samesite="lax")
        return response

    async def send_card(self, _: Request) -> Response:
        return PlainTextResponse("card", headers={"Content-Security-Policy": "frame-ancestors https://a.example"})


@asynccontextmanager
async def run_upstream_stub() -> AsyncIterator[tuple[UpstreamStub, str]]:
    """Serve the stub on a free port; yield it and its URL."""
    stub = UpstreamStub()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(stub.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    server.install_signal_handlers = lambda: None
    server_task = asyncio.create_task(server._serve([listener]))
    try:
        yield stub, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        stub.stream_released.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(server_task, 10)
