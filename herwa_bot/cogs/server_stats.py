"""`/server-stats`: how the server does, as a picture and in words."""

import asyncio
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.replies import NO_PICTURE, answer, patiently, picture, plain
from herwa_shared.analytics.messages import message_counts
from herwa_shared.analytics.query import ActivityQuery, Window
from herwa_shared.charts.figures import messages_over_time
from herwa_shared.charts.words import alt_text, findings
from herwa_shared.clock import utc_now
from herwa_shared.services.guilds import guild_zone
from herwa_shared.stores import Stores

WINDOWS = [
    app_commands.Choice(name="7 days", value=int(Window.WEEK)),
    app_commands.Choice(name="30 days", value=int(Window.MONTH)),
    app_commands.Choice(name="90 days", value=int(Window.QUARTER)),
]


class ServerStats(commands.Cog):
    """The server's messages over time."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @app_commands.command(name="server-stats", description="Chart the messages of this server")
    @app_commands.describe(window="How far to look back; 30 days when you choose nothing")
    @app_commands.choices(window=WINDOWS)
    async def server_stats(self, interaction: discord.Interaction, window: int = Window.MONTH) -> None:
        """Answer with a line chart, three findings in words and the same for those who cannot see the picture."""
        assert interaction.guild is not None
        words, picture_ = await patiently(interaction, self._stats(interaction.guild, window))
        await answer(interaction, words, file=picture_)

    async def _stats(self, guild: discord.Guild, window: int) -> tuple[str, discord.File | None]:
        now = utc_now()
        query = ActivityQuery.last(window, guild_id=guild.id, zone=await self._zone(guild.id), now=now)
        series, before = await asyncio.gather(
            message_counts(self._stores.database, self._stores.clickhouse, query, now=now),
            message_counts(self._stores.database, self._stores.clickhouse, query.previous(), now=now),
        )
        figure = messages_over_time(series, title=guild.name, compare=before, now=now)
        drawn = await picture(figure, name="server-stats", alt=alt_text(series, compare=before, now=now))
        lines = [f"**{plain(guild.name)}**, the last {window} days"]
        lines += [f"- {sentence}" for sentence in findings(series, compare=before, now=now)]
        return "\n".join(lines if drawn else [*lines, NO_PICTURE]), drawn

    async def _zone(self, guild_id: int) -> ZoneInfo:
        async with self._stores.database.transaction() as session:
            return await guild_zone(session, guild_id=guild_id)
