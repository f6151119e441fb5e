"""Confirm, apply and undo changes of settings in Discord."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Self

import discord
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import get_actor, get_command_surface, get_guard
from herwa_bot.access.targets import truncate
from herwa_bot.texts import buttons, errors
from herwa_bot.ui.replies import defer, reply_ephemeral
from herwa_bot.ui.views import GuardedButton, GuardedView
from herwa_bot.ui.writes import await_write, run_to_completion
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_MESSAGE_LENGTH
from herwa_shared.errors import BadRequest
from herwa_shared.services.audit import Actor
from herwa_shared.services.undo import undo_entries
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.stores import Stores

UNDO_PERIOD = timedelta(minutes=10)

_UNDO_COMMANDS = {
    "features": "features enable",
    "permissions": "permissions allow",
    "channels": "channels allow",
    "tickets": "tickets mark",
}


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The result of a change: its text, and the IDs of its audit entries, oldest first.

    Without a change there are no entries.
    """

    text: str
    entry_ids: tuple[int, ...] = ()


Change = Callable[[AsyncSession, Actor], Awaitable[ChangeResult]]


@dataclass(frozen=True, slots=True)
class ConfirmOption:
    """One button of a confirmation, and the change that it makes."""

    label: str
    change: Change
    style: discord.ButtonStyle = discord.ButtonStyle.primary


class UndoButton(
    GuardedButton, template=r"herwa:undo:(?P<command_group>[a-z]+):(?P<expires_at>\d+):(?P<entry_ids>\d+(?:-\d+)*)"
):
    """Button that undoes a change for ten minutes; it works after a restart too.

    A setting that was changed again cannot be undone.
    """

    @property
    def command(self) -> str:  # type: ignore[override]
        return _UNDO_COMMANDS[self.match["command_group"]]

    @classmethod
    def build(cls, command_group: str, entry_ids: Sequence[int]) -> Self:
        expires_at = int((utc_now() + UNDO_PERIOD).timestamp())
        joined_ids = "-".join(map(str, entry_ids))
        return cls(
            discord.ui.Button(
                label=buttons.UNDO, emoji="↩️", custom_id=f"herwa:undo:{command_group}:{expires_at}:{joined_ids}"
            )
        )

    @run_to_completion
    async def on_press(self, interaction: discord.Interaction) -> None:
        assert interaction.guild_id is not None
        if utc_now().timestamp() > int(self.match["expires_at"]):
            raise BadRequest(buttons.UNDO_EXPIRED)
        await interaction.response.defer()
        async with open_write_transaction(get_guard(interaction).database) as session:
            summaries = await undo_entries(
                session,
                guild_id=interaction.guild_id,
                entry_ids=[int(entry_id) for entry_id in self.match["entry_ids"].split("-")],
                actor=get_actor(interaction),
            )
        reply = interaction.message.content if interaction.message else ""
        text = buttons.format_undone(reply, summaries)
        await interaction.edit_original_response(content=text[-MAX_MESSAGE_LENGTH:], view=None)


class ConfirmView(GuardedView):
    """Buttons of a confirmation: one for each option, and one that cancels."""

    def __init__(
        self,
        interaction: discord.Interaction,
        stores: Stores,
        question: str,
        options: Sequence[ConfirmOption],
        *,
        command_group: str,
    ) -> None:
        super().__init__(get_guard(interaction), get_command_surface(interaction), invoker_id=interaction.user.id)
        self._stores = stores
        self._question = question
        self._command_group = command_group
        self._is_pressed = False
        for option in options:
            self.add_item(_OptionButton(option))
        self.add_item(_CancelButton())

    @run_to_completion
    async def apply(self, interaction: discord.Interaction, change: Change) -> None:
        """Make the change and replace the question by its result; further presses do nothing.

        While a slow change is saved, the buttons are hidden. If it fails, they can be pressed again.
        """
        is_hidden = False

        async def hide_buttons() -> None:
            nonlocal is_hidden
            text = truncate(f"{self._question}\n{errors.SAVING}", MAX_MESSAGE_LENGTH)
            await interaction.edit_original_response(content=text, view=None)
            is_hidden = True

        await interaction.response.defer()
        if self._is_pressed:
            return
        self._is_pressed = True
        try:
            result = await await_write(_apply(interaction, self._stores, change), on_slow=hide_buttons)
        except Exception:
            self._is_pressed = False  # allow a retry
            if is_hidden:
                await interaction.edit_original_response(content=self._question, view=self)
            raise
        await interaction.edit_original_response(
            content=truncate(result.text, MAX_MESSAGE_LENGTH), view=_build_undo_view(self._command_group, result)
        )
        self.stop()

    async def cancel(self, interaction: discord.Interaction) -> None:
        """Cancel without a change.

        If a change is already being made, this does nothing and the change reports its own result.
        """
        if self._is_pressed:
            await interaction.response.defer()
            return
        self._is_pressed = True
        await interaction.response.edit_message(content=errors.NO_CHANGE, view=None)
        self.stop()


async def ask_confirmation(
    interaction: discord.Interaction,
    stores: Stores,
    question: str,
    options: Sequence[ConfirmOption],
    *,
    command_group: str,
) -> None:
    """Ask the member to confirm a change, in a reply that only they see."""
    text = truncate(question, MAX_MESSAGE_LENGTH)
    view = ConfirmView(interaction, stores, text, options, command_group=command_group)
    await reply_ephemeral(interaction, text, view=view)


@run_to_completion
async def apply_and_reply(
    interaction: discord.Interaction, stores: Stores, change: Change, *, command_group: str
) -> None:
    """Make a change without confirmation; reply with its result and an undo button.

    Only the member sees the reply.
    """
    result = await await_write(_apply(interaction, stores, change), on_slow=partial(defer, interaction, ephemeral=True))
    await reply_ephemeral(
        interaction, truncate(result.text, MAX_MESSAGE_LENGTH), view=_build_undo_view(command_group, result)
    )


class _OptionButton(discord.ui.Button[ConfirmView]):
    def __init__(self, option: ConfirmOption) -> None:
        super().__init__(label=option.label, style=option.style)
        self._option = option

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None
        await self.view.apply(interaction, self._option.change)


class _CancelButton(discord.ui.Button[ConfirmView]):
    def __init__(self) -> None:
        super().__init__(label=buttons.CANCEL)

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None
        await self.view.cancel(interaction)


async def _apply(interaction: discord.Interaction, stores: Stores, change: Change) -> ChangeResult:
    async with open_write_transaction(stores.database) as session:
        return await change(session, get_actor(interaction))


def _build_undo_view(command_group: str, result: ChangeResult) -> discord.ui.View | None:
    if not result.entry_ids:
        return None
    view = discord.ui.View(timeout=None)
    view.add_item(UndoButton.build(command_group, result.entry_ids))
    return view
