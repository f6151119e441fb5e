"""Guarded buttons, selects and modals: the guard checks every interaction.

The check uses the current policy, however old the message is.
"""

import re
from typing import Any, ClassVar, Self

import discord

from herwa_bot.access.command_log import finish_command
from herwa_bot.access.guard import Guard, get_guard
from herwa_bot.access.refusals import send_unavailable
from herwa_bot.texts import buttons
from herwa_bot.ui.replies import report_error, send_error
from herwa_shared.catalog import Surface, SurfaceKind

VIEW_TIMEOUT_SECONDS = 14 * 60.0  # Discord allows edits of an interaction's message for fifteen minutes
HANDLED = "handled"  # key in `interaction.extras`: a component of this process handles the interaction
COMPONENT_INTERACTION_TYPES = (discord.InteractionType.component, discord.InteractionType.modal_submit)


class GuardedView(discord.ui.View):
    """View whose components exist only in this process; every press passes the guard.

    Only `invoker_id` may press them; None lets everyone who may use the surface.
    """

    def __init__(
        self,
        guard: Guard,
        surface: Surface,
        *,
        invoker_id: int | None = None,
        timeout: float | None = VIEW_TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(timeout=timeout)
        self.guard, self.surface, self.invoker_id = guard, surface, invoker_id

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        return await _check_access(self.guard, self.surface, self.invoker_id, interaction)

    async def on_error(self, interaction: discord.Interaction, error: Exception, item: discord.ui.Item[Any], /) -> None:
        del item
        await report_error(interaction, error, operation=self.surface.key)

    async def _scheduled_task(self, item: discord.ui.Item[Any], interaction: discord.Interaction) -> None:
        """Run a press, as discord.py does (its version is pinned and tested), and count it."""
        await super()._scheduled_task(item, interaction)
        finish_command(interaction)


class GuardedModal(discord.ui.Modal):
    """Modal whose submission passes the guard again; `invoker_id` as in GuardedView."""

    def __init__(
        self,
        guard: Guard,
        surface: Surface,
        *,
        invoker_id: int | None = None,
        timeout: float | None = VIEW_TIMEOUT_SECONDS,
        **modal_options: Any,
    ) -> None:
        super().__init__(timeout=timeout, **modal_options)
        self.guard, self.surface, self.invoker_id = guard, surface, invoker_id

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        return await _check_access(self.guard, self.surface, self.invoker_id, interaction)

    async def on_error(  # type: ignore[override] # a modal has no item; discord.py overrides it the same way
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        await report_error(interaction, error, operation=self.surface.key)

    async def _scheduled_task(  # type: ignore[override] # as `on_error`
        self, interaction: discord.Interaction, *arguments: Any
    ) -> None:
        """Run a submission, as discord.py does (its version is pinned and tested), and count it."""
        await super()._scheduled_task(interaction, *arguments)
        finish_command(interaction)


class GuardedButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template="herwa:"):
    """Button that survives a restart: its state is in its custom ID, which matches `template`.

    Cogs list theirs in `persistent_buttons`. `command` is the command whose surface decides who may press the button.
    """

    command: ClassVar[str] = ""

    def __init__(self, button: discord.ui.Button[Any]) -> None:
        super().__init__(button)
        match = self.template.match(self.custom_id)
        assert match is not None
        self.match = match

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del match
        interaction.extras[HANDLED] = True
        assert isinstance(item, discord.ui.Button)
        return cls(item)

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        guard = get_guard(interaction)
        return await guard.check(interaction, guard.surfaces.find(SurfaceKind.COMMAND, self.command))

    async def callback(self, interaction: discord.Interaction) -> None:
        try:
            await self.on_press(interaction)
        except Exception as error:  # noqa: BLE001 - every failure is reported and logged
            await report_error(interaction, error, operation=type(self).__name__)
        finish_command(interaction)

    async def on_press(self, interaction: discord.Interaction) -> None:
        """Perform the button's action; called after the guard has allowed it."""
        raise NotImplementedError


async def reply_if_expired(interaction: discord.Interaction) -> None:
    """Reply to a press of a component of an earlier process.

    Call it after every handler had its chance.
    """
    if interaction.type in COMPONENT_INTERACTION_TYPES and HANDLED not in interaction.extras:
        await send_unavailable(interaction, buttons.EXPIRED)


async def _check_access(
    guard: Guard, surface: Surface, invoker_id: int | None, interaction: discord.Interaction
) -> bool:
    """Mark the interaction as handled, then check the invoker and the guard."""
    interaction.extras[HANDLED] = True
    if invoker_id is not None and interaction.user.id != invoker_id:
        await send_error(interaction, buttons.WRONG_USER)
        return False
    return await guard.check(interaction, surface)
