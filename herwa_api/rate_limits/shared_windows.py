"""Sliding windows in Redis, which all API processes share.

A window is a list with the time of each counted request, newest first. One script counts a request against all its
limits, or against none. Requests that arrive while the previous answer of Redis is on its way share the next script
call, so a busy process needs few of them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from herwa_api.rate_limits.windows import Charge, Decision, Measure, build_decision

KEY_PREFIX = "herwa:limit:"
MAX_BATCH_REQUESTS = 128

# ARGV: the number of requests; then per request 1 if it is counted in any case, the number of its windows, and per
# window limit, length in ms and cost. Returns per window: requests in it before, ms to wait, ms until the reset.
SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local results = {}
local key_index, argument = 1, 2
for _ = 1, tonumber(ARGV[1]) do
    local is_allowed = true
    local is_forced, window_count = ARGV[argument] == '1', tonumber(ARGV[argument + 1])
    argument = argument + 2
    for window = 0, window_count - 1 do
        local key = KEYS[key_index + window]
        local limit = tonumber(ARGV[argument + 3 * window])
        local length = tonumber(ARGV[argument + 3 * window + 1])
        local cost = tonumber(ARGV[argument + 3 * window + 2])
        local oldest = redis.call('LINDEX', key, -1)
        while oldest and tonumber(oldest) <= now - length do
            redis.call('RPOP', key)
            oldest = redis.call('LINDEX', key, -1)
        end
        local count = redis.call('LLEN', key)
        local position = count + math.max(cost, 1) - limit
        local wait = 0
        if position > 0 then
            is_allowed = false
            local blocking = redis.call('LINDEX', key, -position)
            wait = blocking and math.max(1, tonumber(blocking) + length - now) or length
        end
        table.insert(results, count)
        table.insert(results, wait)
        table.insert(results, oldest and tonumber(oldest) + length - now or 0)
    end
    if is_allowed or is_forced then
        for window = 0, window_count - 1 do
            local key = KEYS[key_index + window]
            local cost = tonumber(ARGV[argument + 3 * window + 2])
            for _ = 1, cost do
                redis.call('LPUSH', key, now)
            end
            if cost > 0 then
                redis.call('PEXPIRE', key, ARGV[argument + 3 * window + 1])
            end
        end
    end
    key_index = key_index + window_count
    argument = argument + 3 * window_count
end
return results
"""


@dataclass(frozen=True, slots=True)
class _Request:
    charges: Sequence[Charge]
    is_forced: bool
    result: asyncio.Future[Decision]


class SharedWindows:
    """The windows in Redis. Every method raises what the client raises if Redis fails or takes too long."""

    def __init__(self, client: Redis) -> None:
        self._script = client.register_script(SCRIPT)
        self._pending: list[_Request] = []
        self._sender: asyncio.Task[None] | None = None

    async def acquire(self, charges: Sequence[Charge], *, is_forced: bool = False) -> Decision:
        """Decide about a request, and count it if all limits allow it, or in any case with `is_forced`."""
        result: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._pending.append(_Request(charges, is_forced, result))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_pending())
        return await result

    async def _send_pending(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:MAX_BATCH_REQUESTS], self._pending[MAX_BATCH_REQUESTS:]
                await self._send(batch)
        finally:
            self._sender = None

    async def _send(self, batch: Sequence[_Request]) -> None:
        try:
            values = await self._script(keys=_list_keys(batch), args=_list_arguments(batch))
        except Exception as error:  # noqa: BLE001 - each request decides what to do without Redis
            for request in batch:
                if not request.result.done():
                    request.result.set_exception(error)
            return
        for request in batch:
            used, values = values[: 3 * len(request.charges)], values[3 * len(request.charges) :]
            if not request.result.done():
                request.result.set_result(build_decision(_parse_measures(request.charges, used)))


def _list_keys(batch: Sequence[_Request]) -> list[str]:
    return [KEY_PREFIX + charge.key for request in batch for charge in request.charges]


def _list_arguments(batch: Sequence[_Request]) -> list[int]:
    arguments = [len(batch)]
    for request in batch:
        arguments += (int(request.is_forced), len(request.charges))
        for charge in request.charges:
            arguments += (charge.limit, charge.window_seconds * 1000, charge.cost)
    return arguments


def _parse_measures(charges: Sequence[Charge], values: Sequence[int]) -> list[Measure]:
    return [
        Measure(charge, values[3 * index], values[3 * index + 1] / 1000, values[3 * index + 2] / 1000)
        for index, charge in enumerate(charges)
    ]
