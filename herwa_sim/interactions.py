"""Interactions: what members ask of the bot, and what it has answered so far."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from herwa_sim.entities import Channel, Json, Message, User
from herwa_sim.events import Event
from herwa_sim.serialize.interactions import interaction_json
from herwa_sim.serialize.messages import EPHEMERAL, LOADING
from herwa_sim.world import World

REMEMBERED = 500


@dataclass(slots=True)
class Interaction:
    """One question of a member. `answer` is the type of the bot's callback, None until it comes."""

    id: int
    token: str
    kind: int
    name: str
    channel_id: int
    user_id: int
    clicked: Message | None = None
    opened_by: "Interaction | None" = None
    answer: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    revised: bool = False
    choices: list[Json] | None = None
    modal: Json | None = None
    touched: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_answered(self) -> bool:
        """True when the member sees something other than the waiting dots."""
        if self.answer in (None, 6):
            return self.revised or bool(self.followups)
        return self.original is None or not self.original.flags & LOADING or bool(self.followups)

    @property
    def messages(self) -> list[Message]:
        """What the member sees as the answer, oldest first."""
        shown = [self.original] if self.original is not None and not self.original.flags & LOADING else []
        return shown + self.followups


class Interactions:
    """The open questions, and the ephemeral messages, which no channel holds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_token: dict[str, Interaction] = {}
        self._hidden: dict[int, Message] = {}

    def ask(
        self,
        *,
        kind: int,
        name: str,
        channel: Channel,
        user: User,
        data: Json,
        clicked: Message | None,
        shown: Json | None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        """Send the question to the bot. `shown` is the JSON of the clicked message; `opened_by` brought up the form."""
        id_, token = self._world.mint.next(), secrets.token_urlsafe(48)
        interaction = Interaction(id_, token, kind, name, channel.id, user.id, clicked, opened_by)
        self._by_token[interaction.token] = interaction
        _forget_oldest(self._by_token)
        payload = interaction_json(
            self._world,
            id_=interaction.id,
            token=interaction.token,
            kind=kind,
            channel=channel,
            user=user,
            data=data,
            message=shown,
        )
        self._world.changed(Event("INTERACTION_CREATE", payload, guild_id=channel.guild_id or None))
        return interaction

    def find(self, token: str) -> Interaction | None:
        return self._by_token.get(token)

    def get(self, interaction_id: int) -> Interaction | None:
        return next((one for one in self._by_token.values() if one.id == interaction_id), None)

    def hide(self, message: Message) -> None:
        """Remember an ephemeral message: buttons on it can be clicked."""
        self._hidden[message.id] = message
        self._world.changed()
        _forget_oldest(self._hidden)

    def hidden(self, message_id: int) -> Message | None:
        return self._hidden.get(message_id)

    def seen_by(self, user_id: int, channel_id: int) -> list[Message]:
        """The ephemeral messages that this member has before their eyes there."""
        mine = [one for one in self._hidden.values() if one.source is not None and one.source.user_id == user_id]
        return [one for one in mine if one.channel_id == channel_id]

    def unhide(self, message_id: int) -> None:
        self._hidden.pop(message_id, None)
        self._world.changed()


async def answered(interaction: Interaction, seconds: float) -> bool:
    """Wait until the member sees an answer; False when none came in time."""
    try:
        async with asyncio.timeout(seconds):
            while not interaction.is_answered:
                interaction.touched.clear()
                await interaction.touched.wait()
    except TimeoutError:
        return interaction.answer is not None and interaction.answer != 5
    return True


def is_ephemeral(message: Message) -> bool:
    return bool(message.flags & EPHEMERAL)


def _forget_oldest(remembered: dict[Any, Any]) -> None:
    if len(remembered) > REMEMBERED:
        del remembered[next(iter(remembered))]
