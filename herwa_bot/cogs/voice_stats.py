"""`/voice-stats`: how much the server talks, as a picture and in words."""

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.charted import HOW_FAR, WINDOWS, answer_charted
from herwa_shared.analytics.query import Window
from herwa_shared.analytics.series import Metric
from herwa_shared.catalog import FeatureKey
from herwa_shared.stores import Stores


class VoiceStats(commands.Cog):
    """The time that the server spends in voice."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @app_commands.command(
        name="voice-stats",
        description="Chart the time in the voice channels of this server",
        extras={"feature": FeatureKey.VOICE_STATS},
    )
    @app_commands.describe(window=HOW_FAR)
    @app_commands.choices(window=WINDOWS)
    async def voice_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
        """Answer with the minutes as a line, three findings in words, and how many members it were."""
        await answer_charted(
            self._stores,
            interaction,
            metric=Metric.VOICE_MINUTES,
            window=window,
            name="voice-stats",
            beside=Metric.VOICE_MEMBERS,
        )
