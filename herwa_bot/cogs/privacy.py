"""`/privacy`: what is stored about the caller, also as a file, opt out and in again, delete it."""

import asyncio
import io
from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import get_command_surface, get_guard
from herwa_bot.texts import buttons, errors
from herwa_bot.texts import privacy as texts
from herwa_bot.texts.policies import format_policy_links
from herwa_bot.ui.direct_messages import MuteButton, choose_messages
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.replies import defer, defer_if_slow, get_dashboard_url, reply_ephemeral
from herwa_bot.ui.views import GuardedView
from herwa_bot.ui.writes import await_write, run_to_completion
from herwa_shared.catalog import FeatureKey
from herwa_shared.privacy.choices import PrivacyStatus, load_privacy_status, set_opt_out
from herwa_shared.privacy.erasure import Erasure, is_finished, request_erasure
from herwa_shared.privacy.member_download import build_member_file
from herwa_shared.privacy.stored_data import StoredData, UserData, load_stored_data, load_user_data
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.stores import Stores

POLL_SECONDS = 0.5
DELETION_WAIT_SECONDS = 20.0
MAX_LISTED_SERVERS = 8
"""A message has at most 2,000 characters."""


class PrivacyCog(commands.Cog):
    """Commands with which members control the data about them. No setting of a server can block them.

    In a direct message they are about all servers, also those that the user left.
    """

    persistent_buttons: ClassVar = (MuteButton,)
    group = app_commands.Group(
        name="privacy",
        description=texts.DESCRIPTION,
        extras={"feature": FeatureKey.PRIVACY},
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="show", description=texts.SHOW_DESCRIPTION)
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what is stored about the caller, how long, and who can see it."""
        load = self._format_stored_data(interaction.guild_id, interaction.user.id)
        text = await defer_if_slow(interaction, load, ephemeral=True)
        links = format_policy_links(get_dashboard_url(interaction))
        await reply_ephemeral(interaction, "\n".join(filter(None, (text, links))))

    @group.command(name="download", description=texts.DOWNLOAD_DESCRIPTION)
    async def download(self, interaction: discord.Interaction) -> None:
        """Send what is stored about the caller as a file that only they see."""
        build = self._build_file(interaction.guild_id, interaction.user.id)
        content = await defer_if_slow(interaction, build, ephemeral=True)
        file = discord.File(io.BytesIO(content), filename=f"herwa-{interaction.guild_id or 'all-servers'}.zip")
        await reply_ephemeral(
            interaction, texts.DOWNLOAD_READY if interaction.guild_id else texts.DOWNLOAD_READY_EVERYWHERE, file=file
        )

    @group.command(name="opt-out", description=texts.OPT_OUT_DESCRIPTION)
    @app_commands.describe(everywhere=texts.OPTION_EVERYWHERE)
    async def opt_out(self, interaction: discord.Interaction, everywhere: bool = False) -> None:
        """Store later activity without the caller, and offer to delete what is stored."""
        everywhere = everywhere or interaction.guild_id is None
        is_changed, _ = await self._choose(interaction, everywhere, opted_out=True)
        view = DeletionView(interaction, self._stores, everywhere=everywhere)
        text = texts.format_opted_out(everywhere=everywhere, is_changed=is_changed)
        await reply_ephemeral(interaction, text, view=view)

    @group.command(name="opt-in", description=texts.OPT_IN_DESCRIPTION)
    @app_commands.describe(everywhere=texts.OPTION_EVERYWHERE)
    async def opt_in(self, interaction: discord.Interaction, everywhere: bool = False) -> None:
        """Count the caller again."""
        everywhere = everywhere or interaction.guild_id is None
        is_changed, is_out_elsewhere = await self._choose(interaction, everywhere, opted_out=False)
        text = texts.format_opted_in(everywhere=everywhere, is_changed=is_changed, is_out_elsewhere=is_out_elsewhere)
        await reply_ephemeral(interaction, text)

    @group.command(name="delete", description=texts.DELETE_DESCRIPTION)
    @app_commands.describe(everywhere=texts.OPTION_EVERYWHERE)
    async def delete(self, interaction: discord.Interaction, everywhere: bool = False) -> None:
        """Delete what is stored about the caller, after a confirmation."""
        everywhere = everywhere or interaction.guild_id is None
        view = DeletionView(interaction, self._stores, everywhere=everywhere)
        await reply_ephemeral(interaction, texts.format_question(everywhere=everywhere), view=view)

    @group.command(name="direct-messages", description=texts.MESSAGES_DESCRIPTION)
    @app_commands.describe(state=texts.OPTION_MESSAGES)
    @app_commands.choices(
        state=[app_commands.Choice(name=name, value=value) for value, name in texts.MESSAGES_CHOICES.items()]
    )
    async def switch_messages(self, interaction: discord.Interaction, state: str) -> None:
        """Switch all direct messages to the caller off or on again."""
        await choose_messages(interaction, muted=state == "off")

    async def _format_stored_data(self, guild_id: int | None, user_id: int) -> str:
        async with self._stores.database.transaction() as session:
            if guild_id is None:
                return format_user_data(await load_user_data(session, self._stores.clickhouse, user_id=user_id))
            data = await load_stored_data(session, self._stores.clickhouse, guild_id=guild_id, user_id=user_id)
        return format_stored_data(data)

    async def _build_file(self, guild_id: int | None, user_id: int) -> bytes:
        async with self._stores.database.transaction() as session:
            return await build_member_file(session, self._stores.clickhouse, guild_id=guild_id, user_id=user_id)

    @run_to_completion
    async def _choose(
        self, interaction: discord.Interaction, everywhere: bool, *, opted_out: bool
    ) -> tuple[bool, bool]:
        """Save a choice. Returns whether it changed anything, and whether the member is still opted out otherwise."""
        guild_id, user_id = interaction.guild_id, interaction.user.id

        async def save() -> tuple[bool, bool]:
            async with open_write_transaction(self._stores.database) as session:
                is_changed = await set_opt_out(
                    session, guild_id=None if everywhere else guild_id, user_id=user_id, opted_out=opted_out
                )
                return is_changed, await _is_opted_out(session, guild_id, user_id)

        return await await_write(save(), on_slow=lambda: defer(interaction, ephemeral=True))


class DeletionView(GuardedView):
    """The button that deletes the invoker's data, and one that cancels."""

    def __init__(self, interaction: discord.Interaction, stores: Stores, *, everywhere: bool) -> None:
        super().__init__(get_guard(interaction), get_command_surface(interaction), invoker_id=interaction.user.id)
        self._stores = stores
        self._everywhere = everywhere
        self._is_pressed = False

    @discord.ui.button(label=texts.DELETE_BUTTON, style=discord.ButtonStyle.danger)
    async def delete(self, interaction: discord.Interaction, _button: discord.ui.Button["DeletionView"]) -> None:
        """Delete the data, and say when it is done."""
        await self._delete(interaction)

    @discord.ui.button(label=buttons.CANCEL)
    async def cancel(self, interaction: discord.Interaction, _button: discord.ui.Button["DeletionView"]) -> None:
        """Leave everything as it is."""
        if self._is_pressed:
            await interaction.response.defer()
            return
        await interaction.response.edit_message(content=errors.NO_CHANGE, view=None)
        self.stop()

    @run_to_completion
    async def _delete(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        if self._is_pressed:
            return
        self._is_pressed = True
        try:
            async with open_write_transaction(self._stores.database) as session:
                erasure = await request_erasure(
                    session,
                    guild_id=None if self._everywhere else interaction.guild_id,
                    user_id=interaction.user.id,
                )
        except Exception:
            self._is_pressed = False  # allow a retry
            raise
        until = MESSAGE_NAMES.format_time(erasure.erased_until.timestamp())
        await interaction.edit_original_response(content=texts.format_deletion_started(until), view=None)
        self.stop()
        if await self._wait_until_finished(erasure):
            await interaction.edit_original_response(content=texts.format_deleted(until))

    async def _wait_until_finished(self, erasure: Erasure) -> bool:
        """Wait until the worker has finished. Returns False if that takes too long; it goes on nevertheless."""
        for _ in range(int(DELETION_WAIT_SECONDS / POLL_SECONDS)):
            async with self._stores.database.transaction() as session:
                if await is_finished(session, request_id=erasure.request_id):
                    return True
            await asyncio.sleep(POLL_SECONDS)
        return False


def format_stored_data(data: StoredData) -> str:
    """Format the reply of `/privacy show`."""
    lines = [texts.HEADING]
    if data.first_at is None or data.last_at is None:
        lines.append(texts.NOTHING_COUNTED)
    else:
        first, last = (MESSAGE_NAMES.format_time(moment.timestamp()) for moment in (data.first_at, data.last_at))
        lines.append(texts.format_activity(data.counts, first, last))
    if data.name is not None:
        lines.append(texts.format_name(escape(data.name)))
    if data.access_requests:
        lines.append(texts.format_access_requests(data.access_requests))
    if data.tickets:
        lines.append(texts.format_tickets(data.tickets))
    lines += _format_status(data.status)
    return "\n".join([*lines, texts.RETENTION, texts.VISIBILITY])


def format_user_data(data: UserData) -> str:
    """Format the reply of `/privacy show` in a direct message: a line for each server."""
    lines = [texts.HEADING_EVERYWHERE]
    lines += [
        texts.format_server(escape(guild.guild_name), guild.data.counts) for guild in data.guilds[:MAX_LISTED_SERVERS]
    ] or [texts.NOTHING_COUNTED]
    if len(data.guilds) > MAX_LISTED_SERVERS:
        lines.append(texts.format_more_servers(len(data.guilds) - MAX_LISTED_SERVERS))
    return "\n".join([*lines, *_format_status(data.status), texts.LONG_LEFT, texts.RETENTION, texts.VISIBILITY])


def _format_status(status: PrivacyStatus) -> list[str]:
    lines = []
    if (erasure := status.erasure) is not None:
        moment = erasure.finished_at or erasure.requested_at
        relative_time = MESSAGE_NAMES.format_relative_time(moment.timestamp())
        is_finished = erasure.finished_at is not None
        format_erasure = texts.format_deletion_done if is_finished else texts.format_deletion_pending
        lines.append(format_erasure(relative_time))
    if status.is_muted:
        lines.append(texts.MESSAGES_ARE_OFF)
    if status.opted_out_everywhere:
        return [*lines, texts.OPTED_OUT_EVERYWHERE]
    return [*lines, texts.OPTED_OUT_HERE if status.opted_out_here else texts.COUNTED]


async def _is_opted_out(session: AsyncSession, guild_id: int | None, user_id: int) -> bool:
    return (await load_privacy_status(session, guild_id=guild_id, user_id=user_id)).is_opted_out
