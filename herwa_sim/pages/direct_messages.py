"""Direct messages in the side bar: the way to them with what is unread, and the conversation with the bot."""

from aiohttp import web

from herwa_sim.actions.direct_messages import open_direct, unread
from herwa_sim.context import parts_of
from herwa_sim.entities import Channel, User
from herwa_sim.pages.login_page import portrait
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.pages.page_context import me
from herwa_sim.world import World

FRONT = "/channels/@me"


async def front(request: web.Request) -> web.Response:
    """The conversation with the bot: there is no other."""
    channel = open_direct(parts_of(request).world, me(request))
    return web.Response(status=303, headers={"Location": f"{FRONT}/{channel.id}", "Cache-Control": "no-store"})


def entry(world: World, user_id: int, *, here: bool) -> Markup:
    """The link above the servers, with the number of unread messages."""
    number = unread(world, user_id)
    label = "Direct messages" + (f", {number} unread" if number else "")
    return tag(
        "a",
        tag("span", "💬", class_="icon round"),
        tag("b", number, class_="unread") if number else None,
        href=FRONT,
        title=label,
        aria_label=label,
        aria_current="page" if here else None,
        id="direct",
    )


def conversations(world: World, here: Channel, user: User) -> Markup:
    """The one conversation, and whether the bot may go on with it."""
    link = tag(
        "a",
        portrait(world.bot, 24),
        world.bot.name,
        href=f"{FRONT}/{here.id}",
        aria_current="page",
    )
    switch = tag("input", type="checkbox", class_="toggle", id="reachable", checked=user.reachable)
    words = tag("span", f"Take direct messages from {world.bot.name}")
    return joined(
        tag("div", link, class_="place", id="c0"),
        tag("label", words, switch, class_="switchline", id="c1"),
    )
