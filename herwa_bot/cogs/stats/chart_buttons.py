"""Buttons of a chart reply: 7d, 30d, 90d, Compare, and a link to the same view on the dashboard."""

import asyncio
from dataclasses import replace
from typing import Any, Self

import discord

from herwa_bot.access.guard import get_guard
from herwa_bot.cogs.stats.chart_reply import ChartReply, render_chart_reply
from herwa_bot.cogs.stats.chart_selection import STATS_COMMANDS, ChartSelection
from herwa_bot.texts import buttons as texts
from herwa_bot.ui.dashboard_links import build_link_button
from herwa_bot.ui.replies import WORK_TIMEOUT_SECONDS, send_error
from herwa_bot.ui.views import GuardedButton
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import Window


class ChartButton(
    GuardedButton,
    template=r"herwa:chart:(?P<command>[a-z-]+):(?P<window>7|30|90):(?P<compared>[01]):(?P<invoker>\d+)"
    r"(?::(?P<metric>[a-z_]+))?",
):
    """Button that shows another window, or the same with or without the comparison.

    Its custom ID is the selection that it leads to, so it works after a restart too. Every press is checked like the
    command itself.
    """

    @classmethod
    def build(
        cls, label: str, selection: ChartSelection, *, is_selected: bool = False, is_disabled: bool = False
    ) -> Self:
        name, days, compared = selection.command.name, int(selection.window), int(selection.is_compared)
        custom_id = f"herwa:chart:{name}:{days}:{compared}:{selection.invoker_id}"
        if selection.metric is not None:
            custom_id += f":{selection.metric}"
        style = discord.ButtonStyle.primary if is_selected else discord.ButtonStyle.secondary
        return cls(discord.ui.Button(label=label, style=style, disabled=is_disabled, custom_id=custom_id))

    @property
    def command(self) -> str:  # type: ignore[override]
        return self.match["command"]

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        if interaction.user.id != int(self.match["invoker"]):
            await send_error(interaction, texts.WRONG_USER)
            return False
        return await super().interaction_check(interaction)

    async def on_press(self, interaction: discord.Interaction) -> None:
        """Replace text, image and buttons of the reply."""
        assert interaction.guild is not None
        selection = ChartSelection(
            STATS_COMMANDS[self.match["command"]],
            Window(int(self.match["window"])),
            int(self.match["invoker"]),
            is_compared=self.match["compared"] == "1",
            metric=None if self.match["metric"] is None else Metric(self.match["metric"]),
        )
        await interaction.response.defer()
        bot: Any = interaction.client
        async with asyncio.timeout(WORK_TIMEOUT_SECONDS):
            history = await get_guard(interaction).load_history_limit(interaction.guild.id)
            reply = await render_chart_reply(bot.stores, interaction.guild, selection, history)
        await interaction.edit_original_response(
            content=reply.text,
            attachments=[reply.image] if reply.image else [],
            view=build_chart_view(interaction, selection, reply),
        )


def build_chart_view(interaction: discord.Interaction, selection: ChartSelection, reply: ChartReply) -> discord.ui.View:
    """Build the buttons of a reply; the shown window is marked."""
    view = discord.ui.View(timeout=None)
    for window in Window:
        is_shown = window is selection.window
        button = ChartButton.build(
            texts.format_days(window), replace(selection, window=window), is_selected=is_shown, is_disabled=is_shown
        )
        view.add_item(button)
    toggled_selection = replace(selection, is_compared=not selection.is_compared)
    view.add_item(ChartButton.build(texts.COMPARE, toggled_selection, is_selected=selection.is_compared))
    if (link := build_link_button(interaction, reply.query)) is not None:
        view.add_item(link)
    view.stop()  # presses go to `ChartButton`, not to this view
    return view
