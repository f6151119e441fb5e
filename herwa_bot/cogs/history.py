"""`/history`: import the messages from before the bot was added, pause it, see how far it is."""

from collections.abc import Awaitable, Callable

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import POLICY_UNAVAILABLE, get_actor, get_guard
from herwa_bot.texts import history as texts
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.replies import defer, defer_if_slow, reply_ephemeral
from herwa_bot.ui.writes import await_write, run_to_completion
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.catalog import Audience, FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.services.audit import Actor
from herwa_shared.services.backfills import (
    BackfillState,
    BackfillStatus,
    load_backfill_status,
    pause_backfill,
    resume_backfill,
    start_backfill,
)
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.stores import Stores

Change = Callable[[AsyncSession, Actor, int], Awaitable[None]]


class HistoryCog(commands.Cog):
    """Commands for the back-fill of a server. Nothing is fetched before `/history import`."""

    group = app_commands.Group(
        name="history",
        description=texts.DESCRIPTION,
        extras={"feature": FeatureKey.HISTORY, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="import", description=texts.IMPORT_DESCRIPTION)
    async def start(self, interaction: discord.Interaction) -> None:
        """Start the import of as many days as the server's tier includes."""
        assert interaction.guild_id is not None
        compiled = await get_guard(interaction).find_policy(interaction.guild_id)
        if compiled is None:
            await reply_ephemeral(interaction, POLICY_UNAVAILABLE)
            return
        days = HistoryLimit.from_entitlement(compiled.entitlement).days

        async def change(session: AsyncSession, actor: Actor, guild_id: int) -> None:
            await start_backfill(session, actor, guild_id=guild_id, history_days=days, now=utc_now())

        status = await self._change(interaction, change)
        await reply_ephemeral(interaction, texts.format_started(_format_day(status.begin.timestamp())))

    @group.command(name="pause", description=texts.PAUSE_DESCRIPTION)
    async def pause(self, interaction: discord.Interaction) -> None:
        """Pause the import after the pages that are being fetched."""

        async def change(session: AsyncSession, actor: Actor, guild_id: int) -> None:
            await pause_backfill(session, actor, guild_id=guild_id)

        await self._change(interaction, change)
        await reply_ephemeral(interaction, texts.PAUSED)

    @group.command(name="resume", description=texts.RESUME_DESCRIPTION)
    async def resume(self, interaction: discord.Interaction) -> None:
        """Let a paused import go on where it was."""

        async def change(session: AsyncSession, actor: Actor, guild_id: int) -> None:
            await resume_backfill(session, actor, guild_id=guild_id)

        await self._change(interaction, change)
        await reply_ephemeral(interaction, texts.RESUMED)

    @group.command(name="status", description=texts.STATUS_DESCRIPTION)
    async def show_status(self, interaction: discord.Interaction) -> None:
        """Show messages, rate and time left."""
        assert interaction.guild_id is not None
        status = await defer_if_slow(interaction, self._load_status(interaction.guild_id), ephemeral=True)
        await reply_ephemeral(interaction, texts.NOT_STARTED if status is None else format_status(status))

    async def _load_status(self, guild_id: int) -> BackfillStatus | None:
        async with self._stores.database.transaction() as session:
            return await load_backfill_status(session, guild_id=guild_id)

    @run_to_completion
    async def _change(self, interaction: discord.Interaction, change: Change) -> BackfillStatus:
        """Save a change, and return the status after it. Raises BackfillNotPossible."""
        guild_id = interaction.guild_id
        assert guild_id is not None

        async def save() -> BackfillStatus:
            async with open_write_transaction(self._stores.database) as session:
                await change(session, get_actor(interaction), guild_id)
                status = await load_backfill_status(session, guild_id=guild_id)
                assert status is not None
                return status

        return await await_write(save(), on_slow=lambda: defer(interaction, ephemeral=True))


def format_status(status: BackfillStatus) -> str:
    """Format the reply of `/history status`."""
    now = utc_now()
    begin, end = (_format_day(moment.timestamp()) for moment in (status.begin, status.end))
    lines = [texts.HEADINGS[status.state], texts.format_period(begin, end)]
    if status.channels is None:
        lines.append(texts.LISTING_CHANNELS)
    else:
        done = status.channels - status.open_channels
        lines.append(texts.format_channels(done, status.channels, status.done_share))
        lines.append(texts.format_messages(status.fetched, status.compute_rate(now)))
    if (seconds_left := status.estimate_seconds_left(now)) is not None:
        lines.append(texts.format_time_left(MESSAGE_NAMES.format_relative_time(now.timestamp() + seconds_left)))
    if status.refused_channels:
        lines.append(texts.format_refused(status.refused_channels))
    if status.state is not BackfillState.FINISHED:
        lines.append(texts.LIMITS)
    return "\n".join(lines)


def _format_day(timestamp: float) -> str:
    return MESSAGE_NAMES.format_time(timestamp)
