"""REST routes of webhooks, and of followups to interactions, which share their paths."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import EPHEMERAL_FLAG, LOADING_FLAG, MessageType
from herwa_sim.actions import messages
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimMessage, SimWebhook
from herwa_sim.interactions import Interaction, is_ephemeral
from herwa_sim.rest.bodies import RequestBody, read_body
from herwa_sim.rest.interactions import build_source, deliver_message
from herwa_sim.rest.message_builder import build_message, update_message
from herwa_sim.rest.middleware import Route, get_path_id, respond_json, respond_no_content
from herwa_sim.serialize.messages import serialize_message
from herwa_sim.serialize.webhooks import serialize_webhook
from herwa_sim.world import EntityNotFound

_WEBHOOK_PATH = "/webhooks/{webhook_id}/{webhook_token}"


async def get_webhook(request: web.Request) -> web.Response:
    """Return a webhook."""
    context = get_context(request)
    return respond_json(serialize_webhook(context.world, _get_webhook(request)))


async def send(request: web.Request) -> web.Response:
    """Send a followup of an interaction, or a message of a webhook."""
    context = get_context(request)
    body = await read_body(request)
    interaction = _find_interaction(request)
    if interaction is not None:
        return respond_json(serialize_message(context.world, _send_followup(context, interaction, body)))
    webhook = _get_webhook(request)
    channel = context.world.get_channel(int(request.query.get("thread_id", webhook.channel_id)))
    message = build_message(context, channel, body)
    message.author_id = message.webhook_id = webhook.id
    messages.post_message(context.world, channel, message)
    return (
        respond_json(serialize_message(context.world, message)) if request.query.get("wait") else respond_no_content()
    )


async def get_message(request: web.Request) -> web.Response:
    """Return a message of the interaction or webhook."""
    return respond_json(serialize_message(get_context(request).world, _get_message(request)))


async def edit(request: web.Request) -> web.Response:
    """Edit a message of the interaction or webhook."""
    context = get_context(request)
    message = _get_message(request)
    _edit_message(context, message, await read_body(request))
    interaction = _find_interaction(request)
    if interaction is not None:
        interaction.is_edited = True
        interaction.updated.set()
    return respond_json(serialize_message(context.world, message))


async def delete(request: web.Request) -> web.Response:
    """Delete a message of the interaction or webhook."""
    context = get_context(request)
    message = _get_message(request)
    interaction = _find_interaction(request)
    if interaction is not None:
        interaction.followups = [followup for followup in interaction.followups if followup is not message]
        interaction.original = None if interaction.original is message else interaction.original
        interaction.updated.set()
    if is_ephemeral(message):
        context.interactions.remove_ephemeral(message.id)
    else:
        messages.delete_messages(context.world, context.world.get_channel(message.channel_id), [message.id])
    return respond_no_content()


def _send_followup(context: SimContext, interaction: Interaction, body: RequestBody) -> SimMessage:
    """Send a followup message.

    The first followup after a deferred response replaces the loading message, and is ephemeral if that was.
    """
    original = interaction.original
    if original is not None and original.flags & LOADING_FLAG:
        _edit_message(context, original, body)
        interaction.updated.set()
        return original
    message = build_message(
        context, context.world.get_channel(interaction.channel_id), body, source=build_source(interaction)
    )
    message.type = MessageType.REPLY if original else MessageType.DEFAULT
    message.reply_to = original.id if original else None
    interaction.followups.append(message)
    deliver_message(context, message)
    interaction.updated.set()
    return message


def _edit_message(context: SimContext, message: SimMessage, body: RequestBody) -> None:
    was_visible = message.flags & LOADING_FLAG == 0
    ephemeral = is_ephemeral(message)
    update_message(context, message, body)
    message.flags &= ~LOADING_FLAG
    if not ephemeral:
        message.flags &= ~EPHEMERAL_FLAG
    if was_visible:
        message.edited_at = utc_now()
    if not ephemeral:
        messages.publish_edit(context.world, message)


def _find_interaction(request: web.Request) -> Interaction | None:
    """Return the interaction of the path, or None for a webhook.

    Raises EntityNotFound for an unknown token, or before the initial response.
    """
    context = get_context(request)
    if get_path_id(request, "webhook_id") != context.world.application.id:
        return None
    interaction = context.interactions.find(request.match_info["webhook_token"])
    if interaction is None or interaction.callback_type is None:
        raise EntityNotFound("Webhook", get_path_id(request, "webhook_id"))
    return interaction


def _get_webhook(request: web.Request) -> SimWebhook:
    webhook = get_context(request).world.get_webhook(get_path_id(request, "webhook_id"))
    if webhook.token != request.match_info["webhook_token"]:
        raise EntityNotFound("Webhook", webhook.id)
    return webhook


def _get_message(request: web.Request) -> SimMessage:
    interaction = _find_interaction(request)
    message_key = request.match_info.get("message_id", "@original")
    if interaction is None:
        return get_context(request).world.get_message(_get_webhook(request).channel_id, int(message_key))
    candidates = ([interaction.original] if interaction.original else []) + interaction.followups
    message = interaction.original if message_key == "@original" else None
    message = message or next((candidate for candidate in candidates if str(candidate.id) == message_key), None)
    if message is None:
        raise EntityNotFound("Message", 0)
    return message


ROUTES: list[Route] = [
    ("GET", _WEBHOOK_PATH, get_webhook),
    ("POST", _WEBHOOK_PATH, send),
    *(
        (method, _WEBHOOK_PATH + path, handler)
        for path in ("/messages/@original", "/messages/{message_id}")
        for method, handler in (("GET", get_message), ("PATCH", edit), ("DELETE", delete))
    ),
]
