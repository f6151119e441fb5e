"""ASGI middleware around every application: hosts, rate and number of requests, and clients that disconnect."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime import http_problems as problems
from herwa_shared.runtime.asgi_types import AsgiApp, Message, Receive, Scope, Send
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.connection_bounds import ServerRules
from herwa_shared.runtime.fair_sharing import FairPool, FairRateLimiter, PoolExhausted
from herwa_shared.runtime.http_problems import RequestRefused, reject_handshake, send_problem

WATCH_AFTER_SECONDS = 0.02
"""Work that takes longer ends when its client disconnects."""
READ_METHODS = frozenset({"GET", "HEAD"})


class RequestBounds:
    """Refuse requests for other hosts, delay those of busy addresses, and cancel work without a client."""

    def __init__(self, app: AsgiApp, rules: ServerRules) -> None:
        self._app = app
        self._rules = rules
        self._rate = FairRateLimiter(limits.REQUEST_RATE)
        self._pool = FairPool(limits.RUNNING_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"
        try:
            self._check_host(scope)
            if is_socket:
                await self._app(scope, receive, send)
            else:
                await self._run_bounded(scope, receive, send)
        except RequestRefused as refusal:
            await (reject_handshake if is_socket else send_problem)(refusal.problem, send)

    def _check_host(self, scope: Scope) -> None:
        """Raise RequestRefused unless the request names one host, and it is one of ours."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or normalize_host(self._rules.get_host(scope)) not in self._rules.hosts:
            raise RequestRefused(problems.build_unknown_host_problem(self._rules.origin))

    async def _run_bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = get_address_group(self._rules.get_address(scope))
        self._rate.forget_idle()
        delay = self._rate.take_within(address, limits.MAX_DELAY_SECONDS)
        if delay is None:
            raise RequestRefused(problems.TOO_MANY_REQUESTS)
        if delay:
            await asyncio.sleep(delay)
        request = _BufferedRequest(receive, send)
        if await request.read_body():
            path = scope["path"]
            request.may_cancel = scope["method"] in READ_METHODS and self._rules.may_cancel(path)
            if self._rules.has_own_pool(path):
                sender = request.send if request.may_cancel else send
                await request.run(self._app(scope, request.receive, sender))
            else:
                await request.run(self._run_in_slot(scope, address, request))

    async def _run_in_slot(self, scope: Scope, address: str, request: "_BufferedRequest") -> None:
        try:
            await self._pool.acquire(address, timeout_seconds=limits.SLOT_SECONDS)
        except PoolExhausted:
            raise RequestRefused(problems.TOO_MANY_REQUESTS) from None
        try:
            await self._app(scope, request.receive, request.send)
        finally:
            self._pool.release(address)


class _BufferedRequest:
    """A request whose body is complete before its work begins, and whose work may end when its client disconnects.

    So a body that never comes holds no slot. The size of a body is limited by `http_protocol`. Work that has sent the
    whole answer is not cancelled.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._body: Message | None = None
        self._is_answered = False
        self._is_cancelled = False
        self._task: asyncio.Task[Any] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self.may_cancel = True

    async def read_body(self) -> bool:
        """Read the body; return False if the client disconnects before its end."""
        chunks, has_more = [], True
        while has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return False
            chunks.append(message.get("body", b""))
            has_more = message.get("more_body", False)
        self._body = {"type": "http.request", "body": b"".join(chunks), "more_body": False}
        return True

    async def run(self, work: Awaitable[None]) -> None:
        """Run the work; return without an error if it is cancelled because the client has disconnected."""
        self._task = task = asyncio.current_task()
        assert task is not None
        # Performance: most requests end before a task that watches their client would be of use.
        start = (
            asyncio.get_running_loop().call_later(WATCH_AFTER_SECONDS, self._start_watcher) if self.may_cancel else None
        )
        try:
            await work
        except asyncio.CancelledError:
            if not self._is_cancelled or task.uncancel() > 0:
                raise
        finally:
            if start is not None:
                start.cancel()
            if self._watcher is not None:
                self._watcher.cancel()

    async def receive(self) -> Message:
        """Return the next message for the application."""
        if self._body is not None:
            message, self._body = self._body, None
            return message
        await asyncio.wait([self._start_watcher()])
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a message of the application."""
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._is_answered = True
        await self._send(message)

    def _start_watcher(self) -> asyncio.Task[None]:
        """Return the task that ends when the client disconnects; start it if it does not run."""
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch())
        return self._watcher

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self.may_cancel and not self._is_answered and self._task is not None:
            self._is_cancelled = True
            self._task.cancel()


def normalize_host(host: str) -> str:
    """Return the host in lower case, without the standard ports of http and https."""
    return host.lower().removesuffix(":80").removesuffix(":443")


def get_host_header(scope: Scope) -> str:
    """Return the `Host` header as it was sent; an empty text without one."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
