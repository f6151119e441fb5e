"""ASGI middleware around every application: hosts, rate and number of requests, and clients that disconnect."""

import asyncio

from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime import http_problems as problems
from herwa_shared.runtime.asgi_types import AsgiApp, Message, Receive, Scope, Send
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.connection_bounds import ServerRules
from herwa_shared.runtime.fair_sharing import FairPool, FairRateLimiter, PoolExhausted
from herwa_shared.runtime.http_problems import RequestRefused, reject_handshake, send_problem

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
        host_count = sum(name == b"host" for name, _ in scope["headers"])
        if host_count != 1 or normalize_host(self._rules.get_host(scope)) not in self._rules.hosts:
            raise RequestRefused(problems.build_unknown_host_problem(self._rules.origin))

    async def _run_bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = get_address_group(self._rules.get_address(scope))
        self._rate.forget_idle()
        delay = self._rate.take_within(address, limits.MAX_DELAY_SECONDS)
        if delay is None:
            raise RequestRefused(problems.TOO_MANY_REQUESTS)
        if delay:
            await asyncio.sleep(delay)
        try:
            await self._pool.acquire(address, timeout_seconds=limits.SLOT_SECONDS)
        except PoolExhausted:
            raise RequestRefused(problems.TOO_MANY_REQUESTS) from None
        try:
            await self._run(scope, receive, send)
        finally:
            self._pool.release(address)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in READ_METHODS and self._rules.may_cancel(scope["path"]):
            await _CancellableRequest(receive, send).run(self._app, scope)
        else:
            await self._app(scope, receive, send)


class _CancellableRequest:
    """A request without a body, whose work is cancelled when its client disconnects before the end of the answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._messages: list[Message] = []
        self._is_answered = False
        self._is_cancelled = False
        self._disconnected = asyncio.Event()

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Run the application; return without an error if the client disconnects."""
        task = asyncio.current_task()
        assert task is not None
        message = await self._receive()
        self._messages.append(message)
        watcher = asyncio.create_task(self._watch(task, message))
        try:
            await app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            if not self._is_cancelled or task.uncancel() > 0:
                raise
        finally:
            watcher.cancel()

    async def receive(self) -> Message:
        """Return the next message for the application."""
        if self._messages:
            return self._messages.pop()
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a message of the application."""
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._is_answered = True
        await self._send(message)

    async def _watch(self, task: asyncio.Task[None], message: Message) -> None:
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self._disconnected.set()
        if not self._is_answered:
            self._is_cancelled = True
            task.cancel()


def normalize_host(host: str) -> str:
    """Return the host in lower case, without the standard ports of http and https."""
    return host.lower().removesuffix(":80").removesuffix(":443")
