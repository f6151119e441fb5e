"""May this person see this page, may this program have this answer: the guardrail, asked for the pages and the API."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from herwa_shared.auth.guild_access import OwnGuild, Rights
from herwa_shared.catalog import Surface, SurfaceKind, Surfaces
from herwa_shared.db import Database
from herwa_shared.errors import DiscordAway, Forbidden, LogInNotSetUp, NotFound
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import GuildPolicy, SubjectKind
from herwa_shared.guardrail.texts import Refusal, refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.log import get_logger
from herwa_shared.policy_cache.cache import PolicyAway, PolicyCache
from herwa_shared.services import discovery
from herwa_shared.services.display_names import plain_names
from herwa_shared.stores import Stores

log = get_logger(__name__)
AT_ONCE = 8
"""Guilds of one person that are asked about at a time."""


class Refused(Forbidden):
    """The guardrail refused, and says what objected (`headline`) and who can change it (`who`)."""

    def __init__(self, reason: Reason, said: Refusal) -> None:
        super().__init__(" ".join(filter(None, (said.headline, said.who))))
        self.reason = reason
        self.headline = said.headline
        self.who = said.who


@dataclass(frozen=True, slots=True)
class Clearance:
    """Decides by policies in memory. `rights` is None while nobody can log in."""

    policies: PolicyCache
    database: Database
    rights: Rights | None

    async def require_member(self, user_id: int, guild: OwnGuild, surface: Surface) -> None:
        """Every step, for a person who belongs to this guild. There is no channel on a page, so no place either.

        Raises Refused, PolicyAway, and what asking for roles raises, which is done only where a rule is about one.
        """
        await self._require(*await self._by_member(user_id, guild, surface))

    async def open_guilds(self, user_id: int, guilds: Iterable[OwnGuild], surface: Surface) -> frozenset[int]:
        """The ids of those of these guilds that let them see it; one that cannot say so does not. Raises LogInAgain."""
        few = asyncio.Semaphore(AT_ONCE)

        async def opens(guild: OwnGuild) -> bool:
            async with few:
                try:
                    return decide(*await self._by_member(user_id, guild, surface)).allowed
                except (PolicyAway, DiscordAway, NotFound):
                    return False

        guilds = tuple(guilds)
        answers = await asyncio.gather(*(opens(guild) for guild in guilds))
        return frozenset(guild.id for guild, is_open in zip(guilds, answers, strict=True) if is_open)

    async def require_key(self, guild_id: int, surface: Surface, *, in_scope: bool) -> None:
        """Kill switch, tier, toggle and scope, for a program with a key of this guild. Raises Refused, PolicyAway."""
        compiled = await self.policies.get(guild_id)
        at = self.policies.now()
        await self._require(Invocation.by_key(guild_id=guild_id, surface=surface, at=at, in_scope=in_scope), compiled)

    async def _by_member(self, user_id: int, guild: OwnGuild, surface: Surface) -> tuple[Invocation, CompiledPolicy]:
        compiled = await self.policies.get(guild.id)
        role_ids: frozenset[int] = frozenset()
        if not guild.is_administrator and _is_about_roles(compiled.policy, self.policies.now()):
            role_ids = await self._roles(user_id, guild.id)
            compiled = await self.policies.get(guild.id)  # it may have changed while Discord was asked
        invocation = Invocation.by_member(
            guild_id=guild.id,
            surface=surface,
            at=self.policies.now(),
            member_id=user_id,
            role_ids=role_ids,
            permissions=guild.permissions,
            is_owner=guild.owner,
        )
        return invocation, compiled

    async def _roles(self, user_id: int, guild_id: int) -> frozenset[int]:
        if self.rights is None:
            raise LogInNotSetUp
        return await self.rights.role_ids(user_id, guild_id)

    async def _require(self, invocation: Invocation, compiled: CompiledPolicy) -> None:
        verdict = decide(invocation, compiled)
        if verdict.allowed:
            return
        trace = explain(invocation, compiled.policy)
        async with self.database.transaction() as session:
            names = await plain_names(session, trace)
        raise Refused(verdict.reason, refusal(trace, names))


def _is_about_roles(policy: GuildPolicy, at: float) -> bool:
    return any(
        rule.subject_kind is SubjectKind.ROLE and (rule.until is None or rule.until > at) for rule in policy.rules
    )


@asynccontextmanager
async def open_policies(
    stores: Stores, kinds: Collection[SurfaceKind], surfaces: Surfaces
) -> AsyncIterator[PolicyCache]:
    """Register what this process serves; then, as long as the block runs, the policies that it decides by."""
    async with stores.database.transaction() as session:
        difference = await discovery.register(session, kinds, surfaces.all)
    if difference:
        log.info("registered what is served", **difference.brief())
    policies = PolicyCache(stores.database, stores.database_url, surfaces)
    async with policies.running():
        yield policies
