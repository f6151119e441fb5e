"""Somebody says, edits or deletes something; or a flood of somebodies does."""

import asyncio
import secrets

from herwa_shared.errors import BadRequest
from herwa_sim.actions import messages
from herwa_sim.actions.members import create_user, join
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Channel, Json, Webhook
from herwa_sim.load_generator import blast as fire
from herwa_sim.snowflakes import stable_snowflake

_background: set[asyncio.Task[object]] = set()


async def say(parts: Parts, body: Json) -> Json:
    """`channel_id` and `user_id` or `webhook` (a name); `content` or `length`; `attachments` (a number); `reply_to`."""
    channel = parts.world.channel(int(body["channel_id"]))
    hook = _webhook(parts, channel, body["webhook"]) if "webhook" in body else None
    message = messages.say(
        parts.world,
        channel,
        author_id=hook.id if hook else parts.world.user(int(body["user_id"])).id,
        length=int(body.get("length", 20)),
        content=body.get("content"),
        attachments=int(body.get("attachments", 0)),
        reply_to=int(body["reply_to"]) if body.get("reply_to") else None,
        webhook=hook,
    )
    return {"id": str(message.id)}


async def edit(parts: Parts, body: Json) -> Json:
    """A new `content` or `length`. With neither a link preview arrives, which is no edit but looks like one."""
    message = parts.world.message(int(body["channel_id"]), int(body["message_id"]))
    messages.edit(parts.world, message, length=body.get("length"), content=body.get("content"))
    return {}


async def delete(parts: Parts, body: Json) -> Json:
    """One or several `message_ids`; several are one event."""
    ids = [int(one) for one in body["message_ids"]]
    if not ids:
        raise BadRequest("Name at least one message in message_ids.")
    messages.delete(parts.world, parts.world.channel(int(body["channel_id"])), ids)
    return {}


async def blast(parts: Parts, body: Json) -> Json:
    """`count` messages into `channel_ids` by `authors` people, `per_second` or at full speed; maybe in `background`."""
    channels = [parts.world.channel(int(one)) for one in body["channel_ids"]]
    guild = parts.world.guild(channels[0].guild_id)
    users = [create_user(parts.world, name=f"author-{n}") for n in range(1, int(body.get("authors", 50)) + 1)]
    for user in users:
        join(parts.world, guild, user)
    firing = fire(
        parts.world,
        parts.hub,
        channels=channels,
        author_ids=[user.id for user in users],
        count=int(body["count"]),
        per_second=body.get("per_second"),
    )
    if body.get("background"):
        task = asyncio.create_task(firing)
        _background.add(task)
        task.add_done_callback(_background.discard)
        return {"shots": []}
    return {"shots": [[str(shot.id), shot.sent_at] for shot in await firing]}


def _webhook(parts: Parts, channel: Channel, name: str) -> Webhook:
    id_ = stable_snowflake("webhook", channel.id, name)
    hook = parts.world.webhooks.get(id_) or Webhook(id_, channel.id, channel.guild_id, name, secrets.token_urlsafe(48))
    parts.world.webhooks[id_] = hook
    return hook


ACTIONS: dict[str, Action] = {
    "message/say": say,
    "message/edit": edit,
    "message/delete": delete,
    "blast": blast,
}
