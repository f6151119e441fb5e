"""`/server-stats`, `/voice-stats` and `/ticket-stats`: a metric as a chart and text."""

from dataclasses import dataclass

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.texts import stats as texts
from herwa_bot.ui.chart_reply import WINDOW_CHOICES, reply_with_chart
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import Window
from herwa_shared.catalog import FeatureKey
from herwa_shared.stores import Stores


@dataclass(frozen=True, slots=True)
class StatsCommand:
    """A command that charts one metric; `extra_metric` is shown as text in the heading."""

    name: str
    description: str
    feature: FeatureKey
    metric: Metric
    extra_metric: Metric | None = None


STATS_COMMANDS = (
    StatsCommand(
        "server-stats",
        texts.SERVER_STATS,
        FeatureKey.SERVER_STATS,
        Metric.MESSAGES,
    ),
    StatsCommand(
        "voice-stats",
        texts.VOICE_STATS,
        FeatureKey.VOICE_STATS,
        Metric.VOICE_MINUTES,
        extra_metric=Metric.VOICE_MEMBERS,
    ),
    StatsCommand(
        "ticket-stats",
        texts.TICKET_STATS,
        FeatureKey.TICKET_STATS,
        Metric.THREADS,
    ),
)


def build_stats_cog(command: StatsCommand) -> type[commands.Cog]:
    """Build the cog class of one stats command."""

    class StatsCog(commands.Cog, name=command.name):
        """Charts one metric of the server."""

        def __init__(self, stores: Stores) -> None:
            self._stores = stores

        @app_commands.command(name=command.name, description=command.description, extras={"feature": command.feature})
        @app_commands.describe(window=texts.OPTION_PERIOD)
        @app_commands.choices(window=WINDOW_CHOICES)
        async def show_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
            """Reply with a line chart, three insights as text and alt text for the chart."""
            await reply_with_chart(
                self._stores,
                interaction,
                metric=command.metric,
                window=window,
                name=command.name,
                extra_metric=command.extra_metric,
            )

    return StatsCog


STATS_COGS = tuple(build_stats_cog(command) for command in STATS_COMMANDS)
