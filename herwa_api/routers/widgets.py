"""Widgets and the public page of one guild: `/api/guilds/{guild_id}/widgets` and `…/public-page`.

Visitors get them below `/w/`, see `herwa_api.widgets`.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api import widget_texts as texts
from herwa_api.app_state import AppDep, AppState
from herwa_api.idempotency import IdempotencyKey, build_json_response, write_once
from herwa_api.schemas import widgets as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_api.settings_access import SettingsCaller, WidgetsCaller
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import NotFound
from herwa_shared.services.idempotency import StoredResponse
from herwa_shared.services.widget_texts import PAGE_NOT_SET_UP, UNKNOWN_WIDGET
from herwa_shared.services.widget_uses import load_uses
from herwa_shared.services.widgets import (
    WidgetStatus,
    change_widget,
    create_widget,
    find_page,
    get_or_create_page,
    get_widget,
    list_widgets,
    load_widget_allowance,
    revoke_widget,
)

router = APIRouter(prefix="/api/guilds/{guild_id}", tags=["widgets"], responses=PROBLEM_RESPONSES)
WidgetId = Annotated[int, Path(ge=1, le=MAX_SNOWFLAKE, description=texts.PARAMETERS["widget_id"], examples=["7"])]


@router.get(
    "/widgets",
    summary=texts.ROUTE_SUMMARIES["list_widgets"],
    description=texts.ROUTE_DESCRIPTIONS["list_widgets"],
    response_model=schemas.WidgetListResponse,
)
async def list_guild_widgets(caller: WidgetsCaller, app_state: AppDep) -> Response:
    """List the widgets of the guild, oldest first, then those that were revoked."""
    async with app_state.stores.database.transaction() as session:
        widgets = await list_widgets(session, guild_id=caller.guild_id)
        items = await _serialize(session, app_state, caller.guild_id, widgets)
    return OrjsonResponse({"items": items})


@router.post(
    "/widgets",
    summary=texts.ROUTE_SUMMARIES["create_widget"],
    description=texts.ROUTE_DESCRIPTIONS["create_widget"],
    status_code=201,
    response_model=schemas.WidgetResponse,
)
async def create_guild_widget(
    request: Request,
    caller: WidgetsCaller,
    body: schemas.CreateWidgetBody,
    app_state: AppDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Create a widget."""

    async def change(session: AsyncSession) -> int:
        widget = await create_widget(session, guild_id=caller.guild_id, value=body.to_value(), actor=caller.actor)
        return widget.id

    return await _change_once(request, app_state, caller, idempotency_key, change, status=201)


@router.get(
    "/public-page",
    summary=texts.ROUTE_SUMMARIES["get_page"],
    description=texts.ROUTE_DESCRIPTIONS["get_page"],
    response_model=schemas.PublicPageResponse,
)
async def get_guild_page(caller: WidgetsCaller, app_state: AppDep) -> Response:
    """Return the public page. Raises NotFound before it is set up."""
    async with app_state.stores.database.transaction() as session:
        page = await _get_page(session, caller.guild_id)
        body = await _load_body(session, app_state, caller.guild_id, page.id)
    return OrjsonResponse(body)


@router.patch(
    "/public-page",
    summary=texts.ROUTE_SUMMARIES["change_page"],
    description=texts.ROUTE_DESCRIPTIONS["change_page"],
    response_model=schemas.PublicPageResponse,
)
async def change_guild_page(
    request: Request,
    caller: WidgetsCaller,
    body: schemas.PageChangeBody,
    app_state: AppDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Change the settings of the public page that the body has; set it up if there is none."""

    async def change(session: AsyncSession) -> int:
        page = await get_or_create_page(session, guild_id=caller.guild_id, actor=caller.actor)
        await change_widget(
            session, guild_id=caller.guild_id, widget_id=page.id, value=body.to_value(), actor=caller.actor
        )
        return page.id

    return await _change_once(request, app_state, caller, idempotency_key, change)


@router.delete(
    "/public-page",
    summary=texts.ROUTE_SUMMARIES["revoke_page"],
    description=texts.ROUTE_DESCRIPTIONS["revoke_page"],
    response_model=schemas.PublicPageResponse,
)
async def revoke_guild_page(request: Request, caller: WidgetsCaller, app_state: AppDep) -> Response:
    """Revoke the public page at once. Raises NotFound if there is none."""

    async def change(session: AsyncSession) -> int:
        page = await _get_page(session, caller.guild_id)
        await revoke_widget(session, guild_id=caller.guild_id, widget_id=page.id, actor=caller.actor)
        return page.id

    return await _change_once(request, app_state, caller, None, change)


@router.get(
    "/widgets/{widget_id}",
    summary=texts.ROUTE_SUMMARIES["get_widget"],
    description=texts.ROUTE_DESCRIPTIONS["get_widget"],
    response_model=schemas.WidgetResponse,
)
async def get_guild_widget(caller: WidgetsCaller, widget_id: WidgetId, app_state: AppDep) -> Response:
    """Return one widget."""
    async with app_state.stores.database.transaction() as session:
        await _require_widget(session, caller.guild_id, widget_id)
        body = await _load_body(session, app_state, caller.guild_id, widget_id)
    return OrjsonResponse(body)


@router.patch(
    "/widgets/{widget_id}",
    summary=texts.ROUTE_SUMMARIES["change_widget"],
    description=texts.ROUTE_DESCRIPTIONS["change_widget"],
    response_model=schemas.WidgetResponse,
)
async def change_guild_widget(
    request: Request,
    caller: WidgetsCaller,
    widget_id: WidgetId,
    body: schemas.WidgetChangeBody,
    app_state: AppDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Change the settings that the body has."""

    async def change(session: AsyncSession) -> int:
        await _require_widget(session, caller.guild_id, widget_id)
        await change_widget(
            session, guild_id=caller.guild_id, widget_id=widget_id, value=body.to_value(), actor=caller.actor
        )
        return widget_id

    return await _change_once(request, app_state, caller, idempotency_key, change)


@router.delete(
    "/widgets/{widget_id}",
    summary=texts.ROUTE_SUMMARIES["revoke_widget"],
    description=texts.ROUTE_DESCRIPTIONS["revoke_widget"],
    response_model=schemas.WidgetResponse,
)
async def revoke_guild_widget(
    request: Request, caller: WidgetsCaller, widget_id: WidgetId, app_state: AppDep
) -> Response:
    """Revoke a widget at once."""

    async def change(session: AsyncSession) -> int:
        await _require_widget(session, caller.guild_id, widget_id)
        await revoke_widget(session, guild_id=caller.guild_id, widget_id=widget_id, actor=caller.actor)
        return widget_id

    return await _change_once(request, app_state, caller, None, change)


async def _require_widget(session: AsyncSession, guild_id: int, widget_id: int) -> None:
    """Raise NotFound unless the id is that of a widget. The public page has routes and settings of its own."""
    if (await get_widget(session, guild_id=guild_id, widget_id=widget_id)).is_page:
        raise NotFound(UNKNOWN_WIDGET)


async def _get_page(session: AsyncSession, guild_id: int) -> WidgetStatus:
    page = await find_page(session, guild_id=guild_id)
    if page is None:
        raise NotFound(PAGE_NOT_SET_UP)
    return page


async def _change_once(
    request: Request,
    app_state: AppState,
    caller: SettingsCaller,
    idempotency_key: str | None,
    change: Callable[[AsyncSession], Awaitable[int]],
    *,
    status: int = 200,
) -> Response:
    """Make a change, once for all requests with one `Idempotency-Key`, and respond with the widget of the id."""

    async def write(session: AsyncSession) -> StoredResponse:
        body = await _load_body(session, app_state, caller.guild_id, await change(session))
        return StoredResponse(status, orjson.dumps(body))

    return await write_once(
        request,
        app_state,
        guild_id=caller.guild_id,
        caller=caller.identity,
        key=idempotency_key,
        write=write,
        build_response=build_json_response,
    )


async def _load_body(session: AsyncSession, app_state: AppState, guild_id: int, widget_id: int) -> dict[str, Any]:
    widget = await get_widget(session, guild_id=guild_id, widget_id=widget_id)
    return (await _serialize(session, app_state, guild_id, (widget,)))[0]


async def _serialize(
    session: AsyncSession, app_state: AppState, guild_id: int, widgets: tuple[WidgetStatus, ...]
) -> list[dict[str, Any]]:
    allowance = await load_widget_allowance(session, guild_id=guild_id)
    ids = [widget.id for widget in widgets]
    uses = await load_uses(session, widget_ids=ids, days=schemas.USE_DAYS, now=utc_now())
    return [
        (schemas.serialize_page if widget.is_page else schemas.serialize_widget)(
            widget, uses[widget.id], limit=allowance.limit, origin=app_state.settings.origin
        )
        for widget in widgets
    ]
