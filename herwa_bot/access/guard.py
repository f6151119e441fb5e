"""The guard at the bot's door: before anything of a member's runs, the guardrail decides. In doubt it refuses."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import discord

from herwa_bot.access.invocation import build_invocation
from herwa_bot.access.rate_limit import CommandRateLimiter
from herwa_bot.access.refusals import send_refusal, send_unavailable
from herwa_shared.catalog import FEATURES, Essential, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.texts import NO_POLICY_REFUSAL
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.audit import Actor, ChangeSource

log = get_logger(__name__)

POLICY_TIMEOUT_SECONDS = 1.8  # Discord gives an answer three

GUILD_ONLY = "Herwa's commands work inside a server."
POLICY_UNAVAILABLE = f"**{NO_POLICY_REFUSAL.headline}**\n{NO_POLICY_REFUSAL.remedy}"
UNKNOWN_COMMAND = "This command is new here, or gone. Please try again in a minute."
DECISION_FAILED = (
    "Whether you may do this could not be decided, so it was not done. It has been noted; please try again."
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides from memory. Held by the process, so that connections to Discord come and go around it."""

    cache: PolicyCache
    surfaces: SurfaceRegistry
    database: Database
    rate_limiter: CommandRateLimiter = field(default_factory=CommandRateLimiter)

    def get_time(self) -> float:
        """The clock for invocations, in seconds since 1970: it never goes back."""
        return self.cache.now()

    async def find_policy(self, guild_id: int) -> CompiledPolicy | None:
        """What holds in this guild; None where it cannot be read in time."""
        if cached := self.cache.find_cached(guild_id):
            return cached
        try:
            async with asyncio.timeout(POLICY_TIMEOUT_SECONDS):
                return await self.cache.get(guild_id)
        except (HerwaError, OSError) as error:  # time-outs are OSErrors, too
            log.warning("a policy cannot be read", guild=guild_id, error=repr(error)[:200])
            return None

    async def is_allowed(self, invocation: Invocation) -> bool:
        """What the verdict would be; nothing is said and nothing counted."""
        if is_always_allowed(invocation.surface):
            return True
        compiled = await self.find_policy(invocation.guild_id)
        return compiled is not None and decide(invocation, compiled).allowed

    def count_remaining_commands(self, compiled: CompiledPolicy, member_id: int) -> int:
        """How many commands this member may still run within the minute."""
        return self.rate_limiter.count_remaining(compiled.guild_id, member_id, compiled.entitlement.limits)

    async def check(
        self, interaction: discord.Interaction, surface: Surface | None, *, count_usage: bool = True
    ) -> bool:
        """May it go on? If not, the member has been told why: an autocomplete is told nothing but an empty list."""
        try:
            if surface is None or interaction.guild_id is None:
                await send_unavailable(interaction, UNKNOWN_COMMAND if surface is None else GUILD_ONLY)
                return False
            return is_always_allowed(surface) or await self._check(interaction, surface, count_usage=count_usage)
        except Exception as error:  # whatever it is, nothing runs unguarded
            log.exception("the guard failed, it refuses", surface=surface and surface.key)
            await send_unavailable(interaction, str(error) if isinstance(error, HerwaError) else DECISION_FAILED)
            return False

    async def _check(self, interaction: discord.Interaction, surface: Surface, *, count_usage: bool) -> bool:
        assert interaction.guild_id is not None
        compiled = await self.find_policy(interaction.guild_id)
        if compiled is None:
            await send_unavailable(interaction, POLICY_UNAVAILABLE)
            return False
        count_usage = count_usage and interaction.type is not discord.InteractionType.autocomplete
        remaining = self.count_remaining_commands(compiled, interaction.user.id) if count_usage else 1
        invocation = build_invocation(interaction, surface, at=self.get_time(), remaining=remaining)
        verdict = decide(invocation, compiled)
        if not verdict.allowed:
            log.info("refused", guild=interaction.guild_id, surface=surface.key, reason=verdict.reason)
            retry_after = self.rate_limiter.get_retry_after(
                interaction.guild_id, interaction.user.id, compiled.entitlement.limits
            )
            await send_refusal(interaction, invocation, compiled, retry_after=retry_after)
        elif count_usage:
            self.rate_limiter.hit(interaction.guild_id, interaction.user.id, compiled.entitlement.limits)
        return verdict.allowed


def is_always_allowed(surface: Surface) -> bool:
    """Whatever is set, and though nothing can be read."""
    return FEATURES[surface.feature].essential == Essential.ALWAYS


def get_guard(interaction: discord.Interaction) -> Guard:
    """The guard of the bot that heard this."""
    bot: Any = interaction.client
    guard: Guard = bot.guard
    return guard


def find_command_surface(interaction: discord.Interaction) -> Surface | None:
    """The surface of a command, a context menu or their autocomplete; None for what the bot does not know."""
    command = interaction.command
    if command is None:
        return None
    is_menu = isinstance(command, discord.app_commands.ContextMenu)
    return get_guard(interaction).surfaces.find(
        SurfaceKind.MENU if is_menu else SurfaceKind.COMMAND, command.qualified_name
    )


def get_command_surface(interaction: discord.Interaction) -> Surface:
    """The same inside of a command, where there is one."""
    surface = find_command_surface(interaction)
    assert surface is not None
    return surface


def get_actor(interaction: discord.Interaction) -> Actor:
    """The member as the one who changes something."""
    return Actor(ChangeSource.DISCORD, interaction.user.id, interaction.user.display_name)
