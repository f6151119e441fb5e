"""Change settings of one guild: features, access rules, channel lists."""

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api import texts
from herwa_api.app_state import AppDep
from herwa_api.etags import build_etag, require_match
from herwa_api.schemas import setting_changes as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES, WRITE_RESPONSES
from herwa_api.schemas.settings import (
    ChannelListResponse,
    FeatureListResponse,
    RuleResponse,
    serialize_channel_list,
    serialize_features,
    serialize_rule,
)
from herwa_api.setting_writes import ChangeOptionsDep, change_settings
from herwa_api.settings_access import ChannelListsCaller, FeaturesCaller, RulesCaller, SettingsCaller
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest, HerwaError, NotFound
from herwa_shared.guardrail.policy import ChannelList, SubjectKind, TargetKind
from herwa_shared.services.access_rules import (
    NewRule,
    find_rule_in_scope,
    load_rule_values,
    normalize_rule,
    to_setting_value,
)
from herwa_shared.services.channel_lists import list_channel_lists, parse_list_target
from herwa_shared.services.features import list_features
from herwa_shared.services.rule_targets import require_feature, require_module, require_target
from herwa_shared.services.setting_changes import SettingChange, SettingType

router = APIRouter(
    prefix="/api/guilds/{guild_id}", tags=["settings"], responses={**PROBLEM_RESPONSES, **WRITE_RESPONSES}
)
RuleId = Annotated[int, Path(ge=1, le=MAX_SNOWFLAKE, description=texts.PARAMETERS["rule_id"], examples=["17"])]
ListTarget = Annotated[
    str,
    Path(
        max_length=90,
        pattern="^(everything|module|feature|command):",
        description=texts.FIELDS["list_target"],
        examples=["command:server-stats"],
    ),
]


class RuleExists(HerwaError):
    """The server already has a rule about the same subject, target and place."""

    code = "rule_exists"
    status = 409


@router.patch(
    "/features",
    summary=texts.ROUTE_SUMMARIES["change_features"],
    description=texts.ROUTE_DESCRIPTIONS["change_features"],
    response_model=FeatureListResponse | schemas.DryRunResponse,
)
async def change_guild_features(
    request: Request,
    caller: FeaturesCaller,
    options: ChangeOptionsDep,
    body: schemas.FeaturesBody,
    app_state: AppDep,
) -> Response:
    """Turn features and modules on or off, all or none of them."""
    guild_id = caller.guild_id

    async def load_body(session: AsyncSession) -> dict[str, Any]:
        return serialize_features(await list_features(session, guild_id=guild_id, now=utc_now()))

    async def plan(session: AsyncSession) -> list[SettingChange]:
        current = await load_body(session)
        require_match(request, build_etag(orjson.dumps(current)))
        await _require_known(session, body)
        feature_toggles = {item["key"]: item["enabled"] for item in current["items"]}
        module_toggles = {item["key"]: item["enabled"] for item in current["modules"]}
        return [
            SettingChange(type_, key, _build_toggle(toggles.get(key, True)), _build_toggle(enabled))
            for type_, toggles, wanted in (
                (SettingType.MODULE, module_toggles, body.modules),
                (SettingType.FEATURE, feature_toggles, body.features),
            )
            for key, enabled in wanted.items()
        ]

    async def load_result(session: AsyncSession) -> tuple[int, dict[str, Any]]:
        return 200, await load_body(session)

    return await change_settings(request, app_state, caller, plan, load_result, options)


@router.post(
    "/rules",
    summary=texts.ROUTE_SUMMARIES["create_rule"],
    description=texts.ROUTE_DESCRIPTIONS["create_rule"],
    status_code=201,
    response_model=RuleResponse,
    responses={200: {"model": RuleResponse | schemas.DryRunResponse, "description": texts.RULE_EXISTS_DESCRIPTION}},
)
async def create_guild_rule(
    request: Request, caller: RulesCaller, options: ChangeOptionsDep, body: schemas.RuleBody, app_state: AppDep
) -> Response:
    """Create a rule. One that exists in the same scope must be changed instead."""
    is_new = True
    saved_rule = body.to_new_rule()

    async def plan(session: AsyncSession) -> list[SettingChange]:
        nonlocal is_new, saved_rule
        saved_rule = await _normalize(session, caller, body)
        is_new = await _require_free_scope(session, caller.guild_id, saved_rule) is None
        return [SettingChange(SettingType.RULE, "", None, to_setting_value(saved_rule))]

    async def load_result(session: AsyncSession) -> tuple[int, dict[str, Any]]:
        return 201 if is_new else 200, await _load_rule(session, caller, saved_rule)

    return await change_settings(request, app_state, caller, plan, load_result, options)


@router.put(
    "/rules/{rule_id}",
    summary=texts.ROUTE_SUMMARIES["replace_rule"],
    description=texts.ROUTE_DESCRIPTIONS["replace_rule"],
    response_model=RuleResponse | schemas.DryRunResponse,
)
async def replace_guild_rule(
    request: Request,
    caller: RulesCaller,
    rule_id: RuleId,
    options: ChangeOptionsDep,
    body: schemas.RuleBody,
    app_state: AppDep,
) -> Response:
    """Replace a rule. With another subject, target or place it becomes a new rule with another id."""
    saved_rule = body.to_new_rule()

    async def plan(session: AsyncSession) -> list[SettingChange]:
        nonlocal saved_rule
        current = await _require_rule(session, request, caller, rule_id)
        saved_rule = await _normalize(session, caller, body)
        await _require_free_scope(session, caller.guild_id, saved_rule, replaced_id=rule_id)
        return [SettingChange(SettingType.RULE, str(rule_id), current, to_setting_value(saved_rule))]

    async def load_result(session: AsyncSession) -> tuple[int, dict[str, Any]]:
        return 200, await _load_rule(session, caller, saved_rule)

    return await change_settings(request, app_state, caller, plan, load_result, options)


@router.delete(
    "/rules/{rule_id}",
    summary=texts.ROUTE_SUMMARIES["delete_rule"],
    description=texts.ROUTE_DESCRIPTIONS["delete_rule"],
    status_code=204,
    responses={200: {"model": schemas.DryRunResponse, "description": texts.DRY_RUN_DESCRIPTION}},
)
async def delete_guild_rule(
    request: Request, caller: RulesCaller, rule_id: RuleId, options: ChangeOptionsDep, app_state: AppDep
) -> Response:
    """Delete a rule."""

    async def plan(session: AsyncSession) -> list[SettingChange]:
        current = await _require_rule(session, request, caller, rule_id)
        return [SettingChange(SettingType.RULE, str(rule_id), current, None)]

    return await change_settings(request, app_state, caller, plan, _load_nothing, options)


@router.put(
    "/channel-lists/{target}",
    summary=texts.ROUTE_SUMMARIES["set_channel_list"],
    description=texts.ROUTE_DESCRIPTIONS["set_channel_list"],
    response_model=ChannelListResponse | schemas.DryRunResponse,
)
async def set_guild_channel_list(
    request: Request,
    caller: ChannelListsCaller,
    target: ListTarget,
    options: ChangeOptionsDep,
    body: schemas.ChannelListBody,
    app_state: AppDep,
) -> Response:
    """Limit a target to these channels and categories."""
    places = {"places": [str(place_id) for place_id in sorted({int(place_id) for place_id in body.places})]}

    async def plan(session: AsyncSession) -> list[SettingChange]:
        parts = parse_list_target(target)
        try:
            await require_target(session, TargetKind(parts["target_kind"]), parts["target_key"])
        except NotFound as error:
            raise BadRequest(str(error), field="target") from None
        current = await _find_list(session, caller.guild_id, target)
        require_match(request, None if current is None else serialize_channel_list(current)["etag"])
        return [SettingChange(SettingType.CHANNEL_LIST, target, _build_places(current), places)]

    async def load_result(session: AsyncSession) -> tuple[int, dict[str, Any]]:
        saved = await _find_list(session, caller.guild_id, target)
        assert saved is not None
        return 200, serialize_channel_list(saved)

    return await change_settings(request, app_state, caller, plan, load_result, options)


@router.delete(
    "/channel-lists/{target}",
    summary=texts.ROUTE_SUMMARIES["delete_channel_list"],
    description=texts.ROUTE_DESCRIPTIONS["delete_channel_list"],
    status_code=204,
    responses={200: {"model": schemas.DryRunResponse, "description": texts.DRY_RUN_DESCRIPTION}},
)
async def delete_guild_channel_list(
    request: Request, caller: ChannelListsCaller, target: ListTarget, options: ChangeOptionsDep, app_state: AppDep
) -> Response:
    """Delete a channel list, so that its target works everywhere."""

    async def plan(session: AsyncSession) -> list[SettingChange]:
        current = await _find_list(session, caller.guild_id, target)
        if current is None:
            raise NotFound(texts.LIST_NOT_FOUND)
        require_match(request, serialize_channel_list(current)["etag"])
        return [SettingChange(SettingType.CHANNEL_LIST, target, _build_places(current), None)]

    return await change_settings(request, app_state, caller, plan, _load_nothing, options)


async def _load_nothing(_session: AsyncSession) -> tuple[int, None]:
    return 204, None


async def _require_known(session: AsyncSession, body: schemas.FeaturesBody) -> None:
    """Raise BadRequest, with similar keys in its message, for an unknown feature or module."""
    for key in body.features:
        try:
            await require_feature(session, key)
        except NotFound as error:
            raise BadRequest(str(error), field="features") from None
    for key in body.modules:
        try:
            await require_module(session, key)
        except NotFound as error:
            raise BadRequest(str(error), field="modules") from None


def _build_toggle(enabled: bool) -> dict[str, Any]:
    return {"enabled": enabled, "by_default": False}


async def _normalize(session: AsyncSession, caller: SettingsCaller, body: schemas.RuleBody) -> NewRule:
    """Validate the rule of a body. Raises BadRequest, AccessDenied for a key that may not know ids of members."""
    if body.subject_kind == SubjectKind.MEMBER:
        caller.require_member_ids()
    try:
        return await normalize_rule(session, caller.guild_id, body.to_new_rule())
    except NotFound as error:
        raise BadRequest(str(error), field="target_key") from None


async def _require_free_scope(
    session: AsyncSession, guild_id: int, rule: NewRule, *, replaced_id: int | None = None
) -> int | None:
    """Return the id of a rule that is equal to a new one. Raises RuleExists for another one in the same scope."""
    existing_id = await find_rule_in_scope(session, guild_id, rule)
    if existing_id is None or existing_id == replaced_id:
        return None
    values = await load_rule_values(session, guild_id=guild_id)
    if values[existing_id] != to_setting_value(rule) or replaced_id is not None:
        raise RuleExists(texts.format_rule_exists(existing_id))
    return existing_id


async def _require_rule(
    session: AsyncSession, request: Request, caller: SettingsCaller, rule_id: int
) -> dict[str, Any]:
    """Return the value of a rule. Raises NotFound, PreconditionFailed."""
    value = (await load_rule_values(session, guild_id=caller.guild_id)).get(rule_id)
    if value is None:
        raise NotFound(texts.RULE_NOT_FOUND)
    require_match(request, serialize_rule(rule_id, value, caller.members)["etag"])
    return dict(value)


async def _load_rule(session: AsyncSession, caller: SettingsCaller, rule: NewRule) -> dict[str, Any]:
    rule_id = await find_rule_in_scope(session, caller.guild_id, rule)
    assert rule_id is not None
    values = await load_rule_values(session, guild_id=caller.guild_id)
    return serialize_rule(rule_id, values[rule_id], caller.members)


async def _find_list(session: AsyncSession, guild_id: int, target: str) -> ChannelList | None:
    lists: Sequence[ChannelList] = await list_channel_lists(session, guild_id=guild_id)
    return next((item for item in lists if f"{item.target_kind}:{item.target_key}" == target), None)


def _build_places(current: ChannelList | None) -> dict[str, Any] | None:
    return None if current is None else {"places": [str(place_id) for place_id in sorted(current.place_ids)]}
