"""The store of the application: buy a SKU for a server, refund it, end it."""

from collections.abc import Sequence

from aiohttp import web

from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_sim.actions.purchases import buy, end_subscription, list_entitlements, refund
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimEntitlement, SimGuild, SimSku
from herwa_sim.pages.base_page import render_page
from herwa_sim.pages.login_page import can_manage, get_display_name
from herwa_sim.pages.markup import Markup, tag
from herwa_sim.pages.page_context import get_current_user
from herwa_sim.pages.servers import list_user_guilds
from herwa_sim.pages.visitor import BrowserVisitor, get_visitor, is_valid_csrf_token, set_visitor_cookie
from herwa_sim.serialize.purchases import PurchaseState, get_state
from herwa_sim.texts import store as texts
from herwa_sim.texts import users

STORE_PATH = r"/application-directory/{application_id:\d+}/store"


async def show_store(request: web.Request) -> web.Response:
    """Show the SKUs, or the one of the URL, and the purchases of the user's servers."""
    context, visitor = get_context(request), get_visitor(request)
    if visitor.user_id is None:
        return web.Response(status=303, headers={"Location": "/who", "Cache-Control": "no-store"})
    user, guilds = get_current_user(request), _list_guilds(request)
    skus = _list_skus(request)
    title = texts.format_title(context.world.application.name)
    response = render_page(
        title,
        tag("h1", title),
        tag("p", texts.format_lead(get_display_name(user)), class_="lead"),
        [_render_sku(visitor, sku, guilds, request.query.get("guild_id", "")) for sku in skus]
        if guilds
        else tag("p", texts.NO_SERVER, class_="hint"),
        _render_purchases(context, visitor, guilds),
        tag("p", tag("a", texts.BACK_TO_SERVERS, href="/"), class_="hint"),
        layout="card chaos",
    )
    set_visitor_cookie(request, response, visitor)
    return response


async def submit_store(request: web.Request) -> web.Response:
    """Buy, refund or end, and redirect back."""
    context, user = get_context(request), get_current_user(request)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not is_valid_csrf_token(get_visitor(request), form.get("proof")):
        raise Forbidden(users.FORM_EXPIRED)
    guild_ids = {guild.id for guild in _list_guilds(request)}
    if "sku_id" in form:
        _require_own(guild_ids, int(form["guild_id"]))
        buy(context.world, context.world.get_guild(int(form["guild_id"])), int(form["sku_id"]), user_id=user.id)
    else:
        entitlement = context.world.get_entitlement(int(form["entitlement_id"]))
        _require_own(guild_ids, entitlement.guild_id)
        change = {"refund": refund, "end": end_subscription}.get(form["action"])
        if change is None:
            raise BadRequest
        change(context.world, entitlement.id)
    return web.Response(status=303, headers={"Location": request.path, "Cache-Control": "no-store"})


def _list_skus(request: web.Request) -> list[SimSku]:
    world = get_context(request).world
    if int(request.match_info["application_id"]) != world.application.id:
        raise NotFound(texts.UNKNOWN_APPLICATION)
    sku_id = request.match_info.get("sku_id")
    return [world.get_sku(int(sku_id))] if sku_id else list(world.skus.values())


def _list_guilds(request: web.Request) -> list[SimGuild]:
    """List the servers with the bot that the user manages."""
    world, user = get_context(request).world, get_current_user(request)
    return [guild for guild in list_user_guilds(world, user.id) if world.has_bot(guild) and can_manage(guild, user.id)]


def _require_own(guild_ids: set[int], guild_id: int) -> None:
    if guild_id not in guild_ids:
        raise Forbidden(texts.CANNOT_BUY)


def _render_sku(visitor: BrowserVisitor, sku: SimSku, guilds: Sequence[SimGuild], selected_id: str) -> Markup:
    options = [
        tag("option", guild.name, value=guild.id, selected=str(guild.id) == selected_id or None) for guild in guilds
    ]
    return tag(
        "form",
        tag("h2", sku.name),
        tag("input", type="hidden", name="proof", value=visitor.csrf_token),
        tag("input", type="hidden", name="sku_id", value=sku.id),
        tag(
            "label",
            tag("span", tag("b", texts.CHOOSE_SERVER), tag("small", str(sku.id))),
            tag("select", options, name="guild_id"),
            class_="switchline",
        ),
        tag("p", tag("button", texts.BUY, class_="button"), class_="actions"),
        method="post",
        id=f"sku{sku.id}",
    )


def _render_purchases(context: SimContext, visitor: BrowserVisitor, guilds: Sequence[SimGuild]) -> Markup:
    names = {guild.id: guild.name for guild in guilds}
    entries = [entry for entry in reversed(list_entitlements(context.world)) if entry.guild_id in names]
    return tag(
        "section",
        tag("h2", texts.PURCHASES),
        [_render_purchase(context, visitor, entry, names[entry.guild_id]) for entry in entries]
        or tag("p", texts.NOTHING_BOUGHT, class_="hint"),
        tag("p", texts.REFUND_HINT, class_="hint") if entries else None,
        id="purchases",
    )


def _render_purchase(
    context: SimContext, visitor: BrowserVisitor, entitlement: SimEntitlement, guild_name: str
) -> Markup:
    state = get_state(entitlement)
    sku = context.world.get_sku(entitlement.sku_id)
    buttons = (
        tag("button", texts.REFUND, name="action", value="refund", class_="button plain"),
        tag("button", texts.END, name="action", value="end", class_="button plain"),
    )
    return tag(
        "form",
        tag("input", type="hidden", name="proof", value=visitor.csrf_token),
        tag("input", type="hidden", name="entitlement_id", value=entitlement.id),
        tag(
            "div",
            tag("span", tag("b", texts.format_bought(sku.name, guild_name)), tag("small", texts.STATES[state])),
            buttons if state is PurchaseState.ACTIVE else None,
            class_="switchline",
        ),
        method="post",
    )
