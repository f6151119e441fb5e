"""Webhooks, and what comes after the first answer to an interaction, which goes by the same addresses."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.actions import messages
from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import Message, Webhook
from herwa_sim.interactions import Interaction, is_ephemeral
from herwa_sim.rest.bodies import Body, read_body
from herwa_sim.rest.interactions import show, source_of
from herwa_sim.rest.message_builder import amend, compose
from herwa_sim.rest.middleware import Route, answer, id_in, nothing
from herwa_sim.serialize.messages import LOADING, message_json
from herwa_sim.serialize.webhooks import webhook_json
from herwa_sim.world import Missing


async def read(request: web.Request) -> web.Response:
    parts = parts_of(request)
    return answer(webhook_json(parts.world, _webhook(request)))


async def send(request: web.Request) -> web.Response:
    """A followup of the bot's, or a message of a webhook's."""
    parts = parts_of(request)
    body = await read_body(request)
    interaction = _interaction(request)
    if interaction is not None:
        return answer(message_json(parts.world, _follow_up(parts, interaction, body)))
    webhook = _webhook(request)
    channel = parts.world.channel(int(request.query.get("thread_id", webhook.channel_id)))
    message = compose(parts, channel, body)
    message.author_id = message.webhook_id = webhook.id
    messages.post(parts.world, channel, message)
    return answer(message_json(parts.world, message)) if request.query.get("wait") else nothing()


async def one(request: web.Request) -> web.Response:
    return answer(message_json(parts_of(request).world, _message(request)))


async def edit(request: web.Request) -> web.Response:
    parts = parts_of(request)
    message = _message(request)
    _revise(parts, message, await read_body(request))
    interaction = _interaction(request)
    if interaction is not None:
        interaction.revised = True
        interaction.touched.set()
    return answer(message_json(parts.world, message))


async def delete(request: web.Request) -> web.Response:
    parts = parts_of(request)
    message = _message(request)
    interaction = _interaction(request)
    if interaction is not None:
        interaction.followups = [kept for kept in interaction.followups if kept is not message]
        interaction.original = None if interaction.original is message else interaction.original
        interaction.touched.set()
    if is_ephemeral(message):
        parts.interactions.unhide(message.id)
    else:
        messages.delete(parts.world, parts.world.channel(message.channel_id), [message.id])
    return nothing()


def _follow_up(parts: Parts, interaction: Interaction, body: Body) -> Message:
    """A further message. The first after a deferral takes the place of the waiting dots, as seen or unseen as they."""
    original = interaction.original
    if original is not None and original.flags & LOADING:
        _revise(parts, original, body)
        interaction.touched.set()
        return original
    message = compose(parts, parts.world.channel(interaction.channel_id), body, source=source_of(interaction))
    message.type, message.reply_to = 19 if original else 0, original.id if original else None
    interaction.followups.append(message)
    show(parts, message)
    interaction.touched.set()
    return message


def _revise(parts: Parts, message: Message, body: Body) -> None:
    seen = message.flags & LOADING == 0
    ephemeral = is_ephemeral(message)
    amend(parts, message, body)
    message.flags &= ~LOADING
    if not ephemeral:
        message.flags &= ~(1 << 6)
    if seen:
        message.edited_at = utc_now()
    if not ephemeral:
        messages.revise(parts.world, message)


def _interaction(request: web.Request) -> Interaction | None:
    """The interaction that the address means, None for a real webhook's."""
    parts = parts_of(request)
    if id_in(request, "webhook_id") != parts.world.application.id:
        return None
    interaction = parts.interactions.find(request.match_info["webhook_token"])
    if interaction is None or interaction.answer is None:
        raise Missing("Webhook", id_in(request, "webhook_id"))
    return interaction


def _webhook(request: web.Request) -> Webhook:
    webhook = parts_of(request).world.webhook(id_in(request, "webhook_id"))
    if webhook.token != request.match_info["webhook_token"]:
        raise Missing("Webhook", webhook.id)
    return webhook


def _message(request: web.Request) -> Message:
    interaction = _interaction(request)
    wanted = request.match_info.get("message_id", "@original")
    if interaction is None:
        return parts_of(request).world.message(_webhook(request).channel_id, int(wanted))
    mine = ([interaction.original] if interaction.original else []) + interaction.followups
    found = interaction.original if wanted == "@original" else None
    found = found or next((one_ for one_ in mine if str(one_.id) == wanted), None)
    if found is None:
        raise Missing("Message", 0)
    return found


_HOOK = "/webhooks/{webhook_id}/{webhook_token}"

ROUTES: list[Route] = [
    ("GET", _HOOK, read),
    ("POST", _HOOK, send),
    *(
        (method, _HOOK + path, handler)
        for path in ("/messages/@original", "/messages/{message_id}")
        for method, handler in (("GET", one), ("PATCH", edit), ("DELETE", delete))
    ),
]
