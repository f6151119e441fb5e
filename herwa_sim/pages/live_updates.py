"""What changes on a page while it is open, as Server-Sent Events: whole fragments, sent only when they differ."""

import asyncio
from collections.abc import Callable

import orjson
from aiohttp import ClientConnectionError, web

from herwa_shared.errors import NotFound
from herwa_sim.actions.direct_messages import mark_read
from herwa_sim.actions.presence import set_status
from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import Channel, User
from herwa_sim.pages.direct_messages import conversations
from herwa_sim.pages.markup import Markup
from herwa_sim.pages.page_context import channel_in, guild_of, me
from herwa_sim.pages.servers import channel_list, rail
from herwa_sim.pages.sidebar import own_panel
from herwa_sim.pages.timeline import timeline

LOOK_EVERY = 0.3
_SIGN_OF_LIFE = 50


async def live(request: web.Request) -> web.StreamResponse:
    """The stream of one open page, until it is closed. Whoever opens one is online."""
    parts, user = parts_of(request), me(request)
    channel_in(request, user)
    if parts.world.status(user.id) == "offline":
        set_status(parts.world, user.id, "online")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        await _tell(request, response, parts, user)
    except (ClientConnectionError, ConnectionResetError):
        pass  # the page was closed
    except NotFound:
        await response.write(_event("gone", ""))
    return response


async def _tell(request: web.Request, response: web.StreamResponse, parts: Parts, user: User) -> None:
    told: dict[str, str] = {}
    seen, quiet = -1, 0
    while True:
        channel = channel_in(request, user)
        if channel.is_direct:
            mark_read(parts.world, channel)
        hidden = parts.interactions.seen_by(user.id, channel.id)  # changes to these are in no version of the world
        news = pieces(parts, channel, user) if hidden or seen != parts.world.version or quiet == 0 else {}
        seen = parts.world.version
        changed = {name: html for name, html in news.items() if told.get(name) != html}
        for name, html in changed.items():
            await response.write(_event(name, html))
        told |= changed
        quiet = 1 if changed else quiet + 1
        if quiet > _SIGN_OF_LIFE:
            await response.write(b": still here\n\n")
            quiet = 0
        await asyncio.sleep(LOOK_EVERY)


def pieces(parts: Parts, channel: Channel, user: User) -> dict[str, Markup]:
    """The parts of the page that change, by the id of the element that holds them."""
    guild = guild_of(parts.world, channel)
    drawn: dict[str, Callable[[], Markup]] = {
        "servers": lambda: rail(parts.world, user.id, guild),
        "channels": lambda: (
            conversations(parts.world, channel, user)
            if channel.is_direct
            else channel_list(parts.world, guild, channel, user)
        ),
        "me": lambda: own_panel(parts.world, guild, user),
        "messages": lambda: timeline(parts, channel, user),
    }
    return {name: draw() for name, draw in drawn.items()}


def _event(name: str, html: str) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(html))
