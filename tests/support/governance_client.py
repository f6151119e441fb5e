"""Changes the governance settings of guilds through the services, as managers and the operator do."""

from dataclasses import dataclass

from herwa_shared.catalog import FeatureKey, ModuleKey, TierKey
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import access_rules, features, kill_switches, tiers
from herwa_shared.services.access_rules import NewRule
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.stores import Stores
from tests.support.access_rules import add_rule

TEST_ACTOR = Actor(ChangeSource.CLI, None, "a test")


@dataclass(frozen=True)
class GovernanceClient:
    """Changes settings of guilds and of the copy, each in its own transaction."""

    stores: Stores

    async def set_feature(self, guild_id: int, feature: FeatureKey, *, enabled: bool) -> None:
        async with self.stores.database.transaction() as session:
            await features.set_feature(session, guild_id=guild_id, feature=feature, enabled=enabled, actor=TEST_ACTOR)

    async def set_module(self, guild_id: int, module: ModuleKey, *, enabled: bool) -> None:
        async with self.stores.database.transaction() as session:
            await features.set_module(session, guild_id=guild_id, module=module, enabled=enabled, actor=TEST_ACTOR)

    async def add_deny_rule(
        self, guild_id: int, kind: SubjectKind, subject_id: int, feature: FeatureKey, *, note: str
    ) -> int:
        """Add a rule that denies a subject a feature in every channel; return the rule's id."""
        rule = NewRule(False, kind, subject_id, TargetKind.FEATURE, feature, note=note)
        async with self.stores.database.transaction() as session:
            return await add_rule(session, guild_id=guild_id, rule=rule, actor=TEST_ACTOR)

    async def remove_rule(self, guild_id: int, rule_id: int) -> None:
        async with self.stores.database.transaction() as session:
            await access_rules.remove_rule(session, guild_id=guild_id, rule_id=rule_id, actor=TEST_ACTOR)

    async def set_kill_switch(self, feature: FeatureKey, *, enabled: bool, reason: str = "") -> None:
        """Set the operator's kill switch. It applies to every guild, so a test has to switch it off again."""
        async with self.stores.database.transaction() as session:
            await kill_switches.set_kill_switch(
                session, feature=feature, active=enabled, reason=reason, actor=TEST_ACTOR
            )

    async def set_tier_feature(self, tier: TierKey, feature: FeatureKey, *, included: bool) -> None:
        """Set whether a tier includes a feature. It applies to every guild, so a test has to undo it."""
        async with self.stores.database.transaction() as session:
            await tiers.set_tier_feature(session, tier=tier, feature=feature, included=included, actor=TEST_ACTOR)
