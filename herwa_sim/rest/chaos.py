"""Fault injection in the REST API: delayed responses, rate limits, server errors."""

import asyncio
from time import time

from aiohttp import web

from herwa_sim.context import get_context
from herwa_sim.rest.middleware import Handler, get_bucket, get_route, respond_json, respond_rate_limited


@web.middleware
async def inject_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Apply the enabled REST faults to /api requests; control API and CDN are exempt."""
    chaos = get_context(request).chaos
    if not request.path.startswith("/api/") or not chaos.is_on:
        return await handler(request)
    if slow := chaos.trigger("slow", request.path):
        await asyncio.sleep(slow.seconds)
    if limit := chaos.trigger("limit", request.path):
        return _build_limited_response(request, limit.seconds, is_global=limit.everywhere)
    if fail := chaos.trigger("fail", request.path):
        return _build_failed_response(fail.status)
    if wrong_body := chaos.trigger("wrong_body", request.path):
        return web.Response(text=wrong_body.body, content_type="application/json")
    return await handler(request)


def _build_limited_response(request: web.Request, seconds: float, *, is_global: bool) -> web.Response:
    """Build a 429 response for the global limit or for the bucket of the route."""
    if is_global:
        return respond_rate_limited(seconds, is_global=True, headers={})
    exhausted_headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{time() + seconds:.3f}",
        "X-RateLimit-Reset-After": f"{seconds:.3f}",
    }
    headers = get_bucket(request, get_route(request)).build_headers() | exhausted_headers
    return respond_rate_limited(seconds, is_global=False, headers=headers)


def _build_failed_response(status: int) -> web.Response:
    """Build a 5xx response.

    Discord's own internal error (500) is JSON. The other codes come from the proxy in front of Discord, as HTML.
    """
    if status == 500:
        return respond_json({"message": "500: Internal Server Error", "code": 0}, 500)
    page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
    return web.Response(text=page, status=status, content_type="text/html")
