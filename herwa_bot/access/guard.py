"""The bot's guard: checks the guardrail before any command or component runs; fails closed."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import discord

from herwa_bot.access.command_log import record_denied, start_command
from herwa_bot.access.invocation import build_invocation
from herwa_bot.access.rate_limit import CommandRateLimiter
from herwa_bot.access.refusals import send_refusal, send_unavailable
from herwa_bot.texts import errors
from herwa_bot.texts.refusals import format_refusal
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.catalog import FEATURES, Essential, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.db import Database
from herwa_shared.errors import HerwaError, format_reason
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.refusal_texts import NO_POLICY_REFUSAL
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.pipeline.events import CommandOutcome
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.audit import Actor, ChangeSource

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

POLICY_TIMEOUT_SECONDS = 1.8  # Discord expects a response within three seconds

DIRECT_MESSAGE_FEATURES = frozenset({FeatureKey.PRIVACY})
"""They belong to a user and not to a guild, so they work without one."""

POLICY_UNAVAILABLE = format_refusal(NO_POLICY_REFUSAL.headline, NO_POLICY_REFUSAL.remedy)


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides whether interactions may run, from the policy cache in memory.

    It belongs to the process and outlives connections to Discord.
    """

    cache: PolicyCache
    surfaces: SurfaceRegistry
    database: Database
    rate_limiter: CommandRateLimiter = field(default_factory=CommandRateLimiter)

    def get_time(self) -> float:
        """Get the time for invocations, in seconds since 1970; it never goes backwards."""
        return self.cache.now()

    async def find_policy(self, guild_id: int) -> CompiledPolicy | None:
        """Find the guild's policy; None if it cannot be loaded within POLICY_TIMEOUT_SECONDS."""
        if cached := self.cache.find_cached(guild_id):
            return cached
        try:
            async with asyncio.timeout(POLICY_TIMEOUT_SECONDS):
                return await self.cache.get(guild_id)
        except (HerwaError, OSError) as error:  # TimeoutError is an OSError
            limited_log.warning(
                "policy load failed", kind=type(error).__name__, guild=guild_id, error=format_reason(error)
            )
            return None

    async def load_history_limit(self, guild_id: int) -> HistoryLimit:
        """Return how far back statistics of the guild may be shown. Raises PolicyUnavailable.

        The command was allowed just before, so the policy is in memory.
        """
        return HistoryLimit.from_entitlement((await self.cache.get(guild_id)).entitlement)

    async def is_allowed(self, invocation: Invocation) -> bool:
        """Whether the invocation would be allowed.

        Sends no reply and does not count toward the rate limit.
        """
        if is_always_allowed(invocation.surface):
            return True
        compiled = await self.find_policy(invocation.guild_id)
        return compiled is not None and decide(invocation, compiled).allowed

    def count_remaining_commands(self, compiled: CompiledPolicy, member_id: int) -> int:
        """Count the commands that this member may still run within the current minute."""
        return self.rate_limiter.count_remaining(compiled.guild_id, member_id, compiled.entitlement.limits)

    async def check(
        self, interaction: discord.Interaction, surface: Surface | None, *, count_usage: bool = True
    ) -> bool:
        """Check whether the interaction may continue; if not, send the refusal to the member.

        An autocomplete gets an empty list instead of a refusal. `surface` is None for an unknown command.
        `count_usage`: count the command toward the rate limit. Any failure refuses the interaction. Records the command
        as running or refused.
        """
        started = time.perf_counter()
        try:
            if surface is None:
                await send_unavailable(interaction, errors.COMMAND_CHANGED)
                return False
            if interaction.guild_id is None:
                return await self._check_direct(interaction, surface)
            if not is_always_allowed(surface) and not await self._check(interaction, surface, count_usage=count_usage):
                return False
        except Exception as error:  # fail closed: nothing runs without a verdict
            log.exception("guard failed, interaction refused", surface=surface and surface.key)
            if surface is not None and interaction.guild_id is not None:
                record_denied(interaction, surface, CommandOutcome.FAILED)
            await send_unavailable(
                interaction, str(error) if isinstance(error, HerwaError) else errors.ACCESS_CHECK_FAILED
            )
            return False
        start_command(interaction, surface, started=started)
        return True

    async def _check_direct(self, interaction: discord.Interaction, surface: Surface) -> bool:
        """Check an interaction in a direct message: only some features work there. None is counted."""
        is_allowed = surface.feature in DIRECT_MESSAGE_FEATURES
        if not is_allowed:
            await send_unavailable(interaction, errors.GUILD_ONLY)
        return is_allowed

    async def _check(self, interaction: discord.Interaction, surface: Surface, *, count_usage: bool) -> bool:
        assert interaction.guild_id is not None
        compiled = await self.find_policy(interaction.guild_id)
        if compiled is None:
            record_denied(interaction, surface, Reason.NO_POLICY)
            await send_unavailable(interaction, POLICY_UNAVAILABLE)
            return False
        count_usage = count_usage and interaction.type is not discord.InteractionType.autocomplete
        remaining = self.count_remaining_commands(compiled, interaction.user.id) if count_usage else 1
        invocation = build_invocation(interaction, surface, at=self.get_time(), remaining=remaining)
        verdict = decide(invocation, compiled)
        if not verdict.allowed:
            record_denied(interaction, surface, verdict.reason)
            log.info("interaction refused", guild=interaction.guild_id, surface=surface.key, reason=verdict.reason)
            retry_after = self.rate_limiter.get_retry_after(
                interaction.guild_id, interaction.user.id, compiled.entitlement.limits
            )
            await send_refusal(interaction, invocation, compiled, retry_after=retry_after)
        elif count_usage:
            self.rate_limiter.hit(interaction.guild_id, interaction.user.id, compiled.entitlement.limits)
        return verdict.allowed


def is_always_allowed(surface: Surface) -> bool:
    """Whether the surface is allowed under any settings, even if no policy can be loaded."""
    return FEATURES[surface.feature].essential == Essential.ALWAYS


def get_guard(interaction: discord.Interaction) -> Guard:
    """Get the guard of the bot that received the interaction."""
    bot: Any = interaction.client
    guard: Guard = bot.guard
    return guard


def find_command_surface(interaction: discord.Interaction) -> Surface | None:
    """Find the surface of a command, context menu or autocomplete; None for an unknown command."""
    command = interaction.command
    if command is None:
        return None
    is_menu = isinstance(command, discord.app_commands.ContextMenu)
    return get_guard(interaction).surfaces.find(
        SurfaceKind.MENU if is_menu else SurfaceKind.COMMAND, command.qualified_name
    )


def get_command_surface(interaction: discord.Interaction) -> Surface:
    """Get the surface of the running command; call it only from within a registered command."""
    surface = find_command_surface(interaction)
    assert surface is not None
    return surface


def get_actor(interaction: discord.Interaction) -> Actor:
    """Get the member as the actor of a change, for the audit log."""
    return Actor(ChangeSource.DISCORD, interaction.user.id, interaction.user.display_name)
