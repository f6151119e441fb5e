"""A member runs a command, types into one, clicks, or sends a form; the answer is what the member then sees."""

from herwa_shared.errors import NotFound
from herwa_sim.components import build_click_data, build_modal_data
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, SimChannel, SimMessage, SimUser
from herwa_sim.interactions import Interaction, is_ephemeral, wait_for_response
from herwa_sim.serialize.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL
from herwa_sim.serialize.messages import serialize_message
from herwa_sim.slash_commands import build_command_data, find_command

RESPONSE_TIMEOUT_SECONDS = 15.0


async def run_command(context: SimContext, body: Json) -> Json:
    """`channel_id`, `user_id`, `command` ("features list"), `options` ({name: value}); `target_id` for a menu entry."""
    channel, user = _get_channel_and_user(context, body)
    command_path = find_command(context.world, channel, user, body["command"])
    data = build_command_data(
        context.world, channel, command_path, body.get("options") or {}, target=body.get("target_id")
    )
    interaction = _send_interaction(context, COMMAND, body["command"], channel, user, data)
    return await _wait_for_result(context, interaction, body)


async def autocomplete(context: SimContext, body: Json) -> Json:
    """As `command`, with the name of the option that is being typed as `focused`."""
    channel, user = _get_channel_and_user(context, body)
    command_path = find_command(context.world, channel, user, body["command"])
    data = build_command_data(context.world, channel, command_path, body.get("options") or {}, focused=body["focused"])
    interaction = _send_interaction(context, AUTOCOMPLETE, body["command"], channel, user, data)
    return await _wait_for_result(context, interaction, body)


async def click(context: SimContext, body: Json) -> Json:
    """`channel_id`, `user_id`, `message_id`, `custom_id`, and `values` for a select."""
    channel, user = _get_channel_and_user(context, body)
    id_ = int(body["message_id"])
    message = context.interactions.find_ephemeral(id_) or context.world.get_message(channel.id, id_)
    data = build_click_data(context.world, channel, message.components, body["custom_id"], body.get("values"))
    interaction = _send_interaction(context, COMPONENT, body["custom_id"], channel, user, data, message)
    return await _wait_for_result(context, interaction, body)


async def submit(context: SimContext, body: Json) -> Json:
    """`channel_id`, `user_id`, the `interaction_id` that was answered with a form, and `values` by `custom_id`."""
    channel, user = _get_channel_and_user(context, body)
    form_interaction = context.interactions.find_by_id(int(body["interaction_id"]))
    if form_interaction is None or form_interaction.modal is None or form_interaction.user_id != user.id:
        raise NotFound("No form is open there for this member.")
    data = build_modal_data(context.world, channel, form_interaction.modal, body.get("values") or {})
    interaction = _send_interaction(
        context,
        MODAL,
        form_interaction.modal["custom_id"],
        channel,
        user,
        data,
        form_interaction.clicked_message,
        form_interaction,
    )
    return await _wait_for_result(context, interaction, body)


def _get_channel_and_user(context: SimContext, body: Json) -> tuple[SimChannel, SimUser]:
    channel, user = context.world.get_channel(int(body["channel_id"])), context.world.get_user(int(body["user_id"]))
    if not channel.is_direct:
        context.world.get_member(channel.guild_id, user.id)
    elif channel.recipient_id != user.id:
        raise NotFound("That conversation is somebody else's.")
    return channel, user


def _send_interaction(
    context: SimContext,
    kind: int,
    name: str,
    channel: SimChannel,
    user: SimUser,
    data: Json,
    clicked_message: SimMessage | None = None,
    opened_by: Interaction | None = None,
) -> Interaction:
    clicked_json = serialize_message(context.world, clicked_message) if clicked_message else None
    return context.interactions.send(
        kind=kind,
        name=name,
        channel=channel,
        user=user,
        data=data,
        clicked_message=clicked_message,
        clicked_json=clicked_json,
        opened_by=opened_by,
    )


async def _wait_for_result(context: SimContext, interaction: Interaction, body: Json) -> Json:
    responded = await wait_for_response(interaction, float(body.get("seconds", RESPONSE_TIMEOUT_SECONDS)))
    return {
        "id": str(interaction.id),
        "answered": responded,
        "type": interaction.callback_type,
        "messages": [
            serialize_message(context.world, message) | {"ephemeral": is_ephemeral(message)}
            for message in interaction.messages
        ],
        "choices": interaction.choices,
        "modal": interaction.modal,
    }


ACTIONS: dict[str, Action] = {
    "interaction/command": run_command,
    "interaction/autocomplete": autocomplete,
    "interaction/click": click,
    "interaction/submit": submit,
}
