"""Responses of the statistics routes: their bodies are cached, and a client that has the current body gets 304."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from herwa_api.app_state import AppState
from herwa_api.errors import LimitReached
from herwa_api.etags import respond_with_etag
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.clock import utc_now
from herwa_shared.query_cache.cache import Computed

BodyBuilder = Callable[[datetime], Awaitable[Computed[Any]]]
"""Computes a body at a time, and until when it holds."""


async def respond_cached(
    request: Request,
    app_state: AppState,
    guild_id: int,
    params: BaseModel,
    build: BodyBuilder,
    *,
    history: HistoryLimit,
    personalize: Callable[[Any], Any] | None = None,
) -> Response:
    """Respond with the body of this route and these parameters. The caller has authorized the request.

    The body of `build` is shared by all callers with the same `history`, so it depends on nothing else about the
    caller. `personalize` makes of it the body for this caller, which is not cached. Raises as `build` does.
    """

    async def compute() -> Computed[bytes]:
        computed = await build(utc_now())
        return Computed(orjson.dumps(computed.value), computed.valid_until)

    question = f"{request.scope['route'].path} {history.days} {params.model_dump_json()}"
    shared_body = await _get_body(request, partial(app_state.query_cache.get_bytes, guild_id, question, compute))
    body = shared_body if personalize is None else orjson.dumps(personalize(orjson.loads(shared_body)))
    response = respond_with_etag(request, body)
    if response.status_code == HTTPStatus.OK:
        app_state.known_responses.register(request, question, shared_body, response)
    return response


async def _get_body(request: Request, get_body: Callable[[], Awaitable[bytes]]) -> bytes:
    """Get the body. If it was computed for another request, whose limit was reached, ask again."""
    while True:
        try:
            return await get_body()
        except LimitReached as error:
            if error.request is request:
                raise
