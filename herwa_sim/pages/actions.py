"""Actions of the channel page. They call the control actions after a permission check.

The checks are those of Discord's own client.
"""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from herwa_shared.discord.constants import (
    MANAGE_MESSAGES,
    MAX_CHOICES,
    MAX_MESSAGE_LENGTH,
    MAX_NAME_LENGTH,
    SEND_MESSAGES,
    USE_APPLICATION_COMMANDS,
)
from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_sim.actions.direct_messages import set_reachable
from herwa_sim.actions.presence import set_status
from herwa_sim.actions.reactions import add_reaction, remove_reaction
from herwa_sim.actions.voice import move_member
from herwa_sim.context import SimContext, get_context
from herwa_sim.control import interactions, messages, threads
from herwa_sim.entities import Json, SimChannel, SimUser
from herwa_sim.pages.components import render_modal
from herwa_sim.pages.login_page import get_display_name
from herwa_sim.pages.page_context import (
    can_write,
    get_current_user,
    get_guild,
    get_permissions,
    get_visible_channel,
    require_permission,
)
from herwa_sim.pages.visitor import get_visitor, is_valid_csrf_token
from herwa_sim.rest.middleware import respond_json
from herwa_sim.texts import actions as texts

PageAction = Callable[[SimContext, SimChannel, SimUser, Json], Awaitable[Json]]

_VOICE_FLAGS = ("muted", "deafened", "streaming", "video")


async def handle_action(request: web.Request) -> web.Response:
    """Handle POST /_play/<channel>/<action>; the X-Proof header carries the CSRF token."""
    if not is_valid_csrf_token(get_visitor(request), request.headers.get("X-Proof")):
        raise Forbidden(texts.PAGE_EXPIRED)
    user = get_current_user(request)
    channel = get_visible_channel(request, user)
    action = ACTIONS.get(request.match_info["action"])
    if action is None:
        raise NotFound(texts.UNKNOWN_ACTION)
    body = orjson.loads(await request.read() or b"{}")
    if not isinstance(body, dict):
        raise BadRequest(texts.BODY_NOT_OBJECT)
    path_fields = {"channel_id": str(channel.id), "user_id": str(user.id), "guild_id": str(channel.guild_id)}
    return respond_json(await action(get_context(request), channel, user, body | path_fields))


async def send_message(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Send `content`, optionally as a reply to `reply_to`."""
    if not can_write(context, channel, user):
        raise Forbidden(texts.CANNOT_WRITE)
    return await messages.send_message(context, body | {"content": _parse_text(body), "attachments": 0})


async def edit_message(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Set the `content` of the user's own `message_id`."""
    if context.world.get_message(channel.id, int(body["message_id"])).author_id != user.id:
        raise Forbidden(texts.CANNOT_EDIT)
    return await messages.edit_message(context, body | {"content": _parse_text(body)})


async def delete_message(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Delete `message_id`: the user's own or, with MANAGE_MESSAGES, any message."""
    message = context.world.get_message(channel.id, int(body["message_id"]))
    if message.author_id != user.id:
        require_permission(get_permissions(context, channel, user), MANAGE_MESSAGES, texts.CANNOT_DELETE)
    return await messages.delete_messages(context, body | {"message_ids": [message.id]})


async def toggle_reaction(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Add or remove the user's reaction `emoji` on `message_id`."""
    emoji, message = str(body["emoji"]), context.world.get_message(channel.id, int(body["message_id"]))
    if not 0 < len(emoji) <= 64:
        raise BadRequest(texts.INVALID_EMOJI)
    apply = remove_reaction if user.id in message.reactions.get(emoji, ()) else add_reaction
    apply(context.world, channel, message.id, user.id, emoji)
    return {}


async def open_thread(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Open a thread or, in a forum, a post with this `name`.

    Optional: `message_id` to start from, `content` of the first message. Returns the URL of the thread in `go`.
    """
    require_permission(get_permissions(context, channel, user), SEND_MESSAGES, texts.CANNOT_CREATE_THREAD)
    name = str(body["name"]).strip()
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise BadRequest(texts.INVALID_THREAD_NAME)
    if channel.is_thread:
        raise BadRequest(texts.THREAD_IN_THREAD)
    if body.get("message_id") and int(body["message_id"]) in context.world.channels:
        raise BadRequest(texts.THREAD_EXISTS)
    arguments = body | {"name": name, "owner_id": str(user.id)}
    result = await (threads.open_post if body.get("forum") else threads.open_thread)(context, arguments)
    return {"go": f"/channels/{channel.guild_id}/{result['id']}"}


async def update_voice(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Move the user `to` a voice channel (None disconnects), or `toggle` a voice flag."""
    guild = context.world.get_guild(channel.guild_id)
    current = guild.voice.get(user.id)
    flags = {name: bool(current and getattr(current, name)) for name in _VOICE_FLAGS}
    if "toggle" in body:
        flags[body["toggle"]] = not flags[body["toggle"]]
        channel_id = current.channel_id if current else None
    else:
        channel_id = int(body["to"]) if body["to"] else None
    move_member(context.world, guild, user.id, channel_id, **flags)
    return {}


async def update_status(context: SimContext, _: SimChannel, user: SimUser, body: Json) -> Json:
    """Set the user's `status`: `online`, `idle`, `dnd` or `offline`."""
    set_status(context.world, user.id, str(body["status"]))
    return {}


async def run_command(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Run `command` with `options`."""
    require_permission(get_permissions(context, channel, user), USE_APPLICATION_COMMANDS, texts.CANNOT_USE_COMMANDS)
    return _build_outcome(context, channel, await interactions.run_command(context, body))


async def autocomplete(context: SimContext, _: SimChannel, __: SimUser, body: Json) -> Json:
    """Return the bot's suggestions for the `focused` option."""
    result = await interactions.autocomplete(context, body)
    return {"choices": result["choices"] or []}


async def suggest_members(context: SimContext, channel: SimChannel, _: SimUser, body: Json) -> Json:
    """Suggest members whose name contains `q`."""
    query = str(body.get("q") or "").casefold()
    users = [context.world.get_user(id_) for id_ in get_guild(context.world, channel).members]
    matches = [
        candidate
        for candidate in users
        if query in get_display_name(candidate).casefold() or query in candidate.name.casefold()
    ]
    return {
        "choices": [
            {"name": get_display_name(candidate), "value": str(candidate.id)} for candidate in matches[:MAX_CHOICES]
        ]
    }


async def suggest_mentionables(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Suggest roles, @everyone first, and members whose name contains `q`."""
    query = str(body.get("q") or "").casefold().removeprefix("@")
    roles = get_guild(context.world, channel).roles.values()
    matches = [role for role in roles if query in role.name.casefold()]
    role_choices = [{"name": f"@{role.name.removeprefix('@')}", "value": str(role.id)} for role in matches]
    member_choices = (await suggest_members(context, channel, user, {"q": query}))["choices"]
    return {"choices": (role_choices + member_choices)[:MAX_CHOICES]}


async def update_reachable(context: SimContext, _: SimChannel, user: SimUser, body: Json) -> Json:
    """Set whether the user accepts direct messages: `on`."""
    set_reachable(context.world, user, bool(body["on"]))
    return {}


async def click(context: SimContext, channel: SimChannel, _: SimUser, body: Json) -> Json:
    """Click `custom_id` on `message_id`; a select also has `values`."""
    return _build_outcome(context, channel, await interactions.click(context, body))


async def submit(context: SimContext, channel: SimChannel, _: SimUser, body: Json) -> Json:
    """Submit the modal of `interaction_id` with `values`."""
    return _build_outcome(context, channel, await interactions.submit(context, body))


async def dismiss(context: SimContext, channel: SimChannel, user: SimUser, body: Json) -> Json:
    """Dismiss the user's ephemeral message `message_id`."""
    visible_ids = {message.id for message in context.interactions.list_ephemeral(user.id, channel.id)}
    if int(body["message_id"]) in visible_ids:
        context.interactions.remove_ephemeral(int(body["message_id"]))
    return {}


def _build_outcome(context: SimContext, channel: SimChannel, result: Json) -> Json:
    """Return the modal to open, and whether the bot responded.

    Messages are not included: they arrive through the live updates.
    """
    guild = get_guild(context.world, channel)
    form = result["modal"] and render_modal(context.world, guild, result["modal"], interaction_id=result["id"])
    return {"answered": result["answered"], "form": form}


def _parse_text(body: Json) -> str:
    """Return the stripped message text. Raises BadRequest if it is empty or too long."""
    text = str(body["content"]).strip()
    if not 0 < len(text) <= MAX_MESSAGE_LENGTH:
        raise BadRequest(texts.format_message_length(MAX_MESSAGE_LENGTH))
    return text


ACTIONS: dict[str, PageAction] = {
    "say": send_message,
    "edit": edit_message,
    "delete": delete_message,
    "react": toggle_reaction,
    "thread": open_thread,
    "voice": update_voice,
    "status": update_status,
    "command": run_command,
    "autocomplete": autocomplete,
    "people": suggest_members,
    "mentionables": suggest_mentionables,
    "reachable": update_reachable,
    "click": click,
    "submit": submit,
    "dismiss": dismiss,
}
