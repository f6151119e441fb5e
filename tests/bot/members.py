"""What members do with commands and are shown, and what managers decide through the services."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.services.access_rules import NewRule, add_rule
from herwa_shared.services.audit import Actor, Via
from herwa_shared.stores import Stores
from herwa_sim.client.types import Answer, Shown
from tests.bot.place import Place
from tests.bot.stored import comes_true
from tests.sim.process import SimProcess

MANAGER = Actor(Via.WEB, None, "a manager")
EVERYBODY = (SubjectKind.EVERYONE, 0)
ANYWHERE = (PlaceKind.EVERYWHERE, 0)


class Members:
    """The members of one server, in its first channel unless another is named."""

    def __init__(self, sim: SimProcess, stores: Stores, place: Place) -> None:
        self.sim, self.stores, self.place = sim, stores, place

    async def run(
        self, command: str, options: Mapping[str, object] | None = None, *, who: int = 0, channel: int = 0
    ) -> Shown:
        """Run a command; the one message that answers it."""
        answer = await self._do(self.sim.client.command, channel, who, command, options)
        [message] = answer.messages
        return message

    async def type(
        self, command: str, options: Mapping[str, object], focused: str, *, who: int = 0, channel: int = 0
    ) -> list[str]:
        """Type an option; what is offered."""
        channel, who = channel or self.place.channel, who or self.place.ada
        answer = await asyncio.to_thread(self.sim.client.autocomplete, channel, who, command, options, focused=focused)
        assert answer.answered
        return [choice["name"] for choice in answer.choices]

    async def press(self, message: Shown, label: str, *, who: int = 0, channel: int = 0) -> Answer:
        """Press a button of a message by what stands on it."""
        return await self._do(self.sim.client.click, channel, who, message.id, buttons(message)[label])

    async def _do(self, deed: Callable[..., Answer], channel: int, who: int, *rest: Any) -> Answer:
        answer = await asyncio.to_thread(deed, channel or self.place.channel, who or self.place.ada, *rest)
        assert answer.answered
        return answer

    async def become(self, verdict: str, command: str, *, who: int = 0, channel: int = 0) -> None:
        """Return when `/why` says Yes, or No: the change that makes it so has reached the bot."""

        async def holds() -> bool:
            said = await self.run("why", {"command": command}, who=who, channel=channel)
            return said.content.startswith(f"**{verdict}")

        await comes_true(holds)

    async def decide(self, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
        """A manager, or the operator, changes something."""
        async with self.stores.database.transaction() as session:
            await work(session)

    async def rule(
        self,
        *,
        allow: bool,
        subject: tuple[SubjectKind, int] = EVERYBODY,
        target: tuple[TargetKind, str],
        place: tuple[PlaceKind, int] = ANYWHERE,
        note: str = "",
    ) -> None:
        """An access rule."""
        rule = NewRule(
            allow=allow,
            subject_kind=subject[0],
            subject_id=subject[1],
            target_kind=target[0],
            target_key=target[1],
            place_kind=place[0],
            place_id=place[1],
            note=note,
        )
        await self.decide(lambda session: add_rule(session, guild_id=self.place.guild, rule=rule, actor=MANAGER))


def buttons(message: Shown) -> dict[str, str]:
    """Custom ids of the buttons, by what stands on them."""
    return {one["label"]: one["custom_id"] for row in message.components for one in row["components"] if "label" in one}


def is_last(page: Shown) -> bool:
    """Whether a list has no page behind this one."""
    return next(one["disabled"] for row in page.components for one in row["components"] if one["label"] == "Next")
