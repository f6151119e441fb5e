"""Responses of the statistics routes: their bodies are cached, and a client that has the current body gets 304."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from herwa_api.app_state import AppState
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
    body = await app_state.query_cache.get_bytes(guild_id, question, compute)
    if personalize is not None:
        body = orjson.dumps(personalize(orjson.loads(body)))
    return respond_with_etag(request, body)
