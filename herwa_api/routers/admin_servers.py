"""Routes of the operator's panel about servers: `/api/admin/servers`. The gate hides them from everyone else."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api.app_state import AppDep, DatabaseDep
from herwa_api.operator_gate import PANEL_PREFIX, OperatorDep, RecentOperatorDep
from herwa_api.schemas import admin as schemas
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.auth.operators import Operator
from herwa_shared.db import Database
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.operators import server_changes
from herwa_shared.operators.audit import build_operator_actor, list_operator_entries, serialize_entry
from herwa_shared.operators.server_detail import load_server_details
from herwa_shared.operators.server_search import search_servers
from herwa_shared.operators.view_as import start_view, stop_view
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.write_transaction import open_write_transaction

router = APIRouter(prefix=PANEL_PREFIX, include_in_schema=False)
GuildId = Annotated[int, Path(ge=1, le=MAX_SNOWFLAKE)]
RowId = Annotated[int, Path(ge=1, le=MAX_SNOWFLAKE)]


@router.get("/servers")
async def list_servers(
    _operator: OperatorDep, database: DatabaseDep, query: Annotated[schemas.ServerSearchQuery, Query()]
) -> Response:
    """Search servers."""
    async with database.transaction() as session:
        return OrjsonResponse((await search_servers(session, query.to_filter())).to_json())


@router.get("/servers/{guild_id}")
async def show_server(_operator: OperatorDep, database: DatabaseDep, guild_id: GuildId) -> Response:
    """Show one server."""
    async with database.transaction() as session:
        return OrjsonResponse((await load_server_details(session, guild_id=guild_id)).to_json())


@router.post("/servers/{guild_id}/grant")
async def grant_tier(
    operator: OperatorDep, database: DatabaseDep, guild_id: GuildId, body: schemas.TierGrantBody
) -> Response:
    """Grant a tier or a trial of one."""
    async with open_write_transaction(database) as session:
        await server_changes.grant_tier(
            session,
            guild_id=guild_id,
            tier=body.tier,
            days=body.days,
            is_trial=body.trial,
            reason=body.reason,
            actor=_build_actor(operator),
        )
    return await _show_changed(database, guild_id)


@router.post("/servers/{guild_id}/extend")
async def extend_tier(
    operator: OperatorDep, database: DatabaseDep, guild_id: GuildId, body: schemas.ExtensionBody
) -> Response:
    """Extend the current tier."""
    async with open_write_transaction(database) as session:
        await server_changes.extend_tier(
            session, guild_id=guild_id, days=body.days, reason=body.reason, actor=_build_actor(operator)
        )
    return await _show_changed(database, guild_id)


@router.post("/servers/{guild_id}/revoke")
async def revoke_tier(
    operator: RecentOperatorDep, database: DatabaseDep, guild_id: GuildId, body: schemas.ReasonBody
) -> Response:
    """Revoke all granted tiers."""
    async with open_write_transaction(database) as session:
        await server_changes.revoke_tier(session, guild_id=guild_id, reason=body.reason, actor=_build_actor(operator))
    return await _show_changed(database, guild_id)


@router.post("/servers/{guild_id}/overrides")
async def add_override(
    operator: OperatorDep, database: DatabaseDep, guild_id: GuildId, body: schemas.OverrideBody
) -> Response:
    """Grant a feature or a limit beyond the tier."""
    async with open_write_transaction(database) as session:
        await _add_override(session, guild_id, body, _build_actor(operator))
    return await _show_changed(database, guild_id)


@router.post("/servers/{guild_id}/overrides/{override_id}/revoke")
async def revoke_override(
    operator: RecentOperatorDep,
    database: DatabaseDep,
    guild_id: GuildId,
    override_id: RowId,
    body: schemas.ReasonBody,
) -> Response:
    """Revoke a feature or limit beyond the tier."""
    async with open_write_transaction(database) as session:
        await server_changes.revoke_override(
            session, guild_id=guild_id, grant_id=override_id, reason=body.reason, actor=_build_actor(operator)
        )
    return await _show_changed(database, guild_id)


@router.post("/servers/{guild_id}/notes")
async def add_note(operator: OperatorDep, database: DatabaseDep, guild_id: GuildId, body: schemas.NoteBody) -> Response:
    """Add a note."""
    async with open_write_transaction(database) as session:
        await server_changes.add_note(session, guild_id=guild_id, text=body.text, actor=_build_actor(operator))
    return await _show_changed(database, guild_id)


@router.delete("/servers/{guild_id}/notes/{note_id}")
async def delete_note(operator: OperatorDep, database: DatabaseDep, guild_id: GuildId, note_id: RowId) -> Response:
    """Delete a note."""
    async with open_write_transaction(database) as session:
        await server_changes.delete_note(session, guild_id=guild_id, note_id=note_id, actor=_build_actor(operator))
    return await _show_changed(database, guild_id)


@router.post("/servers/{guild_id}/view")
async def begin_view(
    operator: RecentOperatorDep, app_state: AppDep, database: DatabaseDep, guild_id: GuildId, body: schemas.ReasonBody
) -> Response:
    """Start to view the pages of a server as its owner sees them, in the browser of this session."""
    guilds = await app_state.require_oauth().guild_access.list_guilds(operator.user_id, fresh=True)
    managed_ids = frozenset(guild.id for guild in guilds if guild.can_manage)
    async with open_write_transaction(database) as session:
        view = await start_view(
            session,
            operator,
            guild_id=guild_id,
            managed_ids=managed_ids,
            reason=body.reason,
            actor=_build_actor(operator),
        )
    return OrjsonResponse({"guild_id": str(guild_id), "ends_at": view.ends_at.isoformat()})


@router.delete("/view")
async def end_view(operator: OperatorDep, database: DatabaseDep) -> Response:
    """Stop viewing a server."""
    async with open_write_transaction(database) as session:
        await stop_view(session, user_id=operator.user_id)
    return Response(status_code=204)


@router.get("/audit")
async def list_acts(
    _operator: OperatorDep, database: DatabaseDep, before: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    """List the acts of the operators, newest first."""
    async with database.transaction() as session:
        entries = await list_operator_entries(session, before=before)
    return OrjsonResponse({"items": [serialize_entry(entry) for entry in entries]})


async def _add_override(session: AsyncSession, guild_id: int, body: schemas.OverrideBody, actor: Actor) -> None:
    if body.feature is not None:
        await server_changes.add_feature_override(
            session, guild_id=guild_id, feature=body.feature, days=body.days, reason=body.reason, actor=actor
        )
    elif body.limit is not None:
        await server_changes.add_limit_override(
            session,
            guild_id=guild_id,
            limit=body.limit,
            value=body.value,
            days=body.days,
            reason=body.reason,
            actor=actor,
        )


async def _show_changed(database: Database, guild_id: int) -> Response:
    async with database.transaction() as session:
        return OrjsonResponse((await load_server_details(session, guild_id=guild_id)).to_json())


def _build_actor(operator: Operator) -> Actor:
    return build_operator_actor(operator, ChangeSource.API)
