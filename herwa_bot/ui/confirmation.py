"""Confirm, apply and undo changes of settings in Discord."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import discord
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import get_actor, get_command_surface, get_guard
from herwa_bot.access.targets import truncate
from herwa_bot.ui.replies import MAX_MESSAGE_LENGTH, defer_if_slow, reply_ephemeral
from herwa_bot.ui.views import GuardedButton, GuardedView
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest, HerwaError
from herwa_shared.services.audit import Actor
from herwa_shared.services.undo import undo
from herwa_shared.stores import Stores

UNDO_PERIOD = timedelta(minutes=10)
UNDO_NOTICE = "\n\n**Taken back.** "
NO_CHANGE = "Nothing has changed."
SAVE_FAILED = (
    "This could not be saved, as the database does not answer at the moment. Please try again in a few minutes."
)

_UNDO_COMMANDS = {"features": "features enable", "permissions": "permissions allow", "channels": "channels allow"}


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The result of a change: its text, and the IDs of its audit entries, oldest first.

    Without a change there are no entries.
    """

    text: str
    entry_ids: tuple[int, ...] = ()


class SaveError(HerwaError):
    """The database is unavailable and nothing was changed."""

    code = "not_saved"
    status = 503
    message = SAVE_FAILED


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
                label="Undo", emoji="↩️", custom_id=f"herwa:undo:{command_group}:{expires_at}:{joined_ids}"
            )
        )

    async def on_press(self, interaction: discord.Interaction) -> None:
        assert interaction.guild_id is not None
        if utc_now().timestamp() > int(self.match["expires_at"]):
            raise BadRequest("Undo is there for ten minutes. Make the change the other way round instead.")
        await interaction.response.defer()
        async with _open_transaction(get_guard(interaction).database) as session:
            summaries = [
                await undo(session, guild_id=interaction.guild_id, entry_id=int(entry_id), actor=get_actor(interaction))
                for entry_id in reversed(self.match["entry_ids"].split("-"))
            ]
        content = interaction.message.content if interaction.message else ""
        await interaction.edit_original_response(
            content=f"{content}{UNDO_NOTICE}{' '.join(summaries)}"[-MAX_MESSAGE_LENGTH:], view=None
        )


class ConfirmView(GuardedView):
    """Buttons of a confirmation: one for each option, and one that cancels."""

    def __init__(
        self, interaction: discord.Interaction, stores: Stores, options: Sequence[ConfirmOption], *, command_group: str
    ) -> None:
        super().__init__(get_guard(interaction), get_command_surface(interaction), invoker_id=interaction.user.id)
        self._stores = stores
        self._command_group = command_group
        self._is_pressed = False
        for option in options:
            self.add_item(_OptionButton(option))
        self.add_item(_CancelButton())

    async def apply(self, interaction: discord.Interaction, change: Change) -> None:
        """Make the change and replace the question by its result; further presses do nothing.

        If the change fails, the buttons can be pressed again.
        """
        await interaction.response.defer()
        if self._is_pressed:
            return
        self._is_pressed = True
        try:
            result = await _apply(interaction, self._stores, change)
        except Exception:
            self._is_pressed = False  # allow a retry
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
        await interaction.response.edit_message(content=NO_CHANGE, view=None)
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
    await reply_ephemeral(
        interaction,
        truncate(question, MAX_MESSAGE_LENGTH),
        view=ConfirmView(interaction, stores, options, command_group=command_group),
    )


async def apply_and_reply(
    interaction: discord.Interaction, stores: Stores, change: Change, *, command_group: str
) -> None:
    """Make a change without confirmation; reply with its result and an undo button.

    Only the member sees the reply.
    """
    result = await defer_if_slow(interaction, _apply(interaction, stores, change), ephemeral=True)
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
        super().__init__(label="Cancel")

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None
        await self.view.cancel(interaction)


async def _apply(interaction: discord.Interaction, stores: Stores, change: Change) -> ChangeResult:
    async with _open_transaction(stores.database) as session:
        return await change(session, get_actor(interaction))


@asynccontextmanager
async def _open_transaction(database: Database) -> AsyncIterator[AsyncSession]:
    """Open a transaction. Raises SaveError if the database is unavailable."""
    try:
        async with database.transaction() as session:
            yield session
    except (OSError, DBAPIError) as error:
        if isinstance(error, DBAPIError) and not error.connection_invalidated:
            raise
        raise SaveError from error


def _build_undo_view(command_group: str, result: ChangeResult) -> discord.ui.View | None:
    if not result.entry_ids:
        return None
    view = discord.ui.View(timeout=None)
    view.add_item(UndoButton.build(command_group, result.entry_ids))
    return view
