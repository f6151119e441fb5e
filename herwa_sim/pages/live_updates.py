"""Live updates of an open page as Server-Sent Events: HTML fragments, sent when they change."""

import asyncio
from collections.abc import Callable

import orjson
from aiohttp import ClientConnectionError, web

from herwa_shared.errors import NotFound
from herwa_sim.actions.direct_messages import mark_read
from herwa_sim.actions.presence import set_status
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimChannel, SimUser
from herwa_sim.pages.direct_messages import render_conversations
from herwa_sim.pages.markup import Markup
from herwa_sim.pages.page_context import get_current_user, get_guild, get_visible_channel
from herwa_sim.pages.servers import render_channel_list, render_guild_list
from herwa_sim.pages.sidebar import render_user_panel
from herwa_sim.pages.timeline import render_timeline

POLL_INTERVAL_SECONDS = 0.3
_KEEPALIVE_POLLS = 50


async def stream_updates(request: web.Request) -> web.StreamResponse:
    """Stream updates until the page is closed; an offline user becomes online."""
    context, user = get_context(request), get_current_user(request)
    get_visible_channel(request, user)
    if context.world.get_status(user.id) == "offline":
        set_status(context.world, user.id, "online")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        await _send_updates(request, response, context, user)
    except (ClientConnectionError, ConnectionResetError):
        pass  # the browser closed the page
    except NotFound:
        await response.write(_format_event("gone", ""))
    return response


def render_fragments(context: SimContext, channel: SimChannel, user: SimUser) -> dict[str, Markup]:
    """Render the dynamic parts of the page, by the id of their element."""
    guild = get_guild(context.world, channel)
    renderers: dict[str, Callable[[], Markup]] = {
        "servers": lambda: render_guild_list(context.world, user.id, guild),
        "channels": lambda: (
            render_conversations(context.world, channel, user)
            if channel.is_direct
            else render_channel_list(context.world, guild, channel, user)
        ),
        "me": lambda: render_user_panel(context.world, guild, user),
        "messages": lambda: render_timeline(context, channel, user),
    }
    return {name: render() for name, render in renderers.items()}


async def _send_updates(request: web.Request, response: web.StreamResponse, context: SimContext, user: SimUser) -> None:
    sent_fragments: dict[str, str] = {}
    seen_version, idle_polls = -1, 0
    while True:
        channel = get_visible_channel(request, user)
        if channel.is_direct:
            mark_read(context.world, channel)
        # The world's version does not cover changes of ephemeral messages: with any, render at every poll.
        ephemeral = context.interactions.list_ephemeral(user.id, channel.id)
        fragments = (
            render_fragments(context, channel, user)
            if ephemeral or seen_version != context.world.version or idle_polls == 0
            else {}
        )
        seen_version = context.world.version
        changed = {name: html for name, html in fragments.items() if sent_fragments.get(name) != html}
        for name, html in changed.items():
            await response.write(_format_event(name, html))
        sent_fragments |= changed
        idle_polls = 1 if changed else idle_polls + 1
        if idle_polls > _KEEPALIVE_POLLS:
            await response.write(b": still here\n\n")
            idle_polls = 0
        await asyncio.sleep(POLL_INTERVAL_SECONDS)


def _format_event(name: str, html: str) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(html))
