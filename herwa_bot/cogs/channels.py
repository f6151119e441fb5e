"""`/channels`: list and change the channels in which something may run."""

from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.channel_option import ChannelOption
from herwa_bot.access.guard import get_guard
from herwa_bot.access.targets import find_target, format_surfaces, list_target_choices
from herwa_bot.texts import buttons
from herwa_bot.texts import channels as texts
from herwa_bot.ui.confirmation import (
    Change,
    ChangeResult,
    ConfirmOption,
    UndoButton,
    apply_and_reply,
    ask_confirmation,
)
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.pagination import send_pages, split_pages
from herwa_bot.ui.replies import defer_if_slow
from herwa_shared.catalog import Audience, FeatureKey, SurfaceRegistry
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.impact import RulePlace
from herwa_shared.guardrail.policy import ChannelList, TargetKind
from herwa_shared.guardrail.targets import BROAD_TARGET_KINDS, CommandSurfaces, Target, list_commands, list_targets
from herwa_shared.guardrail.texts import format_target
from herwa_shared.services import channel_lists
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.stores import Stores

COMMAND_GROUP = "channels"
MAX_LISTED_CHANNELS = 20  # in one sentence or list entry

Choices = list[app_commands.Choice[str]]


class ChannelsCog(commands.Cog):
    """Commands for channel lists."""

    persistent_buttons: ClassVar = (UndoButton,)
    group = app_commands.Group(
        name="channels",
        description=texts.DESCRIPTION,
        extras={"feature": FeatureKey.CHANNELS, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description=texts.LIST_DESCRIPTION)
    async def show(self, interaction: discord.Interaction) -> None:
        """Show all channel lists of the server, the widest target first."""
        assert interaction.guild is not None
        lists = await defer_if_slow(interaction, self._load_lists(interaction.guild.id), ephemeral=True)
        entries = [
            line for channel_list in sorted(lists, key=_get_sort_key) for line in _format_list_entries(channel_list)
        ] or [texts.NO_RESTRICTIONS]
        await send_pages(interaction, split_pages(texts.format_list_heading(escape(interaction.guild.name)), entries))

    @group.command(name="allow", description=texts.ALLOW_DESCRIPTION)
    @app_commands.describe(what=texts.OPTION_TARGET, where=texts.OPTION_PLACE)
    async def allow(
        self, interaction: discord.Interaction, what: str, where: app_commands.Transform[RulePlace, ChannelOption]
    ) -> None:
        """Add a channel to a target's list.

        The first channel of a list stops the target in all other channels, so a broad target or one that contains
        managers' commands needs a confirmation.
        """
        assert interaction.guild_id is not None
        surfaces = get_guard(interaction).surfaces
        target = find_target(what, list_targets(surfaces))
        if not list_commands(target, surfaces):
            raise BadRequest(texts.format_no_commands(_format_target(target)))
        existing_list = _find_list(target, await self._load_lists(interaction.guild_id))
        change = _build_allow_change(interaction.guild_id, target, where)
        if existing_list is None and (target.kind in BROAD_TARGET_KINDS or _list_manager_commands(target, surfaces)):
            option = ConfirmOption(buttons.LIMIT_TO_CHANNEL, change, discord.ButtonStyle.danger)
            await ask_confirmation(
                interaction,
                self._stores,
                _format_question(target, where, surfaces),
                [option],
                command_group=COMMAND_GROUP,
            )
        else:
            await apply_and_reply(interaction, self._stores, change, command_group=COMMAND_GROUP)

    @group.command(name="clear", description=texts.CLEAR_DESCRIPTION)
    @app_commands.describe(what=texts.OPTION_RESTRICTED_TARGET)
    async def clear(self, interaction: discord.Interaction, what: str) -> None:
        """Remove a target's list; the reply has an undo button."""
        assert interaction.guild_id is not None
        lists = await self._load_lists(interaction.guild_id)
        # Includes targets that are no longer in the catalog.
        listed_targets = [Target(channel_list.target_kind, channel_list.target_key) for channel_list in lists]
        target = find_target(what, (*list_targets(get_guard(interaction).surfaces), *listed_targets))
        if target not in listed_targets:
            raise NotFound(texts.format_no_restriction(_format_target(target)))
        await apply_and_reply(
            interaction, self._stores, _build_clear_change(interaction.guild_id, target), command_group=COMMAND_GROUP
        )

    @allow.autocomplete("what")
    async def _autocomplete_target(self, interaction: discord.Interaction, current: str) -> Choices:
        surfaces = get_guard(interaction).surfaces
        return list_target_choices(
            current, (target for target in list_targets(surfaces) if list_commands(target, surfaces))
        )

    @clear.autocomplete("what")
    async def _autocomplete_listed_target(self, interaction: discord.Interaction, current: str) -> Choices:
        assert interaction.guild_id is not None
        compiled = await get_guard(interaction).find_policy(interaction.guild_id)
        lists = sorted(compiled.policy.channel_lists, key=_get_sort_key) if compiled else []
        return list_target_choices(
            current, (Target(channel_list.target_kind, channel_list.target_key) for channel_list in lists)
        )

    async def _load_lists(self, guild_id: int) -> Sequence[ChannelList]:
        async with self._stores.database.transaction() as session:
            return await channel_lists.list_channel_lists(session, guild_id=guild_id)


def _build_allow_change(guild_id: int, target: Target, place: RulePlace) -> Change:
    """Build the change that adds a place to a target's list."""

    async def apply(session: AsyncSession, actor: Actor) -> ChangeResult:
        existing_list = await _lock_and_find_list(session, guild_id, target)
        entry_id = await channel_lists.add_places(
            session,
            guild_id=guild_id,
            target_kind=target.kind,
            target_key=target.key,
            place_ids=[place.id],
            actor=actor,
        )
        title, place_ids = _format_target(target), existing_list.place_ids if existing_list else frozenset()
        if entry_id is None:
            return ChangeResult(texts.format_already_allowed(title, MESSAGE_NAMES.format_channel(place.id)))
        after = _format_places({place.id, *place_ids})
        return ChangeResult(texts.format_limited(title, after, _format_places(place_ids)), (entry_id,))

    return apply


def _build_clear_change(guild_id: int, target: Target) -> Change:
    """Build the change that removes a target's list."""

    async def apply(session: AsyncSession, actor: Actor) -> ChangeResult:
        existing_list = await _lock_and_find_list(session, guild_id, target)
        entry_id = await channel_lists.clear_list(
            session, guild_id=guild_id, target_kind=target.kind, target_key=target.key, actor=actor
        )
        if existing_list is None or entry_id is None:
            return ChangeResult(texts.format_no_restriction(_format_target(target)))
        text = texts.format_unlimited(_format_target(target), _format_places(existing_list.place_ids))
        has_broader = target.kind != TargetKind.EVERYTHING
        return ChangeResult(f"{text}\n{texts.BROADER_MAY_APPLY}" if has_broader else text, (entry_id,))

    return apply


async def _lock_and_find_list(session: AsyncSession, guild_id: int, target: Target) -> ChannelList | None:
    """Lock the guild's settings until the commit, then find the target's list."""
    await lock_guild(session, guild_id)
    return _find_list(target, await channel_lists.list_channel_lists(session, guild_id=guild_id))


def _format_question(target: Target, place: RulePlace, surfaces: SurfaceRegistry) -> str:
    """Format the confirmation of a new channel list and its effect on the covered commands."""
    return texts.format_question(
        _format_target(target),
        MESSAGE_NAMES.format_channel(place.id),
        format_surfaces(list_commands(target, surfaces)),
        format_surfaces(_list_manager_commands(target, surfaces)),
    )


def _list_manager_commands(target: Target, surfaces: SurfaceRegistry) -> CommandSurfaces:
    """List the covered commands for managers, which include `/channels` itself."""
    return tuple(command for command in list_commands(target, surfaces) if command.audience is Audience.MANAGERS)


def _find_list(target: Target, lists: Sequence[ChannelList]) -> ChannelList | None:
    return next(
        (
            channel_list
            for channel_list in lists
            if (channel_list.target_kind, channel_list.target_key) == (target.kind, target.key)
        ),
        None,
    )


def _format_list_entries(channel_list: ChannelList) -> Iterator[str]:
    """Format a list with all of its places; a long list takes several entries."""
    title, place_ids = format_target(channel_list.target_kind, channel_list.target_key), sorted(channel_list.place_ids)
    for start in range(0, len(place_ids), MAX_LISTED_CHANNELS):
        places = _format_places(place_ids[start : start + MAX_LISTED_CHANNELS])
        yield texts.format_entry(title, places, is_continued=start > 0)


def _get_sort_key(channel_list: ChannelList) -> tuple[int, str]:
    return list(TargetKind).index(channel_list.target_kind), channel_list.target_key


def _format_target(target: Target) -> str:
    return format_target(target.kind, target.key)


def _format_places(place_ids: Collection[int]) -> str:
    """Format the first channels of a list and the number of the others; empty without any."""
    places = ", ".join(map(MESSAGE_NAMES.format_channel, sorted(place_ids)[:MAX_LISTED_CHANNELS]))
    more_count = len(place_ids) - MAX_LISTED_CHANNELS
    return texts.format_more_channels(places, more_count) if more_count > 0 else places
