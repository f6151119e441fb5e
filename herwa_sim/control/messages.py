"""Control actions for messages: send, edit, delete, and generate load."""

import asyncio
import secrets

from herwa_shared.errors import BadRequest
from herwa_sim.actions import messages
from herwa_sim.actions.members import create_user, join
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, SimChannel, SimWebhook
from herwa_sim.load_generator import generate_load as run_load_generator
from herwa_sim.serialize.messages import serialize_message
from herwa_sim.snowflakes import create_stable_snowflake
from herwa_sim.texts import actions as texts

_background_tasks: set[asyncio.Task[object]] = set()


async def send_message(context: SimContext, body: Json) -> Json:
    """Send a message to `channel_id` as `user_id` or as `webhook` (a name).

    The text is `content`, or filler of `length` characters. Optional: `attachments` (a number), `reply_to`.
    """
    channel = context.world.get_channel(int(body["channel_id"]))
    webhook = _get_or_create_webhook(context, channel, body["webhook"]) if "webhook" in body else None
    message = messages.send_message(
        context.world,
        channel,
        author_id=webhook.id if webhook else context.world.get_user(int(body["user_id"])).id,
        length=int(body.get("length", 20)),
        content=body.get("content"),
        attachments=int(body.get("attachments", 0)),
        reply_to=int(body["reply_to"]) if body.get("reply_to") else None,
        webhook=webhook,
    )
    return {"id": str(message.id)}


async def list_messages(context: SimContext, body: Json) -> Json:
    """Return the `messages` of `channel_id` as its members see them, oldest first.

    Optional: a `user_id`, whose ephemeral messages follow.
    """
    channel = context.world.get_channel(int(body["channel_id"]))
    listed = [
        serialize_message(context.world, message) | {"ephemeral": False}
        for message in context.world.messages[channel.id]
    ]
    if body.get("user_id"):
        listed += [
            serialize_message(context.world, message) | {"ephemeral": True}
            for message in context.interactions.list_ephemeral(int(body["user_id"]), channel.id)
        ]
    return {"messages": listed}


async def boost(context: SimContext, body: Json) -> Json:
    """Boost the server as `user_id`: Discord posts a message in `channel_id`. Optional: the `level` that is reached."""
    channel = context.world.get_channel(int(body["channel_id"]))
    message = messages.post_boost(context.world, channel, int(body["user_id"]), level=int(body.get("level", 0)))
    return {"id": str(message.id)}


async def edit_message(context: SimContext, body: Json) -> Json:
    """Set a new `content` or `length`.

    With neither, a link preview is added: the event is the same, but it is no edit.
    """
    message = context.world.get_message(int(body["channel_id"]), int(body["message_id"]))
    messages.edit_message(context.world, message, length=body.get("length"), content=body.get("content"))
    return {}


async def delete_messages(context: SimContext, body: Json) -> Json:
    """Delete one or several `message_ids`; several are deleted in one event."""
    ids = [int(message_id) for message_id in body["message_ids"]]
    if not ids:
        raise BadRequest(texts.NO_MESSAGE_IDS)
    messages.delete_messages(context.world, context.world.get_channel(int(body["channel_id"])), ids)
    return {}


async def start_load(context: SimContext, body: Json) -> Json:
    """Send `count` messages from `authors` users to `channel_ids`.

    The rate is `per_second`, or full speed without it. Returns `shots`, the message ids and send times. With
    `background` it returns at once, with an empty list.
    """
    channels = [context.world.get_channel(int(channel_id)) for channel_id in body["channel_ids"]]
    guild = context.world.get_guild(channels[0].guild_id)
    users = [
        create_user(context.world, name=f"author-{number}") for number in range(1, int(body.get("authors", 50)) + 1)
    ]
    for user in users:
        join(context.world, guild, user)
    load = run_load_generator(
        context.world,
        context.session_manager,
        channels=channels,
        author_ids=[user.id for user in users],
        count=int(body["count"]),
        per_second=body.get("per_second"),
    )
    if body.get("background"):
        task = asyncio.create_task(load)
        _background_tasks.add(task)
        task.add_done_callback(_background_tasks.discard)
        return {"shots": []}
    return {"shots": [[str(sent_message.id), sent_message.sent_at] for sent_message in await load]}


def _get_or_create_webhook(context: SimContext, channel: SimChannel, name: str) -> SimWebhook:
    """Return the channel's webhook with this name; its id is derived from channel and name."""
    id_ = create_stable_snowflake("webhook", channel.id, name)
    webhook = context.world.webhooks.get(id_) or SimWebhook(
        id_, channel.id, channel.guild_id, name, secrets.token_urlsafe(48)
    )
    context.world.webhooks[id_] = webhook
    return webhook


ACTIONS: dict[str, Action] = {
    "message/say": send_message,
    "message/list": list_messages,
    "message/boost": boost,
    "message/edit": edit_message,
    "message/delete": delete_messages,
    "blast": start_load,
}
