"""The guard at the bot's door: before anything of a member's runs, the guardrail decides. In doubt it refuses."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import discord

from herwa_bot.access.invocation import invocation_from
from herwa_bot.access.rate_limit import Rates
from herwa_bot.access.refusals import refuse, say_unavailable
from herwa_shared.catalog import FEATURES, Essential, Surface, SurfaceKind, Surfaces
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.texts import NO_POLICY_REFUSAL
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.audit import Actor, Via

log = get_logger(__name__)

POLICY_SECONDS = 1.8  # Discord gives an answer three

ONLY_IN_SERVERS = "Herwa's commands work inside a server."
NO_POLICY = f"**{NO_POLICY_REFUSAL.headline}**\n{NO_POLICY_REFUSAL.who}"
UNKNOWN = "This command is new here, or gone. Please try again in a minute."
SORRY = "Whether you may do this could not be decided, so it was not done. It has been noted; please try again."


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides from memory. Held by the process, so that connections to Discord come and go around it."""

    cache: PolicyCache
    surfaces: Surfaces
    database: Database
    rates: Rates = field(default_factory=Rates)

    def now(self) -> float:
        """The clock for invocations, in seconds since 1970: it never goes back."""
        return self.cache.now()

    async def policy(self, guild_id: int) -> CompiledPolicy | None:
        """What holds in this guild; None where it cannot be read in time."""
        if cached := self.cache.cached(guild_id):
            return cached
        try:
            async with asyncio.timeout(POLICY_SECONDS):
                return await self.cache.get(guild_id)
        except (HerwaError, OSError) as error:  # time-outs are OSErrors, too
            log.warning("a policy cannot be read", guild=guild_id, error=repr(error)[:200])
            return None

    async def allows(self, invocation: Invocation) -> bool:
        """What the verdict would be; nothing is said and nothing counted."""
        if answers_always(invocation.surface):
            return True
        compiled = await self.policy(invocation.guild_id)
        return compiled is not None and decide(invocation, compiled).allowed

    def left(self, compiled: CompiledPolicy, member_id: int) -> int:
        """How many commands this member may still run within the minute."""
        return self.rates.left(compiled.guild_id, member_id, compiled.entitlement.limits)

    async def check(self, interaction: discord.Interaction, surface: Surface | None, *, counts: bool = True) -> bool:
        """May it go on? If not, the member has been told why: an autocomplete is told nothing but an empty list."""
        try:
            if surface is None or interaction.guild_id is None:
                await say_unavailable(interaction, UNKNOWN if surface is None else ONLY_IN_SERVERS)
                return False
            return answers_always(surface) or await self._check(interaction, surface, counts=counts)
        except Exception as error:  # whatever it is, nothing runs unguarded
            log.exception("the guard failed, it refuses", surface=surface and surface.key)
            await say_unavailable(interaction, str(error) if isinstance(error, HerwaError) else SORRY)
            return False

    async def _check(self, interaction: discord.Interaction, surface: Surface, *, counts: bool) -> bool:
        assert interaction.guild_id is not None
        compiled = await self.policy(interaction.guild_id)
        if compiled is None:
            await say_unavailable(interaction, NO_POLICY)
            return False
        counts = counts and interaction.type is not discord.InteractionType.autocomplete
        left = self.left(compiled, interaction.user.id) if counts else 1
        invocation = invocation_from(interaction, surface, at=self.now(), left=left)
        verdict = decide(invocation, compiled)
        if not verdict.allowed:
            log.info("refused", guild=interaction.guild_id, surface=surface.key, reason=verdict.reason)
            wait = self.rates.wait(interaction.guild_id, interaction.user.id, compiled.entitlement.limits)
            await refuse(interaction, invocation, compiled, wait=wait)
        elif counts:
            self.rates.count(interaction.guild_id, interaction.user.id, compiled.entitlement.limits)
        return verdict.allowed


def answers_always(surface: Surface) -> bool:
    """Whatever is set, and though nothing can be read."""
    return FEATURES[surface.feature].essential == Essential.ALWAYS


def guard_of(interaction: discord.Interaction) -> Guard:
    """The guard of the bot that heard this."""
    bot: Any = interaction.client
    guard: Guard = bot.guard
    return guard


def command_surface(interaction: discord.Interaction) -> Surface | None:
    """The surface of a command, a context menu or their autocomplete; None for what the bot does not know."""
    command = interaction.command
    if command is None:
        return None
    menu = isinstance(command, discord.app_commands.ContextMenu)
    return guard_of(interaction).surfaces.get(SurfaceKind.MENU if menu else SurfaceKind.COMMAND, command.qualified_name)


def surface_of(interaction: discord.Interaction) -> Surface:
    """The same inside of a command, where there is one."""
    surface = command_surface(interaction)
    assert surface is not None
    return surface


def actor_of(interaction: discord.Interaction) -> Actor:
    """The member as the one who changes something."""
    return Actor(Via.DISCORD, interaction.user.id, interaction.user.display_name)
