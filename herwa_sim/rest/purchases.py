"""REST routes of entitlements and SKUs."""

import orjson
from aiohttp import web

from herwa_sim.actions.purchases import create_test_entitlement, list_entitlements, refund
from herwa_sim.context import get_context
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json, respond_no_content
from herwa_sim.serialize.purchases import is_in_force, serialize_entitlement, serialize_sku
from herwa_sim.world import PERSONAS, EntityNotFound

MAX_PER_PAGE = 100
GUILD_OWNER = 1


async def get_entitlements(request: web.Request) -> web.Response:
    """List entitlements by ascending id. Deleted ones are left out unless `exclude_deleted` is false."""
    world, query = get_context(request).world, request.query
    _check_application(request)
    limit = int(query.get("limit", MAX_PER_PAGE))
    if not 1 <= limit <= MAX_PER_PAGE:
        raise RestError(400, 50035, "Invalid Form Body")
    guild_id = int(query["guild_id"]) if "guild_id" in query else None
    sku_ids = {int(id_) for id_ in query["sku_ids"].split(",")} if query.get("sku_ids") else None
    found = [
        entry
        for entry in list_entitlements(world, guild_id)
        if int(query.get("after", 0)) < entry.id < int(query.get("before", 1 << 63))
        and (sku_ids is None or entry.sku_id in sku_ids)
        and not (entry.deleted and _get_flag(request, "exclude_deleted", default=True))
        and (is_in_force(entry) or entry.deleted or not _get_flag(request, "exclude_ended", default=False))
    ]
    page = found[-limit:] if "before" in query else found[:limit]
    return respond_json([serialize_entitlement(world, entry) for entry in page])


async def get_entitlement(request: web.Request) -> web.Response:
    """Return one entitlement, also a deleted one."""
    world = get_context(request).world
    _check_application(request)
    return respond_json(serialize_entitlement(world, world.get_entitlement(get_path_id(request, "entitlement_id"))))


async def post_test_entitlement(request: web.Request) -> web.Response:
    """Create a test entitlement of a guild."""
    world = get_context(request).world
    _check_application(request)
    body = orjson.loads(await request.read())
    if int(body["owner_type"]) != GUILD_OWNER:
        raise RestError(400, 50035, "Invalid Form Body")
    guild = world.get_guild(int(body["owner_id"]))
    entitlement = create_test_entitlement(world, guild, int(body["sku_id"]), user_id=PERSONAS["operator"])
    return respond_json(serialize_entitlement(world, entitlement))


async def delete_test_entitlement(request: web.Request) -> web.Response:
    """Delete a test entitlement."""
    _check_application(request)
    refund(get_context(request).world, get_path_id(request, "entitlement_id"))
    return respond_no_content()


async def get_skus(request: web.Request) -> web.Response:
    """List the SKUs."""
    world = get_context(request).world
    _check_application(request)
    return respond_json([serialize_sku(world, sku) for sku in world.skus.values()])


def _check_application(request: web.Request) -> None:
    if get_path_id(request, "application_id") != get_context(request).world.application.id:
        raise EntityNotFound("Application", get_path_id(request, "application_id"))


def _get_flag(request: web.Request, name: str, *, default: bool) -> bool:
    value = request.query.get(name, "").lower()
    return value in ("1", "true") if value else default


ROUTES: list[Route] = [
    ("GET", "/applications/{application_id}/entitlements", get_entitlements),
    ("POST", "/applications/{application_id}/entitlements", post_test_entitlement),
    ("GET", "/applications/{application_id}/entitlements/{entitlement_id}", get_entitlement),
    ("DELETE", "/applications/{application_id}/entitlements/{entitlement_id}", delete_test_entitlement),
    ("GET", "/applications/{application_id}/skus", get_skus),
]
