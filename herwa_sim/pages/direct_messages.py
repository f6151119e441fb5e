"""Direct messages in the sidebar: the link with the unread count, and the conversation."""

from aiohttp import web

from herwa_sim.actions.direct_messages import count_unread, open_direct_channel
from herwa_sim.context import get_context
from herwa_sim.entities import SimChannel, SimUser
from herwa_sim.pages.login_page import render_avatar
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.pages.page_context import get_current_user
from herwa_sim.texts import channel as texts
from herwa_sim.world import World

DIRECT_MESSAGES_PATH = "/channels/@me"


async def redirect_to_conversation(request: web.Request) -> web.Response:
    """Redirect to the user's conversation with the bot, which is the only one."""
    channel = open_direct_channel(get_context(request).world, get_current_user(request))
    return web.Response(
        status=303, headers={"Location": f"{DIRECT_MESSAGES_PATH}/{channel.id}", "Cache-Control": "no-store"}
    )


def render_direct_link(world: World, user_id: int, *, is_current: bool) -> Markup:
    """Render the link above the servers, with the number of unread messages."""
    unread_count = count_unread(world, user_id)
    label = texts.format_direct_messages(unread_count)
    return tag(
        "a",
        tag("span", "💬", class_="icon round"),
        tag("b", unread_count, class_="unread") if unread_count else None,
        href=DIRECT_MESSAGES_PATH,
        title=label,
        aria_label=label,
        aria_current="page" if is_current else None,
        id="direct",
    )


def render_conversations(world: World, channel: SimChannel, user: SimUser) -> Markup:
    """Render the conversation, and the switch that makes the user reachable."""
    link = tag(
        "a",
        render_avatar(world.bot, 24),
        world.bot.name,
        href=f"{DIRECT_MESSAGES_PATH}/{channel.id}",
        aria_current="page",
    )
    switch = tag("input", type="checkbox", class_="toggle", id="reachable", checked=user.reachable)
    caption = tag("span", texts.format_allow_direct_messages(world.bot.name))
    return join_markup(
        tag("div", link, class_="place", id="c0"),
        tag("label", caption, switch, class_="switchline", id="c1"),
    )
