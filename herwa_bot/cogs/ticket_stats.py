"""`/ticket-stats`: how much is asked, as a picture and in words: threads and forum posts that were opened."""

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.charted import HOW_FAR, WINDOWS, answer_charted
from herwa_shared.analytics.query import Window
from herwa_shared.analytics.series import Metric
from herwa_shared.catalog import FeatureKey
from herwa_shared.stores import Stores


class TicketStats(commands.Cog):
    """The threads and forum posts that members open."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @app_commands.command(
        name="ticket-stats",
        description="Chart the threads and posts opened in this server",
        extras={"feature": FeatureKey.TICKET_STATS},
    )
    @app_commands.describe(window=HOW_FAR)
    @app_commands.choices(window=WINDOWS)
    async def ticket_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
        """Answer with a line chart and three findings in words."""
        await answer_charted(
            self._stores,
            interaction,
            metric=Metric.THREADS,
            window=window,
            name="ticket-stats",
        )
