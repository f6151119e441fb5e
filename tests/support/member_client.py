"""Runs the bot's commands as members of a server, and changes rules as a manager through the services."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.texts import why
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.services.access_rules import NewRule
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.stores import Stores
from herwa_sim.client.types import DisplayedMessage, InteractionResult
from tests.support.access_rules import add_rule
from tests.support.sample_server import SampleServer
from tests.support.sim_process import SimProcess
from tests.support.waiting import wait_until

MANAGER = Actor(ChangeSource.WEB, None, "a manager")
EVERYONE = (SubjectKind.EVERYONE, 0)
EVERYWHERE = (PlaceKind.EVERYWHERE, 0)


class MemberClient:
    """Acts as the members of one server, by default as Ada in the server's first channel."""

    def __init__(self, sim: SimProcess, stores: Stores, server: SampleServer) -> None:
        self.sim, self.stores, self.server = sim, stores, server

    async def run(
        self, command: str, options: Mapping[str, object] | None = None, *, user: int = 0, channel: int = 0
    ) -> DisplayedMessage:
        """Run a command and return the one message that responds to it."""
        result = await self._interact(self.sim.client.run_command, channel, user, command, options)
        [message] = result.messages
        return message

    async def autocomplete(
        self, command: str, options: Mapping[str, object], focused: str, *, user: int = 0, channel: int = 0
    ) -> list[str]:
        """Type into an option and return the names of the choices that the bot offers."""
        channel, user = channel or self.server.channel, user or self.server.ada
        result = await asyncio.to_thread(self.sim.client.autocomplete, channel, user, command, options, focused=focused)
        assert result.responded
        return [choice["name"] for choice in result.choices]

    async def press(
        self, message: DisplayedMessage, label: str, *, user: int = 0, channel: int = 0
    ) -> InteractionResult:
        """Press the button with this label."""
        return await self._interact(self.sim.client.click, channel, user, message.id, get_button_ids(message)[label])

    async def _interact(
        self, action: Callable[..., InteractionResult], channel: int, user: int, *arguments: Any
    ) -> InteractionResult:
        result = await asyncio.to_thread(action, channel or self.server.channel, user or self.server.ada, *arguments)
        assert result.responded
        return result

    async def wait_for_verdict(self, verdict: str, command: str, *, user: int = 0, channel: int = 0) -> None:
        """Wait until `/why` gives this verdict ("Yes" or "No"): then the bot has loaded the changed policy.

        A bot that has just started may need longer than Discord waits for a response.
        """
        mark = why.ALLOWED_MARK if verdict == "Yes" else why.BLOCKED_MARK
        place, person = channel or self.server.channel, user or self.server.ada

        async def has_verdict() -> bool:
            result = await asyncio.to_thread(self.sim.client.run_command, place, person, "why", {"command": command})
            return any(message.content.startswith(f"**{mark}") for message in result.messages)

        await wait_until(has_verdict)

    async def run_in_transaction(self, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
        """Run a change of a manager or of the operator in one transaction."""
        async with self.stores.database.transaction() as session:
            await work(session)

    async def add_rule(
        self,
        *,
        allow: bool,
        subject: tuple[SubjectKind, int] = EVERYONE,
        target: tuple[TargetKind, str],
        place: tuple[PlaceKind, int] = EVERYWHERE,
        note: str = "",
    ) -> None:
        """Add an access rule."""
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
        await self.run_in_transaction(
            lambda session: add_rule(session, guild_id=self.server.id, rule=rule, actor=MANAGER)
        )


def get_button_ids(message: DisplayedMessage) -> dict[str, str]:
    """Custom ids of a message's buttons, by label; links have none."""
    return {
        button["label"]: button["custom_id"]
        for row in message.components
        for button in row["components"]
        if "label" in button and "custom_id" in button
    }


def is_last_page(page: DisplayedMessage) -> bool:
    """True when the Next button of a paginated list is disabled."""
    return next(
        button["disabled"] for row in page.components for button in row["components"] if button["label"] == "Next"
    )
