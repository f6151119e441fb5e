"""API keys of one guild: `/api/guilds/{guild_id}/keys`. Only users manage keys; a key cannot."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api import texts
from herwa_api.app_state import AppDep, AppState, DatabaseDep
from herwa_api.auth import GuildManager, KeyManager
from herwa_api.idempotency import ChangeWriter, IdempotencyKey, build_json_response, write_once
from herwa_api.rate_limits.declared import SHARED_KEY_CREATION_LIMIT, limit_key_creation
from herwa_api.schemas import keys as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.services.api_key_usage import list_last_requests, load_usage
from herwa_shared.services.api_keys import NewKey, create_key, list_keys, revoke_key, rotate_key
from herwa_shared.services.idempotency import StoredResponse

router = APIRouter(prefix="/api/guilds/{guild_id}/keys", tags=["keys"], responses=PROBLEM_RESPONSES)
KeyId = Annotated[int, Path(ge=1, le=MAX_SNOWFLAKE, description=texts.PARAMETERS["key_id"], examples=["7"])]


@router.get(
    "",
    summary=texts.ROUTE_SUMMARIES["list_keys"],
    description=texts.ROUTE_DESCRIPTIONS["list_keys"],
    response_model=schemas.ApiKeyListResponse,
)
async def list_guild_keys(manager: KeyManager, database: DatabaseDep) -> Response:
    """List the keys of the guild, newest first."""
    async with database.transaction() as session:
        keys = await list_keys(session, guild_id=manager.guild_id)
    return OrjsonResponse(schemas.serialize_keys(keys, utc_now()))


@router.post(
    "",
    summary=texts.ROUTE_SUMMARIES["create_key"],
    description=texts.ROUTE_DESCRIPTIONS["create_key"],
    status_code=201,
    response_model=schemas.NewKeyResponse,
    dependencies=[SHARED_KEY_CREATION_LIMIT],
)
@limit_key_creation
async def create_guild_key(
    request: Request,
    manager: KeyManager,
    body: schemas.CreateKeyBody,
    app_state: AppDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Create a key and return it; it cannot be read again."""

    async def create(session: AsyncSession) -> NewKey:
        return await create_key(
            session,
            guild_id=manager.guild_id,
            name=body.name,
            scopes=body.scopes,
            pepper=app_state.key_verifier.pepper,
            actor=manager.actor,
            expires_at=body.expires_at,
            networks=body.networks,
            is_test=body.is_test,
        )

    return await _create_once(request, app_state, manager, idempotency_key, create)


@router.post(
    "/{key_id}/rotate",
    summary=texts.ROUTE_SUMMARIES["rotate_key"],
    description=texts.ROUTE_DESCRIPTIONS["rotate_key"],
    status_code=201,
    response_model=schemas.NewKeyResponse,
    dependencies=[SHARED_KEY_CREATION_LIMIT],
)
@limit_key_creation
async def rotate_guild_key(
    request: Request,
    manager: KeyManager,
    key_id: KeyId,
    body: schemas.RotateKeyBody,
    app_state: AppDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Replace a key by a new one; the old one stays valid for the overlap."""

    async def create(session: AsyncSession) -> NewKey:
        return await rotate_key(
            session,
            guild_id=manager.guild_id,
            key_id=key_id,
            pepper=app_state.key_verifier.pepper,
            actor=manager.actor,
            overlap=body.overlap,
        )

    return await _create_once(request, app_state, manager, idempotency_key, create)


@router.delete(
    "/{key_id}",
    summary=texts.ROUTE_SUMMARIES["revoke_key"],
    description=texts.ROUTE_DESCRIPTIONS["revoke_key"],
    response_model=schemas.ApiKeyResponse,
)
async def revoke_guild_key(
    request: Request,
    manager: KeyManager,
    key_id: KeyId,
    app_state: AppDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Revoke a key at once."""

    async def write(session: AsyncSession) -> StoredResponse:
        key = await revoke_key(session, guild_id=manager.guild_id, key_id=key_id, actor=manager.actor)
        return StoredResponse(200, orjson.dumps(schemas.serialize_key_status(key, utc_now())))

    return await _write_once(request, app_state, manager, idempotency_key, write)


@router.get(
    "/{key_id}/usage",
    summary=texts.ROUTE_SUMMARIES["key_usage"],
    description=texts.ROUTE_DESCRIPTIONS["key_usage"],
    response_model=schemas.KeyUsageResponse,
)
async def get_key_usage(
    manager: KeyManager, key_id: KeyId, params: Annotated[schemas.KeyUsageQuery, Query()], database: DatabaseDep
) -> Response:
    """Return the requests with a key per day and endpoint, and its errors."""
    async with database.transaction() as session:
        usage = await load_usage(session, guild_id=manager.guild_id, key_id=key_id, days=params.days)
    return OrjsonResponse(schemas.serialize_usage(usage))


@router.get(
    "/{key_id}/requests",
    summary=texts.ROUTE_SUMMARIES["key_requests"],
    description=texts.ROUTE_DESCRIPTIONS["key_requests"],
    response_model=schemas.KeyRequestListResponse,
)
async def list_key_requests(manager: KeyManager, key_id: KeyId, database: DatabaseDep) -> Response:
    """List the last requests with a key, newest first."""
    async with database.transaction() as session:
        requests = await list_last_requests(session, guild_id=manager.guild_id, key_id=key_id)
    return OrjsonResponse(schemas.serialize_requests(requests))


async def _create_once(
    request: Request,
    app_state: AppState,
    manager: GuildManager,
    idempotency_key: str | None,
    create: Callable[[AsyncSession], Awaitable[NewKey]],
) -> Response:
    """Create a key, once for all requests with one `Idempotency-Key`, and respond with it."""

    async def write(session: AsyncSession) -> StoredResponse:
        new_key = await create(session)
        return StoredResponse(201, orjson.dumps(schemas.serialize_new_key(new_key, utc_now())))

    return await _write_once(request, app_state, manager, idempotency_key, write)


async def _write_once(
    request: Request,
    app_state: AppState,
    manager: GuildManager,
    idempotency_key: str | None,
    write: ChangeWriter,
) -> Response:
    return await write_once(
        request,
        app_state,
        guild_id=manager.guild_id,
        caller=f"user {manager.actor.user_id}",
        key=idempotency_key,
        write=write,
        build_response=build_json_response,
    )
