"""Chaos at the edge of REST: slow answers, calls that are said to be too many, and failures of Discord's own."""

import asyncio
from time import time

from aiohttp import web

from herwa_sim.context import parts_of
from herwa_sim.rest.middleware import Handler, answer, bucket_of, route_of, too_many


@web.middleware
async def chaotic(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the faults strike that are switched on; the control API and the CDN are spared."""
    chaos = parts_of(request).chaos
    if not request.path.startswith("/api/") or not chaos.is_on:
        return await handler(request)
    if slow := chaos.strikes("slow", request.path):
        await asyncio.sleep(slow.seconds)
    if limit := chaos.strikes("limit", request.path):
        return _limited(request, limit.seconds, everywhere=limit.everywhere)
    if fail := chaos.strikes("fail", request.path):
        return _failed(fail.status)
    return await handler(request)


def _limited(request: web.Request, seconds: float, *, everywhere: bool) -> web.Response:
    if everywhere:
        return too_many(seconds, everywhere=True, headers={})
    spent = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{time() + seconds:.3f}",
        "X-RateLimit-Reset-After": f"{seconds:.3f}",
    }
    headers = bucket_of(request, route_of(request)).headers() | spent
    return too_many(seconds, everywhere=False, headers=headers)


def _failed(status: int) -> web.Response:
    """An internal error is JSON; the others come from the proxy before Discord, as a page."""
    if status == 500:
        return answer({"message": "500: Internal Server Error", "code": 0}, 500)
    page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
    return web.Response(text=page, status=status, content_type="text/html")
