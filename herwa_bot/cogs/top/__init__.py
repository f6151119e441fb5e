"""`/top channels`, `/top members` and `/top voice`: ranked lists as an image and text.

Lists of members are for those who may see data about single members. Only they see the reply, unless they choose to
post it.
"""

from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.channels import list_shared_channels
from herwa_bot.access.guard import get_guard
from herwa_bot.cogs.top.top_lists import FetchEntries, TopList, fetch_channels, fetch_members, render_top_list
from herwa_bot.texts import stats as stats_texts
from herwa_bot.texts import top as texts
from herwa_bot.ui.dashboard_links import build_link_button
from herwa_bot.ui.replies import defer_if_slow, reply, reply_ephemeral
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import Window
from herwa_shared.catalog import FeatureKey
from herwa_shared.errors import Forbidden
from herwa_shared.guardrail.member_data import can_see_members
from herwa_shared.services.guild_settings import load_guild_settings
from herwa_shared.services.member_data_views import MemberView, MemberViewRecorder
from herwa_shared.stores import Stores


def _build_metric_choices(*metrics: Metric) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=get_definition(metric).title, value=metric.value) for metric in metrics]


CHANNEL_CHOICES = _build_metric_choices(Metric.MESSAGES, Metric.ACTIVE_MEMBERS, Metric.REACTIONS, Metric.THREADS)
MEMBER_CHOICES = _build_metric_choices(Metric.MESSAGES, Metric.REACTIONS, Metric.THREADS)
WINDOW_CHOICES = [
    app_commands.Choice(name=stats_texts.format_period_choice(window), value=int(window)) for window in Window
]
METRIC_OPTION = stats_texts.format_metric_option(get_definition(Metric.MESSAGES).title)


class TopCog(commands.Cog):
    """Commands that rank channels and members."""

    group = app_commands.Group(name="top", description=texts.DESCRIPTION, extras={"feature": FeatureKey.TOP})

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._view_recorder = MemberViewRecorder(stores.database)

    @group.command(name="channels", description=texts.CHANNELS_DESCRIPTION)
    @app_commands.describe(window=stats_texts.OPTION_PERIOD, metric=METRIC_OPTION)
    @app_commands.choices(window=WINDOW_CHOICES)
    @app_commands.choices(metric=CHANNEL_CHOICES)
    async def show_channels(
        self, interaction: discord.Interaction, window: int = Window.MONTH, metric: str = Metric.MESSAGES
    ) -> None:
        """Rank the channels that everyone who can read the reply can view."""
        assert interaction.guild is not None
        names = list_shared_channels(interaction.guild, interaction.channel)
        fetch = partial(fetch_channels, self._stores, names)
        rendered = await self._render(interaction, texts.CHANNELS, window, Metric(metric), fetch, ephemeral=False)
        await _send(interaction, rendered, ephemeral=False)

    @group.command(name="members", description=texts.MEMBERS_DESCRIPTION)
    @app_commands.describe(window=stats_texts.OPTION_PERIOD, metric=METRIC_OPTION, public=texts.OPTION_PUBLIC)
    @app_commands.choices(window=WINDOW_CHOICES)
    @app_commands.choices(metric=MEMBER_CHOICES)
    async def show_members(
        self,
        interaction: discord.Interaction,
        window: int = Window.MONTH,
        metric: str = Metric.MESSAGES,
        public: bool = False,
    ) -> None:
        """Rank the members."""
        await self._show_members(interaction, window, Metric(metric), public=public)

    @group.command(name="voice", description=texts.VOICE_DESCRIPTION, extras={"feature": FeatureKey.VOICE_TOP})
    @app_commands.describe(window=stats_texts.OPTION_PERIOD, public=texts.OPTION_PUBLIC)
    @app_commands.choices(window=WINDOW_CHOICES)
    async def show_voice(
        self, interaction: discord.Interaction, window: int = Window.MONTH, public: bool = False
    ) -> None:
        """Rank the members by their time in voice."""
        await self._show_members(interaction, window, Metric.VOICE_MINUTES, public=public)

    async def _show_members(
        self, interaction: discord.Interaction, window: int, metric: Metric, *, public: bool
    ) -> None:
        """Show a list of members, and record that it was shown. Raises Forbidden if the member may not see it."""
        guild = interaction.guild
        assert guild is not None
        async with self._stores.database.transaction() as session:
            audience = (await load_guild_settings(session, guild_id=guild.id)).member_audience
        is_owner = interaction.user.id == guild.owner_id
        if not can_see_members(audience, interaction.permissions.value, is_owner=is_owner):
            raise Forbidden(texts.MEMBERS_HIDDEN)
        fetch = partial(fetch_members, self._stores)
        rendered = await self._render(interaction, texts.MEMBERS, window, metric, fetch, ephemeral=not public)
        view = MemberView.PUBLIC_TOP if public else MemberView.TOP
        await self._view_recorder.record(guild.id, interaction.user.id, view)
        await _send(interaction, rendered, texts.POSTED if public else texts.ONLY_YOU, ephemeral=not public)

    async def _render(
        self,
        interaction: discord.Interaction,
        ranked: str,
        window: int,
        metric: Metric,
        fetch: FetchEntries,
        *,
        ephemeral: bool,
    ) -> TopList:
        """Render a list within the history of the guild's tier."""
        assert interaction.guild is not None
        history = await get_guard(interaction).load_history_limit(interaction.guild.id)
        rendering = render_top_list(self._stores, interaction.guild, ranked, Window(window), metric, history, fetch)
        return await defer_if_slow(interaction, rendering, ephemeral=ephemeral)


async def _send(interaction: discord.Interaction, rendered: TopList, *notes: str, ephemeral: bool) -> None:
    """Send a list with the link to the dashboard page that shows the same."""
    link = build_link_button(interaction, rendered.query)
    view = None if link is None else discord.ui.View(timeout=None).add_item(link)
    send = reply_ephemeral if ephemeral else reply
    await send(interaction, "\n".join((*rendered.lines, *notes)), file=rendered.image, view=view)
