"""`Idempotency-Key`: a client that does not know whether a write succeeded sends it again with the same key."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api import texts
from herwa_api.app_state import AppState
from herwa_shared.clock import utc_now
from herwa_shared.services.idempotency import IdempotentRequest, StoredResponse, claim_key, store_response
from herwa_shared.services.write_transaction import open_write_transaction

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
REPLAYED_HEADER = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=MAX_KEY_LENGTH,
        pattern="^[!-~]+$",
        description=texts.PARAMETERS["idempotency_key"],
        examples=["8f14e45f-ceea-467f-a8b6-0f3c1c2b9d10"],
    ),
]
ChangeWriter = Callable[[AsyncSession], Awaitable[StoredResponse]]
"""Makes a change in a transaction, and returns the response to it."""
ResponseBuilder = Callable[[StoredResponse], Response]


async def write_once(
    request: Request,
    app_state: AppState,
    *,
    guild_id: int,
    caller: str,
    key: str | None,
    write: ChangeWriter,
    build_response: ResponseBuilder,
) -> Response:
    """Make a change in one transaction; with a key that the caller has used for it, only send its response again.

    Raises what `write` and `claim_key` raise, NotSaved and SaveUnconfirmed.
    """
    async with open_write_transaction(app_state.stores.database) as session:
        if key is None:
            return build_response(await write(session))
        idempotent = IdempotentRequest(guild_id, caller, key, await _read_content(request))
        encryptor = app_state.response_encryptor
        earlier = await claim_key(session, idempotent, encryptor=encryptor, now=utc_now())
        if earlier is None:
            response = await write(session)
            await store_response(session, idempotent, response, encryptor=encryptor)
            return build_response(response)
    replayed = build_response(earlier)
    replayed.headers[REPLAYED_HEADER] = "true"
    return replayed


def build_json_response(response: StoredResponse) -> Response:
    """Build the response to a write that has no further headers."""
    return Response(response.body, response.status, media_type="application/json")


async def _read_content(request: Request) -> bytes:
    """Read everything that makes two requests the same."""
    return b"\n".join(
        (request.method.encode(), request.url.path.encode(), request.url.query.encode(), await request.body())
    )
