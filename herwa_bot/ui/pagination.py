"""A long list in Discord: pages of whole entries, turned by two buttons."""

from collections.abc import Sequence
from typing import Self

import discord

from herwa_bot.access.guard import guard_of, surface_of
from herwa_bot.access.targets import cut
from herwa_bot.ui.replies import whisper
from herwa_bot.ui.views import GuardedButton, GuardedView

MOST = 1800  # of Discord's 2,000 characters; the rest is for the number of the page


def pages_of(heading: str, entries: Sequence[str], *, most: int = MOST) -> tuple[str, ...]:
    """Entries under one another, the heading on every page. An entry is never divided, at worst cut."""
    pages: list[str] = []
    page = heading
    for entry in (cut(entry, most - len(heading) - 1) for entry in entries):
        if len(page) + 1 + len(entry) > most and page != heading:
            pages.append(page)
            page = heading
        page = f"{page}\n{entry}"
    return (*pages, page)


async def show_pages(
    interaction: discord.Interaction, pages: Sequence[str], *, beside: Sequence[GuardedButton] = ()
) -> None:
    """The first page, for the member who asked, with buttons where there are more, and others beside them."""
    if len(pages) == 1 and not beside:
        await whisper(interaction, pages[0])
        return
    view = Pager(interaction, pages, beside)
    await whisper(interaction, view.words, view=view)


class Pager(GuardedView):
    """Turns the pages of one answer."""

    def __init__(
        self, interaction: discord.Interaction, pages: Sequence[str], beside: Sequence[GuardedButton] = ()
    ) -> None:
        super().__init__(guard_of(interaction), surface_of(interaction), asker_id=interaction.user.id)
        self._pages = pages
        self._shown = 0
        self._settle()
        if len(pages) == 1:
            self.clear_items()
        for button in beside:
            self.add_item(button)

    @property
    def words(self) -> str:
        """The page that is shown."""
        if len(self._pages) == 1:
            return self._pages[0]
        return f"{self._pages[self._shown]}\n-# Page {self._shown + 1} of {len(self._pages)}"

    @discord.ui.button(label="Previous", emoji="◀️")
    async def previous(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        await self._turn(interaction, -1)

    @discord.ui.button(label="Next", emoji="▶️")
    async def next(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        await self._turn(interaction, 1)

    async def _turn(self, interaction: discord.Interaction, by: int) -> None:
        self._shown = min(max(self._shown + by, 0), len(self._pages) - 1)
        self._settle()
        await interaction.response.edit_message(content=self.words, view=self)

    def _settle(self) -> None:
        self.previous.disabled = self._shown == 0
        self.next.disabled = self._shown == len(self._pages) - 1
