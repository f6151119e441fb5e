"""A change as a person makes it: asked about where it hits many, told with what was before, taken back by a button."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import discord
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import actor_of, guard_of, surface_of
from herwa_bot.access.targets import cut
from herwa_bot.ui.replies import patiently, whisper
from herwa_bot.ui.views import GuardedButton, GuardedView
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest, HerwaError
from herwa_shared.services.audit import Actor
from herwa_shared.services.undo import undo
from herwa_shared.stores import Stores

UNDO_FOR = timedelta(minutes=10)
LONGEST = 2000  # characters of a message, Discord's bound
UNDONE = "\n\n**Taken back.** "
ALREADY = "Nothing has changed."
NOT_SAVED = "This could not be saved, as the database does not answer at the moment. Please try again in a few minutes."

_WHO_MAY = {"features": "features enable", "permissions": "permissions allow", "channels": "channels allow"}


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a change: the words for it, and its audit entries, oldest first; none where nothing changed."""

    words: str
    entries: tuple[int, ...] = ()


class NotSaved(HerwaError):
    """The database does not answer, so that nothing has changed."""

    code = "not_saved"
    status = 503
    message = NOT_SAVED


Change = Callable[[AsyncSession, Actor], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Way:
    """One button of a question, and the change that it makes."""

    label: str
    change: Change
    style: discord.ButtonStyle = discord.ButtonStyle.primary


class UndoButton(GuardedButton, template=r"herwa:undo:(?P<noun>[a-z]+):(?P<until>\d+):(?P<entries>\d+(?:-\d+)*)"):
    """Takes a change back, for ten minutes and while nobody has changed it again; works after a restart, too."""

    @property
    def command(self) -> str:  # type: ignore[override]
        return _WHO_MAY[self.match["noun"]]

    @classmethod
    def make(cls, noun: str, entries: Sequence[int]) -> Self:
        until = int((utc_now() + UNDO_FOR).timestamp())
        ids = "-".join(map(str, entries))
        return cls(discord.ui.Button(label="Undo", emoji="↩️", custom_id=f"herwa:undo:{noun}:{until}:{ids}"))

    async def pressed(self, interaction: discord.Interaction) -> None:
        assert interaction.guild_id is not None
        if utc_now().timestamp() > int(self.match["until"]):
            raise BadRequest("Undo is there for ten minutes. Make the change the other way round instead.")
        await interaction.response.defer()
        async with _saving(guard_of(interaction).database) as session:
            said = [
                await undo(session, guild_id=interaction.guild_id, entry_id=int(entry), actor=actor_of(interaction))
                for entry in reversed(self.match["entries"].split("-"))
            ]
        told = interaction.message.content if interaction.message else ""
        await interaction.edit_original_response(content=f"{told}{UNDONE}{' '.join(said)}"[-LONGEST:], view=None)


class Question(GuardedView):
    """What a change would do, with a button for each way to make it and one to leave it."""

    def __init__(self, interaction: discord.Interaction, stores: Stores, ways: Sequence[Way], *, noun: str) -> None:
        super().__init__(guard_of(interaction), surface_of(interaction), asker_id=interaction.user.id)
        self._stores = stores
        self._noun = noun
        self._is_pressed = False
        for way in ways:
            self.add_item(_WayButton(way))
        self.add_item(_CancelButton())

    async def make(self, interaction: discord.Interaction, change: Change) -> None:
        """Make the change, once however often it is pressed, and say so where the question was."""
        await interaction.response.defer()
        if self._is_pressed:
            return
        self._is_pressed = True
        try:
            done = await _made(interaction, self._stores, change)
        except Exception:
            self._is_pressed = False  # to be tried again
            raise
        await interaction.edit_original_response(content=cut(done.words, LONGEST), view=_undo_view(self._noun, done))
        self.stop()

    async def leave(self, interaction: discord.Interaction) -> None:
        """Change nothing; where the change is being made already, that is what is told."""
        if self._is_pressed:
            await interaction.response.defer()
            return
        self._is_pressed = True
        await interaction.response.edit_message(content=ALREADY, view=None)
        self.stop()


async def ask(
    interaction: discord.Interaction, stores: Stores, question: str, ways: Sequence[Way], *, noun: str
) -> None:
    """Put a question to the member who asked, and to nobody else."""
    await whisper(interaction, cut(question, LONGEST), view=Question(interaction, stores, ways, noun=noun))


async def change(interaction: discord.Interaction, stores: Stores, work: Change, *, noun: str) -> None:
    """Make a change at once and tell the member who asked, with a button that takes it back."""
    done = await patiently(interaction, _made(interaction, stores, work), ephemeral=True)
    await whisper(interaction, cut(done.words, LONGEST), view=_undo_view(noun, done))


class _WayButton(discord.ui.Button[Question]):
    def __init__(self, way: Way) -> None:
        super().__init__(label=way.label, style=way.style)
        self._way = way

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None
        await self.view.make(interaction, self._way.change)


class _CancelButton(discord.ui.Button[Question]):
    def __init__(self) -> None:
        super().__init__(label="Cancel")

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None
        await self.view.leave(interaction)


async def _made(interaction: discord.Interaction, stores: Stores, work: Change) -> Done:
    async with _saving(stores.database) as session:
        return await work(session, actor_of(interaction))


@asynccontextmanager
async def _saving(database: Database) -> AsyncIterator[AsyncSession]:
    """One transaction. Raises NotSaved where there can be none."""
    try:
        async with database.transaction() as session:
            yield session
    except (OSError, DBAPIError) as error:
        if isinstance(error, DBAPIError) and not error.connection_invalidated:
            raise
        raise NotSaved from error


def _undo_view(noun: str, done: Done) -> discord.ui.View | None:
    if not done.entries:
        return None
    view = discord.ui.View(timeout=None)
    view.add_item(UndoButton.make(noun, done.entries))
    return view
