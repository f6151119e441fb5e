"""`/server-stats`: how the server does, as a picture and in words."""

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.charted import HOW_FAR, WINDOWS, answer_charted
from herwa_shared.analytics.query import Window
from herwa_shared.analytics.series import Metric
from herwa_shared.catalog import FeatureKey
from herwa_shared.stores import Stores


class ServerStats(commands.Cog):
    """The server's messages over time."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @app_commands.command(
        name="server-stats",
        description="Chart the messages of this server",
        extras={"feature": FeatureKey.SERVER_STATS},
    )
    @app_commands.describe(window=HOW_FAR)
    @app_commands.choices(window=WINDOWS)
    async def server_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
        """Answer with a line chart, three findings in words and the same for those who cannot see the picture."""
        await answer_charted(
            self._stores,
            interaction,
            metric=Metric.MESSAGES,
            window=window,
            name="server-stats",
        )
