"""The form on which a visitor says who they are and what the client may know; and the bot's way into a server."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_shared.errors import Forbidden
from herwa_sim.actions.guilds import add_bot
from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import Guild
from herwa_sim.oauth import forms
from herwa_sim.oauth.registration import Question, Wrong, read_question
from herwa_sim.pages.login_page import manages
from herwa_sim.pages.visitor import Visitor, become, is_ours, remember, visitor_of

_DENIED = {
    "error": "access_denied",
    "error_description": "The resource owner or authorization server denied the request",
}


async def form(request: web.Request) -> web.Response:
    """The form. `prompt=none` goes straight back when the visitor is known and has allowed all this before."""
    parts = parts_of(request)
    question = read_question(request.query, parts.registration)
    visitor = visitor_of(request)
    known = None if "switch" in request.query else visitor.user_id
    if question.prompt == "none" and known and not question.wants_bot and parts.grants.allowed(known, question.scopes):
        return _go(question.back(code=_code(parts, question, known)))
    if known is None:
        response = forms.who(parts, question, visitor, address=request.path_qs)
    elif question.wants_bot:
        servers = _without_bot(parts, known)
        response = forms.add_bot(parts, question, visitor, parts.world.user(known), servers, address=request.path_qs)
    else:
        response = forms.consent(parts, question, visitor, parts.world.user(known), address=request.path_qs)
    remember(request, response, visitor)
    return response


async def answered(request: web.Request) -> web.Response:
    """The form comes back: `proof`, `decision`, and `who` or `guild_id` where it asked for them."""
    parts = parts_of(request)
    question = read_question(request.query, parts.registration)
    visitor = visitor_of(request)
    given = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not is_ours(visitor, given.get("proof")):
        raise Forbidden("This form has grown old, or is not ours. Go back and try again.")
    if given["decision"] != "authorize":
        return _go(question.back(**_DENIED) if question.redirect_uri else parts.registration.home)
    if "who" in given:
        visitor = become(request, visitor, int(given["who"]))
    response = _decided(request, parts, question, visitor, given)
    remember(request, response, visitor)
    return response


def _decided(
    request: web.Request, parts: Parts, question: Question, visitor: Visitor, given: dict[str, str]
) -> web.Response:
    if visitor.user_id is None:
        raise Wrong("Nobody was chosen.")
    if not question.wants_bot:
        return _go(question.back(code=_code(parts, question, visitor.user_id)))
    if "guild_id" not in given:
        return _go(str(request.rel_url.without_query_params("switch")))
    guild = parts.world.guild(int(given["guild_id"]))
    if guild not in _without_bot(parts, visitor.user_id):
        raise Forbidden("You may not add a bot to that server, or it is in there already.")
    add_bot(parts.world, guild)
    if question.redirect_uri is None:
        return forms.done(parts, guild)
    return _go(question.back(code=_code(parts, question, visitor.user_id), guild_id=str(guild.id)))


def _code(parts: Parts, question: Question, user_id: int) -> str:
    return parts.grants.issue(
        user_id=user_id,
        scopes=question.scopes,
        redirect_uri=question.redirect_uri or "",
        challenge=question.challenge,
        now=utc_now(),
    )


def _without_bot(parts: Parts, user_id: int) -> list[Guild]:
    """The servers that this user may add the bot to."""
    world = parts.world
    own = [one for one in world.guilds.values() if user_id in one.members and world.bot.id not in one.members]
    return [one for one in own if manages(one, user_id)]


def _go(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
