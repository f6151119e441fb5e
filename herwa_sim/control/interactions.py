"""Control actions for interactions: run a command, autocomplete, click, submit a modal.

Each returns what the member sees as the response. `seconds` in the body overrides the response timeout.
"""

from herwa_shared.errors import NotFound
from herwa_sim.components import build_click_data, build_modal_data
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, SimChannel, SimMessage, SimUser
from herwa_sim.interactions import Interaction, is_ephemeral, wait_for_response
from herwa_sim.serialize.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL
from herwa_sim.serialize.messages import serialize_message
from herwa_sim.slash_commands import build_command_data, find_command
from herwa_sim.texts import actions as texts

RESPONSE_TIMEOUT_SECONDS = 15.0


async def run_command(context: SimContext, body: Json) -> Json:
    """Run a command: `channel_id`, `user_id`, `command` ("features list"), `options` by name.

    `target_id` is the user or message of a context menu command.
    """
    channel, user = _get_channel_and_user(context, body)
    command_path = find_command(context.world, channel, user, body["command"])
    data = build_command_data(
        context.world, channel, command_path, body.get("options") or {}, target=body.get("target_id")
    )
    interaction = _send_interaction(context, COMMAND, body["command"], channel, user, data)
    return await _wait_for_result(context, interaction, body)


async def autocomplete(context: SimContext, body: Json) -> Json:
    """Request autocompletion: like `run_command`, with the `focused` option name."""
    channel, user = _get_channel_and_user(context, body)
    command_path = find_command(context.world, channel, user, body["command"])
    data = build_command_data(context.world, channel, command_path, body.get("options") or {}, focused=body["focused"])
    interaction = _send_interaction(context, AUTOCOMPLETE, body["command"], channel, user, data)
    return await _wait_for_result(context, interaction, body)


async def click(context: SimContext, body: Json) -> Json:
    """Click the component `custom_id` of `message_id` as `user_id` in `channel_id`.

    A select takes `values`.
    """
    channel, user = _get_channel_and_user(context, body)
    id_ = int(body["message_id"])
    message = context.interactions.find_ephemeral(id_) or context.world.get_message(channel.id, id_)
    data = build_click_data(context.world, channel, message.components, body["custom_id"], body.get("values"))
    interaction = _send_interaction(context, COMPONENT, body["custom_id"], channel, user, data, message)
    return await _wait_for_result(context, interaction, body)


async def submit(context: SimContext, body: Json) -> Json:
    """Submit a modal: `channel_id`, `user_id`, `interaction_id`, and `values` by `custom_id`.

    `interaction_id` is the interaction to which the bot responded with the modal.
    """
    channel, user = _get_channel_and_user(context, body)
    form_interaction = context.interactions.find_by_id(int(body["interaction_id"]))
    if form_interaction is None or form_interaction.modal is None or form_interaction.user_id != user.id:
        raise NotFound(texts.NO_OPEN_FORM)
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
    """Return channel and user of the body. Raises NotFound for another user's conversation."""
    channel, user = context.world.get_channel(int(body["channel_id"])), context.world.get_user(int(body["user_id"]))
    if not channel.is_direct:
        context.world.get_member(channel.guild_id, user.id)
    elif channel.recipient_id != user.id:
        raise NotFound(texts.FOREIGN_CONVERSATION)
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
    """Send the interaction to the bot."""
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
    """Wait for the bot's response and return it as JSON; `answered` is False after the timeout."""
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
