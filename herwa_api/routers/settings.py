"""Settings of one guild, read only: features, access rules, channel lists, audit log, and `explain`."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from herwa_api import texts
from herwa_api.app_state import AppDep, DatabaseDep
from herwa_api.etags import respond_with_etag
from herwa_api.schemas import audit as audit_schemas
from herwa_api.schemas import explain as explain_schemas
from herwa_api.schemas import settings as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_api.settings_access import AuditCaller, ChannelListsCaller, ExplainCaller, FeaturesCaller, RulesCaller
from herwa_api.trials import explain_access
from herwa_shared.clock import utc_now
from herwa_shared.services.access_rules import load_rule_values
from herwa_shared.services.audit import list_entries
from herwa_shared.services.channel_lists import list_channel_lists
from herwa_shared.services.features import list_features
from herwa_shared.services.guilds import get_timezone
from herwa_shared.zone_names import parse_zone

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": texts.NOT_MODIFIED_DESCRIPTION}}
router = APIRouter(prefix="/api/guilds/{guild_id}", tags=["settings"], responses=PROBLEM_RESPONSES)


@router.get(
    "/features",
    summary=texts.ROUTE_SUMMARIES["list_features"],
    description=texts.ROUTE_DESCRIPTIONS["list_features"],
    response_model=schemas.FeatureListResponse,
    responses=NOT_MODIFIED,
)
async def list_guild_features(request: Request, caller: FeaturesCaller, database: DatabaseDep) -> Response:
    """List the features with their state, and why one is not available."""
    async with database.transaction() as session:
        statuses = await list_features(session, guild_id=caller.guild_id, now=utc_now())
    return respond_with_etag(request, orjson.dumps(schemas.serialize_features(statuses)))


@router.get(
    "/rules",
    summary=texts.ROUTE_SUMMARIES["list_rules"],
    description=texts.ROUTE_DESCRIPTIONS["list_rules"],
    response_model=schemas.RuleListResponse,
    responses=NOT_MODIFIED,
)
async def list_guild_rules(request: Request, caller: RulesCaller, database: DatabaseDep) -> Response:
    """List the access rules, oldest first."""
    async with database.transaction() as session:
        rules = await load_rule_values(session, guild_id=caller.guild_id)
    return respond_with_etag(request, orjson.dumps(schemas.serialize_rules(rules, caller.members)))


@router.get(
    "/channel-lists",
    summary=texts.ROUTE_SUMMARIES["list_channel_lists"],
    description=texts.ROUTE_DESCRIPTIONS["list_channel_lists"],
    response_model=schemas.ChannelListsResponse,
    responses=NOT_MODIFIED,
)
async def list_guild_channel_lists(request: Request, caller: ChannelListsCaller, database: DatabaseDep) -> Response:
    """List the channel lists, sorted by target."""
    async with database.transaction() as session:
        lists = await list_channel_lists(session, guild_id=caller.guild_id)
    return respond_with_etag(request, orjson.dumps(schemas.serialize_channel_lists(lists)))


@router.get(
    "/audit",
    summary=texts.ROUTE_SUMMARIES["audit"],
    description=texts.ROUTE_DESCRIPTIONS["audit"],
    response_model=audit_schemas.AuditPageResponse,
)
async def list_audit_entries(
    caller: AuditCaller, params: Annotated[audit_schemas.AuditQuery, Query()], app_state: AppDep
) -> Response:
    """List the changes of settings, newest first."""
    if params.actor_id is not None:
        caller.require_member_ids()
    before = params.parse_position(app_state.cursors)
    async with app_state.stores.database.transaction() as session:
        zone = parse_zone(params.timezone) if params.timezone else await get_timezone(session, guild_id=caller.guild_id)
        entries = await list_entries(
            session,
            guild_id=caller.guild_id,
            limit=params.limit + 1,
            before=before,
            matching=params.build_filter(zone),
        )
    return OrjsonResponse(audit_schemas.serialize_entries(params, entries, caller.members, app_state.cursors))


@router.get(
    "/explain",
    summary=texts.ROUTE_SUMMARIES["explain"],
    description=texts.ROUTE_DESCRIPTIONS["explain"],
    response_model=explain_schemas.ExplainResponse,
)
async def explain_command(
    caller: ExplainCaller, params: Annotated[explain_schemas.ExplainQuery, Query()], app_state: AppDep
) -> Response:
    """Explain whether a member, or a member with some roles, can use a command."""
    if params.member_id is not None:
        caller.require_member_ids()
    result = await explain_access(app_state, caller.guild_id, params)
    return OrjsonResponse(explain_schemas.serialize_trial(result, caller.members))
