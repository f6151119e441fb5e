"""ASGI middleware that counts each request against its limits before anything else is done for it.

A request with a known key counts against the limits of that key and of its server. Any other request counts against the
limits of its address. What can be guessed (keys, codes of a log-in) is checked only while its address has not failed
too often, and only a few at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herwa_api.errors import build_limit_response
from herwa_api.key_verifier import KeyVerifier, VerifiedKey
from herwa_api.rate_limits.headers import build_limit_headers
from herwa_api.rate_limits.limiter import RequestLimiter
from herwa_api.rate_limits.rules import LimitName, RateLimitTable, build_tier_rules
from herwa_api.rate_limits.windows import Charge, Decision
from herwa_api.response_headers import encode_headers, set_headers
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.runtime.client_address import get_address_group

limited_log = RateLimitedLogger(get_logger(__name__))
LIMITED_PREFIXES = ("/api/", "/auth/")
CALLBACK_PATH = "/auth/callback"
BEARER_SCHEME = "bearer "


class RateLimitMiddleware:
    """Refuse requests beyond their limits with 429, and add headers with the limits to all others.

    A verified key, or the reason why it is refused, is passed to the routes as `api_key` in the state of the request;
    an error while it is looked up as `key_error`. `get_verified_key` returns a verified one with its guild's policy.
    """

    def __init__(self, app: ASGIApp, *, limiter: RequestLimiter, verifier: KeyVerifier, table: RateLimitTable) -> None:
        self._app = app
        self._limiter = limiter
        self._verifier = verifier
        self._table = table
        self._checks = _CheckSlots(table.concurrent_checks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED_PREFIXES):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        address = get_address_group(get_client(request))
        if scope["path"] == CALLBACK_PATH:
            async with self._checks.hold(address):
                await self._run(request, address, receive, send)
        else:
            await self._run(request, address, receive, send)

    async def _run(self, request: Request, address: str, receive: Receive, send: Send) -> None:
        decision = await self._admit(request, address)
        if decision.refused_by is not None:
            limited_log.warning("request limited", kind=decision.refused_by.name)
            await build_limit_response(request, decision)(request.scope, receive, send)
        else:
            await self._app(request.scope, receive, self._wrap_send(send, request, address, decision))

    async def _admit(self, request: Request, address: str) -> Decision:
        """Count the request, and verify its key if it has one."""
        key = find_key(request.headers)
        if key is None or request.scope["path"] == CALLBACK_PATH:
            return await self._limiter.acquire(self._build_address_charges(address))
        try:
            known = await self._verifier.find_known(key, get_client(request))
            return await (self._admit_key(request, known) if known else self._verify_key(request, address, key))
        except Exception as error:  # noqa: BLE001 - the route raises it, so that it is handled like its own errors
            request.state.key_error = error
            return Decision(())

    async def _verify_key(self, request: Request, address: str, key: str) -> Decision:
        async with self._checks.hold(address):
            verified = await self._verifier.find_known(
                key, get_client(request)
            )  # another request may have looked it up meanwhile
            if verified is not None:
                return await self._admit_key(request, verified)
            decision = await self._limiter.acquire(self._build_address_charges(address))
            if not decision.is_allowed:
                return decision
            outcome = await self._verifier.verify(key, get_client(request))
            if isinstance(outcome, VerifiedKey):
                return await self._admit_key(request, outcome)
            await self._count_failure(address)
        request.state.api_key = outcome
        return decision

    async def _admit_key(self, request: Request, verified: VerifiedKey) -> Decision:
        principal = request.state.api_key = verified.principal
        request.state.verified_key = verified
        rules = build_tier_rules(verified.policy.entitlement, self._table)
        ids = {LimitName.KEY: principal.key_id, LimitName.GUILD: principal.owner_id}
        return await self._limiter.acquire(
            [Charge(name, f"{name}:{ids[name]}", rule.amount, rule.get_expiry()) for name, rule in rules.items()]
        )

    def _build_address_charges(self, address: str) -> list[Charge]:
        rule = self._table.address
        return [
            self._build_failure_charge(address, cost=0),
            Charge(LimitName.ADDRESS, f"{LimitName.ADDRESS}:{address}", rule.amount, rule.get_expiry()),
        ]

    def _build_failure_charge(self, address: str, *, cost: int) -> Charge:
        rule = self._table.failures
        return Charge(LimitName.FAILURES, f"{LimitName.FAILURES}:{address}", rule.amount, rule.get_expiry(), cost)

    async def _count_failure(self, address: str) -> None:
        await self._limiter.count([self._build_failure_charge(address, cost=1)])

    def _wrap_send(self, send: Send, request: Request, address: str, decision: Decision) -> Send:
        """Add the headers to the response, and count the response if it refuses something that can be guessed."""
        is_callback = request.scope["path"] == CALLBACK_PATH
        is_keyless = not hasattr(request.state, "api_key")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                further = getattr(request.state, "question_decision", None)
                set_headers(message, encode_headers(build_limit_headers(_merge(decision, further))))
                if (is_callback and 400 <= message["status"] < 500) or (is_keyless and message["status"] == 401):
                    await self._count_failure(address)
            await send(message)

        return send_with_headers


def _merge(decision: Decision, further: Decision | None) -> Decision:
    """Return the decision about a request with the windows after the cost of its question was counted."""
    if further is None:
        return decision
    newer = {status.charge.name: status for status in further.statuses}
    return Decision(tuple(newer.get(status.charge.name, status) for status in decision.statuses))


class _CheckSlots:
    """Slots for checks of what can be guessed, per address."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._semaphores: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def hold(self, address: str) -> AsyncIterator[None]:
        """Wait for a slot of this address and hold it while the block runs."""
        semaphore = self._semaphores.setdefault(address, asyncio.Semaphore(self._slots))
        self._users[address] = self._users.get(address, 0) + 1
        try:
            async with semaphore:
                yield
        finally:
            self._users[address] -= 1
            if not self._users[address]:
                del self._users[address], self._semaphores[address]


def get_verified_key(scope: Scope) -> VerifiedKey | None:
    """Return the key of a request, with the policy of its guild, that `RateLimitMiddleware` has verified."""
    verified: VerifiedKey | None = scope.get("state", {}).get("verified_key")
    return verified


def get_client(request: Request) -> str:
    """Return the address of the client; an empty text if it is not known."""
    return request.client.host if request.client else ""


def find_key(headers: Mapping[str, str]) -> str | None:
    """Return the key in the `Authorization` header: None without the header, "" if it has another scheme."""
    authorization = headers.get("Authorization")
    if authorization is None:
        return None
    is_bearer = authorization[: len(BEARER_SCHEME)].lower() == BEARER_SCHEME
    return authorization[len(BEARER_SCHEME) :].strip() if is_bearer else ""
