"""REST route of interaction callbacks: the bot's initial response to an interaction."""

from enum import IntEnum

from aiohttp import web

from herwa_shared.discord.constants import EPHEMERAL_FLAG, LOADING_FLAG
from herwa_sim.actions import messages
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import InteractionSource, Json, SimMessage
from herwa_sim.interactions import Interaction, is_ephemeral
from herwa_sim.rest.bodies import RequestBody, read_body
from herwa_sim.rest.message_builder import build_message, update_message
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json, respond_no_content
from herwa_sim.serialize.interactions import serialize_callback
from herwa_sim.serialize.messages import serialize_message
from herwa_sim.snowflakes import to_datetime
from herwa_sim.world import EntityNotFound


class CallbackType(IntEnum):
    """Interaction callback types."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


async def handle_callback(request: web.Request) -> web.Response:
    """Accept the initial response.

    Raises RestError for a second response, EntityNotFound for an unknown interaction or a wrong token.
    """
    context = get_context(request)
    interaction = context.interactions.find(request.match_info["interaction_token"])
    if interaction is None or interaction.id != get_path_id(request, "interaction_id"):
        raise EntityNotFound("Interaction", get_path_id(request, "interaction_id"))
    body = await read_body(request)
    if interaction.callback_type is not None:
        raise RestError(400, 40060, "Interaction has already been acknowledged.")
    kind = CallbackType(body.json["type"])
    _apply_callback(context, interaction, kind, RequestBody(body.json.get("data") or {}, body.uploads))
    interaction.callback_type = kind
    interaction.updated.set()
    if request.query.get("with_response", "").lower() not in ("1", "true"):
        return respond_no_content()
    return respond_json(_build_response(context, interaction, kind))


def build_source(interaction: Interaction) -> InteractionSource:
    """Return the source metadata for messages that respond to the interaction."""
    opener = None if interaction.opened_by is None else build_source(interaction.opened_by)
    return InteractionSource(interaction.id, interaction.kind, interaction.name, interaction.user_id, opener)


def deliver_message(context: SimContext, message: SimMessage) -> None:
    """Post the response in the channel, or store it as an ephemeral message."""
    if is_ephemeral(message):
        context.interactions.add_ephemeral(message)
    else:
        messages.post_message(context.world, context.world.get_channel(message.channel_id), message)


def _apply_callback(context: SimContext, interaction: Interaction, kind: CallbackType, body: RequestBody) -> None:
    channel = context.world.get_channel(interaction.channel_id)
    if kind == CallbackType.MESSAGE:
        interaction.original = build_message(context, channel, body, source=build_source(interaction))
        deliver_message(context, interaction.original)
    elif kind == CallbackType.DEFERRED_MESSAGE:
        interaction.original = _create_loading_message(context, interaction, body.json)
        deliver_message(context, interaction.original)
    elif kind in (CallbackType.UPDATE, CallbackType.DEFERRED_UPDATE):
        if interaction.clicked_message is None:
            raise RestError(400, 50035, "Invalid Form Body")
        interaction.original = interaction.clicked_message
        if kind == CallbackType.UPDATE:
            update_message(context, interaction.clicked_message, body)
            if not is_ephemeral(interaction.clicked_message):
                messages.publish_edit(context.world, interaction.clicked_message)
    elif kind == CallbackType.CHOICES:
        interaction.choices = list(body.json.get("choices") or ())
    elif kind == CallbackType.MODAL:
        interaction.modal = body.json


def _create_loading_message(context: SimContext, interaction: Interaction, data: Json) -> SimMessage:
    """Create the placeholder message of a deferred response ("Herwa is thinking")."""
    id_ = context.world.snowflakes.generate()
    channel = context.world.get_channel(interaction.channel_id)
    message = SimMessage(id_, channel.id, channel.guild_id, context.world.bot.id, to_datetime(id_), content="", type=20)
    message.flags = LOADING_FLAG | (int(data.get("flags") or 0) & EPHEMERAL_FLAG)
    message.source = build_source(interaction)
    message.webhook_id = message.application_id = context.world.application.id
    return message


def _build_response(context: SimContext, interaction: Interaction, kind: CallbackType) -> Json:
    message = (
        interaction.original
        if kind in (CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE, CallbackType.UPDATE)
        else None
    )
    return serialize_callback(
        id_=interaction.id,
        kind=interaction.kind,
        callback_type=kind,
        message=None if message is None else serialize_message(context.world, message),
        loading=message is not None and bool(message.flags & LOADING_FLAG),
        ephemeral=message is not None and is_ephemeral(message),
    )


ROUTES: list[Route] = [("POST", "/interactions/{interaction_id}/{interaction_token}/callback", handle_callback)]
