"""A member runs a command, types into one, clicks, or sends a form; the answer is what the member then sees."""

from herwa_shared.errors import NotFound
from herwa_sim.components import click_data, modal_data
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Channel, Json, Message, User
from herwa_sim.interactions import Interaction, answered, is_ephemeral
from herwa_sim.serialize.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL
from herwa_sim.serialize.messages import message_json
from herwa_sim.slash_commands import command_data, find_command

PATIENCE = 15.0


async def command(parts: Parts, body: Json) -> Json:
    """`channel_id`, `user_id`, `command` ("features list"), `options` ({name: value}); `target_id` for a menu entry."""
    channel, user = _who(parts, body)
    found = find_command(parts.world, channel, user, body["command"])
    data = command_data(parts.world, channel, found, body.get("options") or {}, target=body.get("target_id"))
    asked = _ask(parts, COMMAND, body["command"], channel, user, data)
    return await _outcome(parts, asked, body)


async def autocomplete(parts: Parts, body: Json) -> Json:
    """As `command`, with the name of the option that is being typed as `focused`."""
    channel, user = _who(parts, body)
    found = find_command(parts.world, channel, user, body["command"])
    data = command_data(parts.world, channel, found, body.get("options") or {}, focused=body["focused"])
    asked = _ask(parts, AUTOCOMPLETE, body["command"], channel, user, data)
    return await _outcome(parts, asked, body)


async def click(parts: Parts, body: Json) -> Json:
    """`channel_id`, `user_id`, `message_id`, `custom_id`, and `values` for a select."""
    channel, user = _who(parts, body)
    id_ = int(body["message_id"])
    message = parts.interactions.hidden(id_) or parts.world.message(channel.id, id_)
    data = click_data(parts.world, channel, message.components, body["custom_id"], body.get("values"))
    asked = _ask(parts, COMPONENT, body["custom_id"], channel, user, data, message)
    return await _outcome(parts, asked, body)


async def submit(parts: Parts, body: Json) -> Json:
    """`channel_id`, `user_id`, the `interaction_id` that was answered with a form, and `values` by `custom_id`."""
    channel, user = _who(parts, body)
    opened = parts.interactions.get(int(body["interaction_id"]))
    if opened is None or opened.modal is None or opened.user_id != user.id:
        raise NotFound("No form is open there for this member.")
    data = modal_data(parts.world, channel, opened.modal, body.get("values") or {})
    asked = _ask(parts, MODAL, opened.modal["custom_id"], channel, user, data, opened.clicked, opened)
    return await _outcome(parts, asked, body)


def _who(parts: Parts, body: Json) -> tuple[Channel, User]:
    channel, user = parts.world.channel(int(body["channel_id"])), parts.world.user(int(body["user_id"]))
    if not channel.is_direct:
        parts.world.member(channel.guild_id, user.id)
    elif channel.recipient_id != user.id:
        raise NotFound("That conversation is somebody else's.")
    return channel, user


def _ask(
    parts: Parts,
    kind: int,
    name: str,
    channel: Channel,
    user: User,
    data: Json,
    clicked: Message | None = None,
    opened_by: Interaction | None = None,
) -> Interaction:
    shown = message_json(parts.world, clicked) if clicked else None
    return parts.interactions.ask(
        kind=kind,
        name=name,
        channel=channel,
        user=user,
        data=data,
        clicked=clicked,
        shown=shown,
        opened_by=opened_by,
    )


async def _outcome(parts: Parts, asked: Interaction, body: Json) -> Json:
    in_time = await answered(asked, float(body.get("seconds", PATIENCE)))
    return {
        "id": str(asked.id),
        "answered": in_time,
        "type": asked.answer,
        "messages": [message_json(parts.world, one) | {"ephemeral": is_ephemeral(one)} for one in asked.messages],
        "choices": asked.choices,
        "modal": asked.modal,
    }


ACTIONS: dict[str, Action] = {
    "interaction/command": command,
    "interaction/autocomplete": autocomplete,
    "interaction/click": click,
    "interaction/submit": submit,
}
