"""Events of exports of one guild: `/api/guilds/{guild_id}/export-events`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from herwa_api import texts
from herwa_api.app_state import AppDep
from herwa_api.exports_access import ExportCallerDep
from herwa_api.schemas import exports as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.exports.events import list_events

router = APIRouter(prefix="/api/guilds/{guild_id}/export-events", tags=["exports"], responses=PROBLEM_RESPONSES)


@router.get(
    "",
    summary=texts.ROUTE_SUMMARIES["list_export_events"],
    description=texts.ROUTE_DESCRIPTIONS["list_export_events"],
    response_model=schemas.ExportEventListResponse,
)
async def list_export_events(
    caller: ExportCallerDep, params: Annotated[schemas.ExportEventListQuery, Query()], app_state: AppDep
) -> Response:
    """List when exports became ready or failed, oldest first."""
    position = params.parse_position(app_state.cursors)
    async with app_state.stores.database.transaction() as session:
        events = await list_events(
            session,
            guild_id=caller.guild_id,
            after_id=params.after if position is None else position,
            limit=params.limit + 1,
            key_id=caller.key_id,
        )
    return OrjsonResponse(schemas.serialize_events(params, events, app_state.cursors))
