"""`/server-stats`, `/voice-stats` and `/ticket-stats`: a metric as a chart and text, with buttons."""

from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import get_guard
from herwa_bot.cogs.stats.chart_buttons import ChartButton, build_chart_view
from herwa_bot.cogs.stats.chart_reply import render_chart_reply
from herwa_bot.cogs.stats.chart_selection import STATS_COMMANDS, ChartSelection, StatsCommand
from herwa_bot.texts import stats as texts
from herwa_bot.ui.replies import defer_if_slow, reply, reply_ephemeral
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import Window
from herwa_shared.guardrail.member_data import can_see_members
from herwa_shared.services.member_data_views import MemberView, MemberViewRecorder
from herwa_shared.stores import Stores

WINDOW_CHOICES = [app_commands.Choice(name=texts.format_period_choice(window), value=int(window)) for window in Window]


def build_stats_cog(command: StatsCommand) -> type[commands.Cog]:
    """Build the cog class of one stats command."""
    default_title = get_definition(command.metric).title
    metric_choices = [
        app_commands.Choice(name=get_definition(metric).title, value=metric.value) for metric in command.metrics
    ]

    class StatsCog(commands.Cog, name=command.name):
        """Charts one metric of the server."""

        persistent_buttons: ClassVar = (ChartButton,)

        def __init__(self, stores: Stores) -> None:
            self._stores = stores
            self._view_recorder = MemberViewRecorder(stores.database)

        @app_commands.command(name=command.name, description=command.description, extras={"feature": command.feature})
        @app_commands.describe(window=texts.OPTION_PERIOD, metric=texts.format_metric_option(default_title))
        @app_commands.choices(window=WINDOW_CHOICES)
        @app_commands.choices(metric=metric_choices)
        async def show_stats(
            self, interaction: discord.Interaction, window: int = Window.MONTH, metric: str = ""
        ) -> None:
            """Reply with a line chart with alt text, the insights as text, and the buttons."""
            assert interaction.guild is not None
            chosen_metric = Metric(metric) if metric else None
            selection = ChartSelection(command, Window(window), interaction.user.id, metric=chosen_metric)
            history = await get_guard(interaction).load_history_limit(interaction.guild.id)
            rendering = render_chart_reply(self._stores, interaction.guild, selection, history)
            rendered = await defer_if_slow(interaction, rendering)
            view = build_chart_view(interaction, selection, rendered)
            await reply(interaction, rendered.text, file=rendered.image, view=view)
            if rendered.responders and can_see_members(
                rendered.member_audience,
                interaction.permissions.value,
                is_owner=interaction.user.id == interaction.guild.owner_id,
            ):
                await self._view_recorder.record(interaction.guild.id, interaction.user.id, MemberView.RESPONDERS)
                await reply_ephemeral(interaction, rendered.responders)

    return StatsCog


STATS_COGS = tuple(build_stats_cog(command) for command in STATS_COMMANDS.values())
