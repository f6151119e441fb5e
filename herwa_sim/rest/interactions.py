"""The bot's first answer to an interaction."""

from enum import IntEnum

from aiohttp import web

from herwa_sim.actions import messages
from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import InteractionSource, Json, Message
from herwa_sim.interactions import Interaction, is_ephemeral
from herwa_sim.rest.bodies import Body, read_body
from herwa_sim.rest.message_builder import amend, compose
from herwa_sim.rest.middleware import Refusal, Route, answer, id_in, nothing
from herwa_sim.serialize.interactions import callback_json
from herwa_sim.serialize.messages import EPHEMERAL, LOADING, message_json
from herwa_sim.snowflakes import moment_of
from herwa_sim.world import Missing


class Callback(IntEnum):
    """Kinds of first answer."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


async def callback(request: web.Request) -> web.Response:
    """Take the answer; a second one is refused, as is one to a question nobody asked."""
    parts = parts_of(request)
    interaction = parts.interactions.find(request.match_info["interaction_token"])
    if interaction is None or interaction.id != id_in(request, "interaction_id"):
        raise Missing("Interaction", id_in(request, "interaction_id"))
    body = await read_body(request)
    if interaction.answer is not None:
        raise Refusal(400, 40060, "Interaction has already been acknowledged.")
    kind = Callback(body.json["type"])
    _take(parts, interaction, kind, Body(body.json.get("data") or {}, body.uploads))
    interaction.answer = kind
    interaction.touched.set()
    if request.query.get("with_response", "").lower() not in ("1", "true"):
        return nothing()
    return answer(_response(parts, interaction, kind))


def source_of(interaction: Interaction) -> InteractionSource:
    first = None if interaction.opened_by is None else source_of(interaction.opened_by)
    return InteractionSource(interaction.id, interaction.kind, interaction.name, interaction.user_id, first)


def show(parts: Parts, message: Message) -> None:
    """Put the bot's answer where the member sees it: in the channel, or only before their eyes."""
    if is_ephemeral(message):
        parts.interactions.hide(message)
    else:
        messages.post(parts.world, parts.world.channel(message.channel_id), message)


def _take(parts: Parts, interaction: Interaction, kind: Callback, body: Body) -> None:
    channel = parts.world.channel(interaction.channel_id)
    if kind == Callback.MESSAGE:
        interaction.original = compose(parts, channel, body, source=source_of(interaction))
        show(parts, interaction.original)
    elif kind == Callback.DEFERRED_MESSAGE:
        interaction.original = _dots(parts, interaction, body.json)
        show(parts, interaction.original)
    elif kind in (Callback.UPDATE, Callback.DEFERRED_UPDATE):
        if interaction.clicked is None:
            raise Refusal(400, 50035, "Invalid Form Body")
        interaction.original = interaction.clicked
        if kind == Callback.UPDATE:
            amend(parts, interaction.clicked, body)
            if not is_ephemeral(interaction.clicked):
                messages.revise(parts.world, interaction.clicked)
    elif kind == Callback.CHOICES:
        interaction.choices = list(body.json.get("choices") or ())
    elif kind == Callback.MODAL:
        interaction.modal = body.json


def _dots(parts: Parts, interaction: Interaction, wanted: Json) -> Message:
    """A message that waits for its content, shown as: Herwa is thinking."""
    id_ = parts.world.mint.next()
    channel = parts.world.channel(interaction.channel_id)
    message = Message(id_, channel.id, channel.guild_id, parts.world.bot.id, moment_of(id_), content="", type=20)
    message.flags = LOADING | (int(wanted.get("flags") or 0) & EPHEMERAL)
    message.source = source_of(interaction)
    message.webhook_id = message.application_id = parts.world.application.id
    return message


def _response(parts: Parts, interaction: Interaction, kind: Callback) -> Json:
    message = interaction.original if kind in (Callback.MESSAGE, Callback.DEFERRED_MESSAGE, Callback.UPDATE) else None
    return callback_json(
        id_=interaction.id,
        kind=interaction.kind,
        answer=kind,
        message=None if message is None else message_json(parts.world, message),
        loading=message is not None and bool(message.flags & LOADING),
        ephemeral=message is not None and is_ephemeral(message),
    )


ROUTES: list[Route] = [("POST", "/interactions/{interaction_id}/{interaction_token}/callback", callback)]
