"""Save changes of settings that a request asks for, or say what they would do."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api.app_state import AppState
from herwa_api.dry_runs import describe_dry_run
from herwa_api.etags import build_etag
from herwa_api.idempotency import IdempotencyKey, write_once
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_api.schemas.setting_changes import ChangeQuery
from herwa_api.settings_access import SettingsCaller
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.services.change_preview import preview_changes
from herwa_shared.services.idempotency import StoredResponse
from herwa_shared.services.rule_tests import RolePermissions, load_role_permissions
from herwa_shared.services.setting_changes import SettingChange, save_changes
from herwa_shared.services.write_transaction import open_write_transaction

WRITE_CACHE_CONTROL = "private, no-store"


@dataclass(frozen=True, slots=True)
class ChangeOptions:
    """How a change is made: only as a dry run, or once for all requests with one `Idempotency-Key`."""

    dry_run: bool
    idempotency_key: str | None


async def get_change_options(params: Annotated[ChangeQuery, Query()], key: IdempotencyKey = None) -> ChangeOptions:
    """Return the options of a request (FastAPI dependency)."""
    return ChangeOptions(params.dry_run, key)


ChangeOptionsDep = Annotated[ChangeOptions, Depends(get_change_options)]
ChangePlan = Callable[[AsyncSession], Awaitable[Sequence[SettingChange]]]
"""Validates a request and returns its changes, from the values that the settings have now."""

ResultLoader = Callable[[AsyncSession], Awaitable[tuple[int, dict[str, Any] | None]]]
"""Loads status and body of the response after the changes were saved; a body of None is an empty response."""


async def change_settings(
    request: Request,
    app_state: AppState,
    caller: SettingsCaller,
    plan: ChangePlan,
    load_result: ResultLoader,
    options: ChangeOptions,
) -> Response:
    """Save the changes of `plan` in one transaction, with their audit entries, and respond with the result.

    The settings are locked before they are read, so nothing changes between a check of `If-Match` and the save. A dry
    run saves nothing, and responds with who would gain and lose what. Raises what `plan` and `save_changes` raise, and
    what `write_once` raises.
    """
    role_permissions = await _load_role_permissions(app_state, caller)
    if options.dry_run:
        return await _preview(app_state, caller, plan, role_permissions)

    async def write(session: AsyncSession) -> StoredResponse:
        await lock_guild(session, caller.guild_id)
        changes = await plan(session)
        await save_changes(
            session, guild_id=caller.guild_id, changes=changes, actor=caller.actor, role_permissions=role_permissions
        )
        status, body = await load_result(session)
        return StoredResponse(status, None if body is None else orjson.dumps(body))

    return await write_once(
        request,
        app_state,
        guild_id=caller.guild_id,
        caller=caller.identity,
        key=options.idempotency_key,
        write=write,
        build_response=lambda response: _build_response(request, response),
    )


def _build_response(request: Request, response: StoredResponse) -> Response:
    """Build the response to a change: with the ETag of what was changed, and the URL of what was created."""
    headers = {"Cache-Control": WRITE_CACHE_CONTROL}
    if response.body is None:
        return Response(status_code=response.status, headers=headers)
    content = orjson.loads(response.body)
    headers["ETag"] = content.get("etag") or build_etag(response.body)
    if response.status == 201:
        headers["Location"] = f"{request.url.path}/{content['id']}"
    return Response(response.body, response.status, headers, "application/json")


async def _load_role_permissions(app_state: AppState, caller: SettingsCaller) -> RolePermissions | None:
    """Load what the tests of rules need, before the settings are locked; None while Discord does not respond."""
    try:
        reader = app_state.require_guild_reader()
    except DiscordUnavailable:
        return None
    return await load_role_permissions(app_state.stores.database, reader, guild_id=caller.guild_id)


async def _preview(
    app_state: AppState, caller: SettingsCaller, plan: ChangePlan, role_permissions: RolePermissions | None
) -> Response:
    async with open_write_transaction(app_state.stores.database) as session:
        await lock_guild(session, caller.guild_id)
        changes = await plan(session)
        preview = await preview_changes(
            session, guild_id=caller.guild_id, changes=changes, actor=caller.actor, role_permissions=role_permissions
        )
    body = await describe_dry_run(app_state, caller, changes, preview)
    return OrjsonResponse(body, headers={"Cache-Control": WRITE_CACHE_CONTROL})
