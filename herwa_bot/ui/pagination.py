"""Pagination of long lists: pages of complete entries, turned by two buttons."""

from collections.abc import Sequence
from typing import Any, Self

import discord

from herwa_bot.access.guard import get_command_surface, get_guard
from herwa_bot.access.targets import truncate
from herwa_bot.texts import buttons
from herwa_bot.texts.phrases import format_page_number
from herwa_bot.ui.replies import reply_ephemeral
from herwa_bot.ui.views import GuardedButton, GuardedView

ExtraButton = GuardedButton | discord.ui.Button[Any]
MAX_PAGE_CHARACTERS = 1800  # of the 2,000 that Discord allows; the rest is for the page number


def split_pages(heading: str, entries: Sequence[str], *, max_characters: int = MAX_PAGE_CHARACTERS) -> tuple[str, ...]:
    """Split entries into pages, each below the heading.

    An entry is never split across pages; one that is too long is truncated.
    """
    pages: list[str] = []
    page = heading
    for entry in (truncate(entry, max_characters - len(heading) - 1) for entry in entries):
        if len(page) + 1 + len(entry) > max_characters and page != heading:
            pages.append(page)
            page = heading
        page = f"{page}\n{entry}"
    return (*pages, page)


async def send_pages(
    interaction: discord.Interaction, pages: Sequence[str], *, extra_buttons: Sequence[ExtraButton] = ()
) -> None:
    """Send the first page, with page buttons if needed and `extra_buttons`.

    Only the member sees the reply.
    """
    if len(pages) == 1 and not extra_buttons:
        await reply_ephemeral(interaction, pages[0])
        return
    view = Pager(interaction, pages, extra_buttons)
    await reply_ephemeral(interaction, view.text, view=view)


class Pager(GuardedView):
    """View that turns the pages of one reply."""

    def __init__(
        self, interaction: discord.Interaction, pages: Sequence[str], extra_buttons: Sequence[ExtraButton] = ()
    ) -> None:
        super().__init__(get_guard(interaction), get_command_surface(interaction), invoker_id=interaction.user.id)
        self._pages = pages
        self._page_index = 0
        self._update_buttons()
        if len(pages) == 1:
            self.clear_items()
        for button in extra_buttons:
            self.add_item(button)

    @property
    def text(self) -> str:
        """The current page, with its number if there are several."""
        if len(self._pages) == 1:
            return self._pages[0]
        page_number = format_page_number(self._page_index + 1, len(self._pages))
        return f"{self._pages[self._page_index]}\n{page_number}"

    @discord.ui.button(label=buttons.PREVIOUS_PAGE, emoji="◀️")
    async def previous_button(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        await self._turn_page(interaction, -1)

    @discord.ui.button(label=buttons.NEXT_PAGE, emoji="▶️")
    async def next_button(self, interaction: discord.Interaction, _button: discord.ui.Button[Self]) -> None:
        await self._turn_page(interaction, 1)

    async def _turn_page(self, interaction: discord.Interaction, step: int) -> None:
        self._page_index = min(max(self._page_index + step, 0), len(self._pages) - 1)
        self._update_buttons()
        await interaction.response.edit_message(content=self.text, view=self)

    def _update_buttons(self) -> None:
        self.previous_button.disabled = self._page_index == 0
        self.next_button.disabled = self._page_index == len(self._pages) - 1
