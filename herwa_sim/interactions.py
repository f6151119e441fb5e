"""Interactions that members send to the bot, and the bot's responses so far."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from herwa_shared.discord.constants import EPHEMERAL_FLAG, LOADING_FLAG
from herwa_sim.entities import Json, SimChannel, SimMessage, SimUser
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.interactions import serialize_interaction
from herwa_sim.world import World

MAX_INTERACTIONS = 500


@dataclass(slots=True)
class Interaction:
    """One interaction of a member.

    `callback_type` is the type of the bot's callback, None before it arrives. `original` is the message of the initial
    response. `opened_by` is the interaction whose response opened the submitted modal.
    """

    id: int
    token: str
    kind: int
    name: str
    channel_id: int
    user_id: int
    clicked_message: SimMessage | None = None
    opened_by: "Interaction | None" = None
    callback_type: int | None = None
    original: SimMessage | None = None
    followups: list[SimMessage] = field(default_factory=list)
    is_edited: bool = False
    choices: list[Json] | None = None
    modal: Json | None = None
    updated: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_response(self) -> bool:
        """True when the member sees more than the loading state."""
        if self.callback_type in (None, 6):
            return self.is_edited or bool(self.followups)
        return self.original is None or not self.original.flags & LOADING_FLAG or bool(self.followups)

    @property
    def messages(self) -> list[SimMessage]:
        """The response messages that the member sees, oldest first."""
        visible = [self.original] if self.original is not None and not self.original.flags & LOADING_FLAG else []
        return visible + self.followups


class InteractionStore:
    """Recent interactions and ephemeral messages, in memory.

    Ephemeral messages are stored here because they belong to no channel. Above MAX_INTERACTIONS the oldest is evicted.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_token: dict[str, Interaction] = {}
        self._ephemeral: dict[int, SimMessage] = {}

    def send(
        self,
        *,
        kind: int,
        name: str,
        channel: SimChannel,
        user: SimUser,
        data: Json,
        clicked_message: SimMessage | None,
        clicked_json: Json | None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        """Send INTERACTION_CREATE to the bot.

        `clicked_json` is the JSON of the message that was clicked; `opened_by` is the interaction that opened the
        modal.
        """
        id_, token = self._world.snowflakes.generate(), secrets.token_urlsafe(48)
        interaction = Interaction(id_, token, kind, name, channel.id, user.id, clicked_message, opened_by)
        self._by_token[interaction.token] = interaction
        _evict_oldest(self._by_token)
        payload = serialize_interaction(
            self._world,
            id_=interaction.id,
            token=interaction.token,
            kind=kind,
            channel=channel,
            user=user,
            data=data,
            message=clicked_json,
        )
        self._world.publish(GatewayEvent("INTERACTION_CREATE", payload, guild_id=channel.guild_id or None))
        return interaction

    def find(self, token: str) -> Interaction | None:
        """Return the interaction with this token, or None."""
        return self._by_token.get(token)

    def find_by_id(self, interaction_id: int) -> Interaction | None:
        """Return the interaction with this id, or None."""
        return next((interaction for interaction in self._by_token.values() if interaction.id == interaction_id), None)

    def add_ephemeral(self, message: SimMessage) -> None:
        """Store an ephemeral message, so that its components can be clicked."""
        self._ephemeral[message.id] = message
        self._world.publish()
        _evict_oldest(self._ephemeral)

    def find_ephemeral(self, message_id: int) -> SimMessage | None:
        """Return the ephemeral message with this id, or None."""
        return self._ephemeral.get(message_id)

    def list_ephemeral(self, user_id: int, channel_id: int) -> list[SimMessage]:
        """List the ephemeral messages that this user sees in this channel."""
        own_messages = [
            message
            for message in self._ephemeral.values()
            if message.source is not None and message.source.user_id == user_id
        ]
        return [message for message in own_messages if message.channel_id == channel_id]

    def remove_ephemeral(self, message_id: int) -> None:
        """Delete the ephemeral message; an unknown id is ignored."""
        self._ephemeral.pop(message_id, None)
        self._world.publish()


async def wait_for_response(interaction: Interaction, seconds: float) -> bool:
    """Wait until the member sees a response; False if none arrived within the timeout.

    After the timeout, a callback that is not a deferred message (type 5) still counts as a response.
    """
    try:
        async with asyncio.timeout(seconds):
            while not interaction.has_response:
                interaction.updated.clear()
                await interaction.updated.wait()
    except TimeoutError:
        return interaction.callback_type is not None and interaction.callback_type != 5
    return True


def is_ephemeral(message: SimMessage) -> bool:
    """True if only the invoking user sees the message."""
    return bool(message.flags & EPHEMERAL_FLAG)


def _evict_oldest(entries: dict[Any, Any]) -> None:
    if len(entries) > MAX_INTERACTIONS:
        del entries[next(iter(entries))]
