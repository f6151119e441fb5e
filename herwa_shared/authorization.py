"""Authorize dashboard pages and API requests with the guardrail.

Decisions use the policies that `PolicyCache` holds in memory.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.auth.guild_access import GuildAccess, UserGuildInfo
from herwa_shared.catalog import Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.db import Database
from herwa_shared.errors import DiscordUnavailable, Forbidden, NotFound, OAuthNotConfigured
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import GuildPolicy, SubjectKind
from herwa_shared.guardrail.refusal_texts import Refusal, build_refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.cache import PolicyCache, PolicyUnavailable
from herwa_shared.services import discovery
from herwa_shared.services.display_names import load_display_names
from herwa_shared.stores import Stores

log = get_logger(__name__)

MAX_CONCURRENT_CHECKS = 8
"""Maximum number of guilds that `list_allowed_guild_ids` checks concurrently for one user."""


class AccessDenied(Forbidden):
    """The guardrail refused the request.

    `reason` is the machine-readable cause, `headline` names what blocked the request, `remedy` names who can change it.
    """

    def __init__(self, reason: Reason, details: Refusal) -> None:
        super().__init__(" ".join(filter(None, (details.headline, details.remedy))))
        self.reason = reason
        self.headline = details.headline
        self.remedy = details.remedy


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Authorization checks for members and API keys.

    `guild_access` is None while OAuth is not configured.
    """

    policy_cache: PolicyCache
    database: Database
    guild_access: GuildAccess | None

    async def require_member(self, user_id: int, guild: UserGuildInfo, surface: Surface) -> None:
        """Require that a member of the guild may use the surface; runs every guardrail step.

        A page has no channel, so the invocation has no place.

        Raises AccessDenied and PolicyUnavailable. If an access rule is about a role, the user's roles are loaded, which
        also raises what `GuildAccess.get_role_ids` raises, and OAuthNotConfigured.
        """
        await self._require_allowed(*await self._build_member_invocation(user_id, guild, surface))

    async def list_allowed_guild_ids(
        self, user_id: int, guilds: Iterable[UserGuildInfo], surface: Surface
    ) -> frozenset[int]:
        """List the ids of the given guilds in which the user may use the surface.

        Fails closed: a guild whose policy or roles cannot be loaded is left out. Raises ReauthRequired and
        OAuthNotConfigured.
        """
        semaphore = asyncio.Semaphore(MAX_CONCURRENT_CHECKS)

        async def is_allowed(guild: UserGuildInfo) -> bool:
            async with semaphore:
                try:
                    return decide(*await self._build_member_invocation(user_id, guild, surface)).allowed
                except (PolicyUnavailable, DiscordUnavailable, NotFound):
                    return False

        guilds = tuple(guilds)
        results = await asyncio.gather(*(is_allowed(guild) for guild in guilds))
        return frozenset(guild.id for guild, allowed in zip(guilds, results, strict=True) if allowed)

    async def require_key(self, guild_id: int, surface: Surface, *, in_scope: bool) -> None:
        """Require that an API key of this guild may use the surface.

        Checks kill switch, tier, toggle and scope; `in_scope`: whether the key has the required scope.
        Raises AccessDenied and PolicyUnavailable.
        """
        compiled = await self.policy_cache.get(guild_id)
        at = self.policy_cache.now()
        await self._require_allowed(
            Invocation.from_key(guild_id=guild_id, surface=surface, at=at, in_scope=in_scope), compiled
        )

    async def load_history_limit(self, guild_id: int) -> HistoryLimit:
        """Return how far back the guild's statistics may be read. Raises PolicyUnavailable."""
        return HistoryLimit.from_entitlement((await self.policy_cache.get(guild_id)).entitlement)

    async def _build_member_invocation(
        self, user_id: int, guild: UserGuildInfo, surface: Surface
    ) -> tuple[Invocation, CompiledPolicy]:
        compiled = await self.policy_cache.get(guild.id)
        role_ids: frozenset[int] = frozenset()
        if not guild.is_administrator and _has_role_rules(compiled.policy, self.policy_cache.now()):
            role_ids = await self._get_role_ids(user_id, guild.id)
            compiled = await self.policy_cache.get(guild.id)  # may have changed during the Discord request
        invocation = Invocation.from_member(
            guild_id=guild.id,
            surface=surface,
            at=self.policy_cache.now(),
            member_id=user_id,
            role_ids=role_ids,
            permissions=guild.permissions,
            is_owner=guild.owner,
        )
        return invocation, compiled

    async def _get_role_ids(self, user_id: int, guild_id: int) -> frozenset[int]:
        if self.guild_access is None:
            raise OAuthNotConfigured
        return await self.guild_access.get_role_ids(user_id, guild_id)

    async def _require_allowed(self, invocation: Invocation, compiled: CompiledPolicy) -> None:
        verdict = decide(invocation, compiled)
        if verdict.allowed:
            return
        trace = explain(invocation, compiled.policy)
        async with self.database.transaction() as session:
            names = await load_display_names(session, trace)
        raise AccessDenied(verdict.reason, build_refusal(trace, names))


def _has_role_rules(policy: GuildPolicy, at: float) -> bool:
    return any(
        rule.subject_kind == SubjectKind.ROLE and (rule.until is None or rule.until > at) for rule in policy.rules
    )


@asynccontextmanager
async def open_policy_cache(
    stores: Stores, kinds: Collection[SurfaceKind], surfaces: SurfaceRegistry
) -> AsyncIterator[PolicyCache]:
    """Register the surfaces of this process, then run a policy cache while the block runs."""
    async with stores.database.transaction() as session:
        diff = await discovery.register(session, kinds, surfaces.all)
    if diff:
        log.info("surfaces registered", **diff.to_log_fields())
    policy_cache = PolicyCache(stores.database, stores.database_url, surfaces)
    async with policy_cache.run():
        yield policy_cache
