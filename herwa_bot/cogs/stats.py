"""`/server-stats`: how the server does, as a picture and in words.

`/voice-stats`: how much the server talks, as a picture and in words.

`/ticket-stats`: how much is asked, as a picture and in words: threads and forum posts that were opened.
"""

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.ui.chart_reply import WINDOW_CHOICES, WINDOW_DESCRIPTION, reply_with_chart
from herwa_shared.analytics.query import Window
from herwa_shared.analytics.results import Metric
from herwa_shared.catalog import FeatureKey
from herwa_shared.stores import Stores


class ServerStatsCog(commands.Cog):
    """The server's messages over time."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @app_commands.command(
        name="server-stats",
        description="Chart the messages of this server",
        extras={"feature": FeatureKey.SERVER_STATS},
    )
    @app_commands.describe(window=WINDOW_DESCRIPTION)
    @app_commands.choices(window=WINDOW_CHOICES)
    async def show_server_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
        """Answer with a line chart, three findings in words and the same for those who cannot see the picture."""
        await reply_with_chart(
            self._stores,
            interaction,
            metric=Metric.MESSAGES,
            window=window,
            name="server-stats",
        )


class VoiceStatsCog(commands.Cog):
    """The time that the server spends in voice."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @app_commands.command(
        name="voice-stats",
        description="Chart the time in the voice channels of this server",
        extras={"feature": FeatureKey.VOICE_STATS},
    )
    @app_commands.describe(window=WINDOW_DESCRIPTION)
    @app_commands.choices(window=WINDOW_CHOICES)
    async def show_voice_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
        """Answer with the minutes as a line, three findings in words, and how many members it were."""
        await reply_with_chart(
            self._stores,
            interaction,
            metric=Metric.VOICE_MINUTES,
            window=window,
            name="voice-stats",
            extra_metric=Metric.VOICE_MEMBERS,
        )


class TicketStatsCog(commands.Cog):
    """The threads and forum posts that members open."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @app_commands.command(
        name="ticket-stats",
        description="Chart the threads and posts opened in this server",
        extras={"feature": FeatureKey.TICKET_STATS},
    )
    @app_commands.describe(window=WINDOW_DESCRIPTION)
    @app_commands.choices(window=WINDOW_CHOICES)
    async def show_ticket_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
        """Answer with a line chart and three findings in words."""
        await reply_with_chart(
            self._stores,
            interaction,
            metric=Metric.THREADS,
            window=window,
            name="ticket-stats",
        )
