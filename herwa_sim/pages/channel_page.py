"""The channel page (servers, channels, messages, composer) and the login page."""

from urllib.parse import urlencode

import orjson
from aiohttp import web

from herwa_shared.discord.constants import MAX_MESSAGE_LENGTH, ChannelType
from herwa_shared.errors import Forbidden
from herwa_sim.actions.direct_messages import mark_read
from herwa_sim.actions.voice import VOICE_CHANNEL_TYPES
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimChannel, SimGuild, SimUser
from herwa_sim.pages.base_page import render_page
from herwa_sim.pages.live_updates import render_fragments
from herwa_sim.pages.login_page import get_display_name, render_user_choices
from herwa_sim.pages.markup import Markup, tag
from herwa_sim.pages.page_context import can_write, get_current_user, get_guild, get_visible_channel
from herwa_sim.pages.servers import list_user_guilds, list_visible_channels, render_guild_icon
from herwa_sim.pages.visitor import get_visitor, is_valid_csrf_token, select_user, set_visitor_cookie
from herwa_sim.texts import channel as texts
from herwa_sim.texts import users


async def open_first_guild(request: web.Request) -> web.Response:
    """Redirect to the user's first server."""
    context, visitor = get_context(request), get_visitor(request)
    if visitor.user_id is None:
        return _redirect("/who")
    guilds = list_user_guilds(context.world, visitor.user_id)
    return (
        _redirect(f"/channels/{guilds[0].id}")
        if guilds
        else _render_no_guilds(context, context.world.get_user(visitor.user_id))
    )


async def show_login(request: web.Request) -> web.Response:
    """Show the user choice."""
    context, visitor = get_context(request), get_visitor(request)
    response = render_page(
        users.CHOOSE_USER,
        tag("h1", users.CHOOSE_USER),
        tag("p", users.CHOOSE_USER_LEAD, class_="lead"),
        tag(
            "form",
            tag("input", type="hidden", name="proof", value=visitor.csrf_token),
            render_user_choices(context.world, selected_id=visitor.user_id),
            tag("p", tag("button", users.CONTINUE, class_="button"), class_="actions"),
            method="post",
            action="/who",
        ),
        layout="card",
        script="people.js",
    )
    set_visitor_cookie(request, response, visitor)
    return response


async def submit_login(request: web.Request) -> web.Response:
    """Select the user and redirect to the front page."""
    visitor = get_visitor(request)
    form = await request.post()
    if not is_valid_csrf_token(visitor, str(form.get("proof"))):
        raise Forbidden(users.FORM_EXPIRED)
    response = _redirect("/")
    set_visitor_cookie(request, response, select_user(request, visitor, int(str(form["who"]))))
    return response


async def open_guild(request: web.Request) -> web.Response:
    """Redirect to the busiest channel of the server that the user can see."""
    context, user = get_context(request), get_current_user(request)
    guild = context.world.get_guild(int(request.match_info["guild_id"]))
    visible = list_visible_channels(guild, user.id) if user.id in guild.members else []
    channels = [
        candidate for candidate in visible if candidate.type not in VOICE_CHANNEL_TYPES | {ChannelType.CATEGORY}
    ]
    busiest = max(channels, key=lambda candidate: candidate.message_count, default=None)
    return _redirect(f"/channels/{guild.id}/{busiest.id}" if busiest else "/")


async def show_channel(request: web.Request) -> web.Response:
    """Show a channel; the script then keeps the page up to date."""
    if get_visitor(request).user_id is None:
        return _redirect("/who")
    context, user = get_context(request), get_current_user(request)
    channel = get_visible_channel(request, user)
    guild = get_guild(context.world, channel)
    if channel.is_direct:
        mark_read(context.world, channel)
    fragments = render_fragments(context, channel, user)
    aside = tag(
        "aside",
        tag("h2", None if channel.is_direct else render_guild_icon(guild, 24), tag("span", guild.name)),
        _render_invitation(context, guild),
        tag("nav", fragments["channels"], id="channels", aria_label=texts.CHANNELS),
        tag("div", fragments["me"], id="me"),
    )
    main = tag(
        "main",
        _render_header(channel),
        tag("div", fragments["messages"], id="messages", aria_live="polite", role="log"),
        tag("div", id="palette", hidden=True),
        _render_composer(context, channel, user),
    )
    return render_page(
        texts.format_page_title(_format_channel_name(channel), guild.name),
        tag("nav", fragments["servers"], class_="rail", id="servers", aria_label=texts.SERVERS),
        aside,
        main,
        tag("dialog", id="dialog"),
        tag("p", id="toast", role="status"),
        tag(
            "input",
            type="hidden",
            id="here",
            data_channel=channel.id,
            data_proof=get_visitor(request).csrf_token,
            data_texts=orjson.dumps(dict(texts.SCRIPT_TEXTS)).decode(),
        ),
        layout="play",
        script="play.js",
    )


def _render_header(channel: SimChannel) -> Markup:
    is_forum = channel.type == ChannelType.FORUM
    thread_button = tag(
        "button",
        texts.NEW_POST_BUTTON if is_forum else texts.NEW_THREAD_BUTTON,
        type="button",
        id="new-thread",
        class_="button plain",
        data_forum="1" if is_forum else None,
    )
    return tag(
        "header",
        tag("button", "☰", type="button", id="menu", aria_label=texts.SERVERS_AND_CHANNELS),
        tag("h1", tag("i", "↳" if channel.is_thread else _format_channel_name(channel)[0]), channel.name),
        tag("small", channel.topic) if channel.topic else None,
        None if channel.is_thread or channel.is_direct else thread_button,
        class_="top",
    )


def _render_composer(context: SimContext, channel: SimChannel, user: SimUser) -> Markup:
    if channel.type == ChannelType.FORUM:
        return tag("p", texts.CHOOSE_POST, class_="composer none")
    if not can_write(context, channel, user):
        return tag("p", texts.format_cannot_write(get_display_name(user)), class_="composer none")
    return tag(
        "form",
        tag("p", id="about", hidden=True),
        tag(
            "button",
            "/",
            type="button",
            id="slash",
            class_="button plain",
            title=texts.COMMANDS,
            aria_label=texts.COMMANDS,
        ),
        tag(
            "textarea",
            id="text",
            rows=1,
            maxlength=MAX_MESSAGE_LENGTH,
            placeholder=texts.format_message_placeholder(_format_channel_name(channel)),
        ),
        tag("button", texts.SEND, class_="button"),
        class_="composer",
        id="composer",
    )


def _format_channel_name(channel: SimChannel) -> str:
    return f"{'@' if channel.is_direct else '#'}{channel.name}"


def _render_invitation(context: SimContext, guild: SimGuild) -> Markup | None:
    world = context.world
    if world.has_bot(guild):
        return None
    query = {"client_id": world.application.id, "scope": "bot applications.commands", "guild_id": guild.id}
    link = tag("a", texts.format_add_bot(world.bot.name), href=f"/oauth2/authorize?{urlencode(query)}")
    return tag("p", texts.format_bot_missing(world.bot.name), link, class_="invitation")


def _render_no_guilds(context: SimContext, user: SimUser) -> web.Response:
    return render_page(
        users.NO_SERVERS_TITLE,
        tag("h1", users.format_in_no_server(get_display_name(user))),
        tag("p", users.NO_SERVERS_LEAD, class_="lead"),
        tag("p", tag("a", users.CHOOSE_ANOTHER_USER, href="/who", class_="button"), class_="actions"),
        tag("p", tag("a", users.OPEN_HERWA, href=context.registration.herwa_origin), class_="hint"),
        layout="card",
    )


def _redirect(url: str) -> web.Response:
    return web.Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})
