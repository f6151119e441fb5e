"""`/features`: what of Herwa is on in this server, and switching it."""

from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.choices import features, find_target, modules, target_choices
from herwa_bot.cogs.features.listing import feature_pages
from herwa_bot.cogs.features.switching import can_be_switched, question, switching
from herwa_bot.confirm import UndoButton, Way, ask, change
from herwa_bot.guard import guard_of
from herwa_bot.paging import show_pages
from herwa_bot.replies import patiently
from herwa_shared.catalog import Audience, FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.services.features import FeatureStatus, feature_list
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.stores import Stores

NOUN = "features"
SWITCHED = (*modules(), *features())

Choices = list[app_commands.Choice[str]]


class Features(commands.Cog):
    """Toggles, within what the server's tier includes."""

    persistent: ClassVar = (UndoButton,)
    group = app_commands.Group(
        name="features",
        description="What is on in this server",
        extras={"feature": FeatureKey.FEATURES, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description="Show what is on, what is off and what a higher tier adds")
    async def show(self, interaction: discord.Interaction) -> None:
        """Every feature under its module, its state at a glance."""
        assert interaction.guild is not None
        found = await patiently(interaction, self._found(interaction.guild.id), ephemeral=True)
        await show_pages(interaction, feature_pages(interaction.guild.name, found, guard_of(interaction).surfaces))

    @group.command(name="enable", description="Switch a feature or a whole module on")
    @app_commands.describe(what="A feature, or a module with all of its features")
    async def enable(self, interaction: discord.Interaction, what: str) -> None:
        """Within the tier: what is not part of it is refused by the service, which names the tier that has it."""
        assert interaction.guild_id is not None
        work = switching(interaction.guild_id, find_target(what, SWITCHED), guard_of(interaction).surfaces, on=True)
        await change(interaction, self._stores, work, noun=NOUN)

    @group.command(name="disable", description="Switch a feature or a whole module off")
    @app_commands.describe(what="A feature, or a module with all of its features")
    async def disable(self, interaction: discord.Interaction, what: str) -> None:
        """A module that commands would stop with is asked about first."""
        assert interaction.guild_id is not None
        target, guard = find_target(what, SWITCHED), guard_of(interaction)
        work = switching(interaction.guild_id, target, guard.surfaces, on=False)
        policy = await self._policy(interaction.guild_id)
        if target.kind == TargetKind.MODULE and can_be_switched(target, policy, on=False):
            way = Way(f"Switch {target.name} off", work, discord.ButtonStyle.danger)
            await ask(interaction, self._stores, question(target, policy, guard.surfaces), [way], noun=NOUN)
        else:
            await change(interaction, self._stores, work, noun=NOUN)

    @enable.autocomplete("what")
    async def _off(self, interaction: discord.Interaction, typed: str) -> Choices:
        return await _switchable(interaction, typed, on=True)

    @disable.autocomplete("what")
    async def _on(self, interaction: discord.Interaction, typed: str) -> Choices:
        return await _switchable(interaction, typed, on=False)

    async def _policy(self, guild_id: int) -> GuildPolicy:
        async with self._stores.database.transaction() as session:
            return await load_policy(session, guild_id=guild_id, offer=await load_offer(session))

    async def _found(self, guild_id: int) -> tuple[FeatureStatus, ...]:
        async with self._stores.database.transaction() as session:
            return await feature_list(session, guild_id=guild_id, now=utc_now())


async def _switchable(interaction: discord.Interaction, typed: str, *, on: bool) -> Choices:
    assert interaction.guild_id is not None
    compiled = await guard_of(interaction).policy(interaction.guild_id)
    if compiled is None:
        return []
    policy = compiled.policy
    return target_choices(typed, (target for target in SWITCHED if can_be_switched(target, policy, on=on)))
