"""OAuth2 authorization endpoint: choose a user, consent to scopes, add the bot to a server."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_shared.errors import Forbidden
from herwa_sim.actions.guilds import add_bot
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimGuild
from herwa_sim.oauth import forms
from herwa_sim.oauth.registration import AuthorizationRequest, InvalidAuthorizationRequest, parse_authorization_request
from herwa_sim.pages.login_page import can_manage
from herwa_sim.pages.visitor import BrowserVisitor, get_visitor, is_valid_csrf_token, select_user, set_visitor_cookie
from herwa_sim.texts import authorization as texts
from herwa_sim.texts import users

_ACCESS_DENIED = {
    "error": "access_denied",
    "error_description": "The resource owner or authorization server denied the request",
}


async def show_form(request: web.Request) -> web.Response:
    """Show the authorization form.

    With `prompt=none` it redirects back at once if the visitor is logged in and has allowed all scopes before.
    """
    context = get_context(request)
    authorization = parse_authorization_request(request.query, context.registration)
    visitor = get_visitor(request)
    user_id = None if "switch" in request.query else visitor.user_id
    if (
        authorization.prompt == "none"
        and user_id
        and not authorization.wants_bot
        and context.grants.is_allowed(user_id, authorization.scopes)
    ):
        return _redirect(authorization.build_redirect_url(code=_issue_code(context, authorization, user_id)))
    if user_id is None:
        response = forms.render_login(context, authorization, visitor, form_url=request.path_qs)
    elif authorization.wants_bot:
        servers = _list_addable_guilds(context, user_id)
        response = forms.render_add_bot(
            context, authorization, visitor, context.world.get_user(user_id), servers, form_url=request.path_qs
        )
    else:
        response = forms.render_consent(
            context, authorization, visitor, context.world.get_user(user_id), form_url=request.path_qs
        )
    set_visitor_cookie(request, response, visitor)
    return response


async def submit_form(request: web.Request) -> web.Response:
    """Handle the submitted form.

    Fields: `proof` (CSRF token), `decision`, and `who` or `guild_id` if the form contained them.
    """
    context = get_context(request)
    authorization = parse_authorization_request(request.query, context.registration)
    visitor = get_visitor(request)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not is_valid_csrf_token(visitor, form.get("proof")):
        raise Forbidden(users.FORM_EXPIRED)
    if form["decision"] != "authorize":
        return _redirect(
            authorization.build_redirect_url(**_ACCESS_DENIED)
            if authorization.redirect_uri
            else context.registration.herwa_origin
        )
    if "who" in form:
        visitor = select_user(request, visitor, int(form["who"]))
    response = _apply_decision(request, context, authorization, visitor, form)
    set_visitor_cookie(request, response, visitor)
    return response


def _apply_decision(
    request: web.Request,
    context: SimContext,
    authorization: AuthorizationRequest,
    visitor: BrowserVisitor,
    form: dict[str, str],
) -> web.Response:
    """Issue a code or add the bot; return the redirect or the next page."""
    if visitor.user_id is None:
        raise InvalidAuthorizationRequest(texts.CHOOSE_USER_FIRST)
    if not authorization.wants_bot:
        return _redirect(authorization.build_redirect_url(code=_issue_code(context, authorization, visitor.user_id)))
    if "guild_id" not in form:
        return _redirect(str(request.rel_url.without_query_params("switch")))
    guild = context.world.get_guild(int(form["guild_id"]))
    if guild not in _list_addable_guilds(context, visitor.user_id):
        raise Forbidden(texts.CANNOT_ADD_BOT)
    add_bot(context.world, guild)
    if authorization.redirect_uri is None:
        return forms.render_bot_added(context, guild)
    return _redirect(
        authorization.build_redirect_url(
            code=_issue_code(context, authorization, visitor.user_id), guild_id=str(guild.id)
        )
    )


def _issue_code(context: SimContext, authorization: AuthorizationRequest, user_id: int) -> str:
    return context.grants.issue(
        user_id=user_id,
        scopes=authorization.scopes,
        redirect_uri=authorization.redirect_uri or "",
        challenge=authorization.challenge,
        now=utc_now(),
    )


def _list_addable_guilds(context: SimContext, user_id: int) -> list[SimGuild]:
    """List the guilds without the bot that this user may manage."""
    world = context.world
    guilds = [
        guild for guild in world.guilds.values() if user_id in guild.members and world.bot.id not in guild.members
    ]
    return [guild for guild in guilds if can_manage(guild, user_id)]


def _redirect(url: str) -> web.Response:
    return web.Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})
