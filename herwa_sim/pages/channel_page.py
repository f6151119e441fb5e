"""The page on which a visitor is a member: servers, channels, what is said, and a box to say something."""

from urllib.parse import urlencode

from aiohttp import web

from herwa_shared.errors import Forbidden
from herwa_sim.actions.direct_messages import mark_read
from herwa_sim.actions.voice import SPOKEN
from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import Channel, ChannelType, Guild, User
from herwa_sim.pages.base_page import page
from herwa_sim.pages.live_updates import pieces
from herwa_sim.pages.login_page import choices, name_of
from herwa_sim.pages.markup import Markup, tag
from herwa_sim.pages.page_context import channel_in, guild_of, may_write, me
from herwa_sim.pages.servers import own_guilds, server_icon, visible_channels
from herwa_sim.pages.visitor import become, is_ours, remember, visitor_of


async def front(request: web.Request) -> web.Response:
    """The first server of whoever one is."""
    parts, visitor = parts_of(request), visitor_of(request)
    if visitor.user_id is None:
        return _go("/who")
    own = own_guilds(parts.world, visitor.user_id)
    return _go(f"/channels/{own[0].id}") if own else _nowhere(parts, parts.world.user(visitor.user_id))


async def who(request: web.Request) -> web.Response:
    """Pick who to be."""
    parts, visitor = parts_of(request), visitor_of(request)
    response = page(
        "Who do you want to be?",
        tag("h1", "Who do you want to be?"),
        tag("p", "Be anybody in this local Discord: write, join voice, run commands. Herwa counts it.", class_="lead"),
        tag(
            "form",
            tag("input", type="hidden", name="proof", value=visitor.proof),
            choices(parts.world, chosen=visitor.user_id),
            tag("p", tag("button", "Enter", class_="button"), class_="actions"),
            method="post",
            action="/who",
        ),
        layout="card",
        script="people.js",
    )
    remember(request, response, visitor)
    return response


async def chosen(request: web.Request) -> web.Response:
    """The visitor has picked."""
    visitor = visitor_of(request)
    given = await request.post()
    if not is_ours(visitor, str(given.get("proof"))):
        raise Forbidden("This form has grown old, or is not ours. Go back and try again.")
    response = _go("/")
    remember(request, response, become(request, visitor, int(str(given["who"]))))
    return response


async def server(request: web.Request) -> web.Response:
    """The first channel of a server in which one can write."""
    parts, user = parts_of(request), me(request)
    guild = parts.world.guild(int(request.match_info["guild_id"]))
    seen = visible_channels(guild, user.id) if user.id in guild.members else []
    places = [one for one in seen if one.type not in SPOKEN | {ChannelType.CATEGORY}]
    lively = max(places, key=lambda one: one.message_count, default=None)
    return _go(f"/channels/{guild.id}/{lively.id}" if lively else "/")


async def channel(request: web.Request) -> web.Response:
    """One channel, whole; from then on the script keeps it up to date."""
    if visitor_of(request).user_id is None:
        return _go("/who")
    parts, user = parts_of(request), me(request)
    here = channel_in(request, user)
    guild = guild_of(parts.world, here)
    if here.is_direct:
        mark_read(parts.world, here)
    shown = pieces(parts, here, user)
    aside = tag(
        "aside",
        tag("h2", None if here.is_direct else server_icon(guild, 24), tag("span", guild.name)),
        _invitation(parts, guild),
        tag("nav", shown["channels"], id="channels", aria_label="Channels"),
        tag("div", shown["me"], id="me"),
    )
    main = tag(
        "main",
        _header(here),
        tag("div", shown["messages"], id="messages", aria_live="polite", role="log"),
        tag("div", id="palette", hidden=True),
        _composer(parts, here, user),
    )
    return page(
        f"{_called(here)} in {guild.name}",
        tag("nav", shown["servers"], class_="rail", id="servers", aria_label="Servers"),
        aside,
        main,
        tag("dialog", id="dialog"),
        tag("p", id="toast", role="status"),
        tag("input", type="hidden", id="here", data_channel=here.id, data_proof=visitor_of(request).proof),
        layout="play",
        script="play.js",
    )


def _header(here: Channel) -> Markup:
    forum = here.type == ChannelType.FORUM
    thread = tag(
        "button",
        "+ Post" if forum else "+ Thread",
        type="button",
        id="new-thread",
        class_="button plain",
        data_forum="1" if forum else None,
    )
    return tag(
        "header",
        tag("button", "☰", type="button", id="menu", aria_label="Servers and channels"),
        tag("h1", tag("i", "↳" if here.is_thread else _called(here)[0]), here.name),
        tag("small", here.topic) if here.topic else None,
        None if here.is_thread or here.is_direct else thread,
        class_="top",
    )


def _composer(parts: Parts, here: Channel, user: User) -> Markup:
    if here.type == ChannelType.FORUM:
        return tag("p", "Posts are below this forum in the list on the left.", class_="composer none")
    if not may_write(parts, here, user):
        return tag("p", f"{name_of(user)} may not write in this channel.", class_="composer none")
    return tag(
        "form",
        tag("p", id="about", hidden=True),
        tag("button", "/", type="button", id="slash", class_="button plain", title="Commands", aria_label="Commands"),
        tag("textarea", id="text", rows=1, maxlength=2000, placeholder=f"Message {_called(here)}"),
        tag("button", "Send", class_="button"),
        class_="composer",
        id="composer",
    )


def _called(here: Channel) -> str:
    return f"{'@' if here.is_direct else '#'}{here.name}"


def _invitation(parts: Parts, guild: Guild) -> Markup | None:
    world = parts.world
    if world.has_bot(guild):
        return None
    asked = {"client_id": world.application.id, "scope": "bot applications.commands", "guild_id": guild.id}
    link = tag("a", "Add it", href=f"/oauth2/authorize?{urlencode(asked)}")
    return tag("p", f"{world.bot.name} is not in this server. ", link, class_="invitation")


def _nowhere(parts: Parts, user: User) -> web.Response:
    return page(
        "No server yet",
        tag("h1", f"{name_of(user)} is in no server"),
        tag("p", "Be somebody else, or wait a moment: a new local Discord first has to fill up.", class_="lead"),
        tag("p", tag("a", "Be somebody else", href="/who", class_="button"), class_="actions"),
        tag("p", tag("a", "Open Herwa", href=parts.registration.home), class_="hint"),
        layout="card",
    )


def _go(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
