"""What a person does on the page, as the same actions that tests drive; each checks what Discord's own client would."""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_sim.actions.direct_messages import set_reachable
from herwa_sim.actions.presence import set_status
from herwa_sim.actions.reactions import react, unreact
from herwa_sim.actions.voice import move
from herwa_sim.context import Parts, parts_of
from herwa_sim.control import interactions, messages, threads
from herwa_sim.entities import Channel, Json, User
from herwa_sim.pages.components import modal_form
from herwa_sim.pages.login_page import name_of
from herwa_sim.pages.page_context import MANAGE_MESSAGES, SEND, channel_in, guild_of, held, may_write, me, require
from herwa_sim.pages.visitor import is_ours, visitor_of
from herwa_sim.rest.middleware import answer

Deed = Callable[[Parts, Channel, User, Json], Awaitable[Json]]

_LONGEST = 2000
_SUGGESTED = 25
_USE_COMMANDS = 1 << 31
_STATES = ("muted", "deafened", "streaming", "video")


async def act(request: web.Request) -> web.Response:
    """POST /_play/<channel>/<deed>, with the page's proof in a header."""
    if not is_ours(visitor_of(request), request.headers.get("X-Proof")):
        raise Forbidden("This page has grown old. Load it again.")
    user = me(request)
    channel = channel_in(request, user)
    deed = DEEDS.get(request.match_info["deed"])
    if deed is None:
        raise NotFound("Nobody can do that here.")
    body = orjson.loads(await request.read() or b"{}")
    if not isinstance(body, dict):
        raise BadRequest("The body is not a JSON object.")
    named = {"channel_id": str(channel.id), "user_id": str(user.id), "guild_id": str(channel.guild_id)}
    return answer(await deed(parts_of(request), channel, user, body | named))


async def say(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """`content`, and maybe `reply_to`."""
    if not may_write(parts, channel, user):
        raise Forbidden("You may not write in this channel.")
    return await messages.say(parts, body | {"content": _text(body), "attachments": 0})


async def edit(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """`content` for one's own `message_id`."""
    if parts.world.message(channel.id, int(body["message_id"])).author_id != user.id:
        raise Forbidden("You can edit what you have written yourself, nothing else.")
    return await messages.edit(parts, body | {"content": _text(body)})


async def delete(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """One's own `message_id`, or anybody's as a moderator."""
    message = parts.world.message(channel.id, int(body["message_id"]))
    if message.author_id != user.id:
        require(held(parts, channel, user), MANAGE_MESSAGES, "You may not delete the messages of others here.")
    return await messages.delete(parts, body | {"message_ids": [message.id]})


async def toggle_reaction(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """One's `emoji` on `message_id`: given, or taken back."""
    emoji, message = str(body["emoji"]), parts.world.message(channel.id, int(body["message_id"]))
    if not 0 < len(emoji) <= 64:
        raise BadRequest("That is no emoji.")
    change = unreact if user.id in message.reactions.get(emoji, ()) else react
    change(parts.world, channel, message.id, user.id, emoji)
    return {}


async def open_thread(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """A thread or, in a forum, a post of that `name`; maybe at `message_id`, maybe with `content`."""
    require(held(parts, channel, user), SEND, "You may not open threads here.")
    name = str(body["name"]).strip()
    if not 0 < len(name) <= 100 or channel.is_thread:
        raise BadRequest("A thread has a name of up to 100 characters, and is never inside another.")
    if body.get("message_id") and int(body["message_id"]) in parts.world.channels:
        raise BadRequest("That message has a thread already.")
    wanted = body | {"name": name, "owner_id": str(user.id)}
    told = await (threads.new_post if body.get("forum") else threads.new_thread)(parts, wanted)
    return {"go": f"/channels/{channel.guild_id}/{told['id']}"}


async def voice(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """Go `to` a voice channel or, with None, nowhere; or `toggle` one of one's states."""
    guild = parts.world.guild(channel.guild_id)
    now = guild.voice.get(user.id)
    states = {name: bool(now and getattr(now, name)) for name in _STATES}
    if "toggle" in body:
        states[body["toggle"]] = not states[body["toggle"]]
        to = now.channel_id if now else None
    else:
        to = int(body["to"]) if body["to"] else None
    move(parts.world, guild, user.id, to, **states)
    return {}


async def status(parts: Parts, _: Channel, user: User, body: Json) -> Json:
    """`online`, `idle`, `dnd` or `offline`."""
    set_status(parts.world, user.id, str(body["status"]))
    return {}


async def command(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """`command` with its `options`."""
    require(held(parts, channel, user), _USE_COMMANDS, "You may not use commands here.")
    return _outcome(parts, channel, await interactions.command(parts, body))


async def autocomplete(parts: Parts, _: Channel, __: User, body: Json) -> Json:
    """What the bot suggests for the option that is `focused`."""
    told = await interactions.autocomplete(parts, body)
    return {"choices": told["choices"] or []}


async def people(parts: Parts, channel: Channel, _: User, body: Json) -> Json:
    """Members whose name has `q` in it, as suggestions."""
    wanted = str(body.get("q") or "").casefold()
    members = [parts.world.user(id_) for id_ in guild_of(parts.world, channel).members]
    found = [one for one in members if wanted in name_of(one).casefold() or wanted in one.name.casefold()]
    return {"choices": [{"name": name_of(one), "value": str(one.id)} for one in found[:_SUGGESTED]]}


async def mentionables(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """Roles, @everyone first, and members whose name has `q` in it, as suggestions."""
    wanted = str(body.get("q") or "").casefold().removeprefix("@")
    roles = guild_of(parts.world, channel).roles.values()
    found = [one for one in roles if wanted in one.name.casefold()]
    named = [{"name": f"@{one.name.removeprefix('@')}", "value": str(one.id)} for one in found]
    members = (await people(parts, channel, user, {"q": wanted}))["choices"]
    return {"choices": (named + members)[:_SUGGESTED]}


async def reachable(parts: Parts, _: Channel, user: User, body: Json) -> Json:
    """Take direct messages from now on (`on`), or take none."""
    set_reachable(parts.world, user, bool(body["on"]))
    return {}


async def click(parts: Parts, channel: Channel, _: User, body: Json) -> Json:
    """A button or, with `values`, a select: `custom_id` on `message_id`."""
    return _outcome(parts, channel, await interactions.click(parts, body))


async def submit(parts: Parts, channel: Channel, _: User, body: Json) -> Json:
    """The form of `interaction_id`, with `values`."""
    return _outcome(parts, channel, await interactions.submit(parts, body))


async def dismiss(parts: Parts, channel: Channel, user: User, body: Json) -> Json:
    """Take an ephemeral message from before one's eyes."""
    shown = {one.id for one in parts.interactions.seen_by(user.id, channel.id)}
    if int(body["message_id"]) in shown:
        parts.interactions.unhide(int(body["message_id"]))
    return {}


def _outcome(parts: Parts, channel: Channel, told: Json) -> Json:
    """Messages come by themselves; only a form, or the lack of an answer, is news to the page."""
    guild = guild_of(parts.world, channel)
    form = told["modal"] and modal_form(parts.world, guild, told["modal"], interaction_id=told["id"])
    return {"answered": told["answered"], "form": form}


def _text(body: Json) -> str:
    text = str(body["content"]).strip()
    if not 0 < len(text) <= _LONGEST:
        raise BadRequest(f"A message has between 1 and {_LONGEST:,} characters.")
    return text


DEEDS: dict[str, Deed] = {
    "say": say,
    "edit": edit,
    "delete": delete,
    "react": toggle_reaction,
    "thread": open_thread,
    "voice": voice,
    "status": status,
    "command": command,
    "autocomplete": autocomplete,
    "people": people,
    "mentionables": mentionables,
    "reachable": reachable,
    "click": click,
    "submit": submit,
    "dismiss": dismiss,
}
