"""Loading of policies: they contain exactly the stored tiers, periods, grants, toggles, rules and lists."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text

from herwa_shared.catalog import FEATURES, Limit, ModuleKey, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import PERMISSIONS
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    Grant,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
    SubscriptionPeriod,
    TargetKind,
)
from herwa_shared.models import EntitlementGrant, KillSwitch, Subscription, TierFeature, TierLimit, TierRow
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import access_rules, channel_lists, features
from herwa_shared.services.policies import GUILD_POLICY_QUERY, load_global_policy
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import (
    GuildUnderTest,
    build_rule,
    create_guild,
    load_guild_policy,
    open_rollback_session,
)
from tests.support.access_rules import add_rule

TARGETS = (
    (TargetKind.EVERYTHING, ""),
    (TargetKind.MODULE, "voice"),
    (TargetKind.FEATURE, "ticket.stats"),
    (TargetKind.COMMAND, "permissions"),
    (TargetKind.COMMAND, "permissions allow"),
    (TargetKind.COMMAND, "Voice of a member"),
)


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def test_unknown_guild_has_a_default_policy(stores: Stores, guild: GuildUnderTest):
    policy = await load_guild_policy(stores, 81384788765712384)

    assert policy == GuildPolicy(guild_id=81384788765712384, version=policy.version, global_policy=policy.global_policy)
    assert policy.global_policy.tiers[TierKey.FREE].features == {
        key for key, feature in FEATURES.items() if feature.lowest_tier is TierKey.FREE
    }


async def test_tiers_include_inherited_features_and_missing_limits_are_zero(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        await session.execute(insert(TierRow).values(key="patron", title="Patron", rank=77, inherits="premium"))
        await session.execute(insert(TierLimit).values(tier_key="patron", limit_key="widgets", value=50))
        await session.execute(delete(TierFeature).where(TierFeature.feature_key == "voice.stats"))
        await session.execute(insert(TierFeature).values(tier_key="premium", feature_key="voice.stats"))
        await session.execute(delete(TierLimit).where(TierLimit.limit_key == "api_keys"))
        tiers = (await load_global_policy(session)).tiers

    assert tiers["patron"].features == tiers["premium"].features == set(FEATURES)
    assert tiers["free"].features == set(FEATURES) - {"voice.stats", "exports.history"}
    assert [tiers[key].limits[Limit.WIDGETS] for key in ("free", "premium", "patron")] == [1, 10, 50]
    assert [tiers[key].limits[Limit.HISTORY_DAYS] for key in ("free", "premium", "patron")] == [90, None, None]
    assert tiers["patron"].limits[Limit.API_KEYS] == 0


async def test_circular_inheritance_of_tiers_is_loaded(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        await session.execute(text("UPDATE tier SET inherits = 'premium' WHERE key = 'free'"))
        tiers = (await load_global_policy(session)).tiers

    assert tiers["free"].features == tiers["premium"].features
    assert (tiers["free"].limits[Limit.WIDGETS], tiers["premium"].limits[Limit.WIDGETS]) == (1, 10)


async def test_kill_switch_is_loaded_with_its_reason(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        await session.execute(
            insert(KillSwitch).values(feature_key="voice.stats", reason="Counts twice", by="Op", at=utc_now())
        )
        assert (await load_global_policy(session)).kill_switches == {"voice.stats": "Counts twice"}


async def test_version_increases_with_changes_of_guild_and_operator(stores: Stores, guild: GuildUnderTest):
    first = (await guild.load_policy()).version
    await guild.call_as_manager(features.set_feature, feature="voice.stats", enabled=False)
    second = (await guild.load_policy()).version
    async with stores.database.transaction() as session:
        await publish_policy_change(session, guild_id=None)
    third = (await guild.load_policy()).version

    assert first < second < third


async def test_revoked_and_ended_subscriptions_are_not_loaded(stores: Stores, guild: GuildUnderTest):
    now = utc_now()
    long_ago, day = now - timedelta(days=400), timedelta(days=1)
    fields = {
        "guild_id": guild.id,
        "tier_key": "premium",
        "source": "manual",
        "granted_by": "Op",
        "starts_at": long_ago,
    }
    async with stores.database.transaction() as session:
        session.add(Subscription(**fields))
        session.add(Subscription(**fields, ends_at=now + day))
        session.add(Subscription(**fields, ends_at=now - day))
        session.add(Subscription(**fields, revoked_at=now))

    assert (await guild.load_policy()).periods == (
        SubscriptionPeriod("premium", long_ago.timestamp(), None),
        SubscriptionPeriod("premium", long_ago.timestamp(), (now + day).timestamp()),
    )


@pytest.mark.parametrize("seed", range(10))
async def test_loaded_policy_matches_random_changes(stores: Stores, guild: GuildUnderTest, seed: int):
    writer = RandomPolicyWriter(guild, random.Random(seed))
    for _ in range(30):
        await writer.apply_random_change()
    await writer.add_grants()

    assert await guild.load_policy() == writer.build_expected_policy(await guild.load_policy())


async def test_policy_query_uses_only_indexes(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            await session.scalars(
                text("EXPLAIN " + GUILD_POLICY_QUERY.element.text.replace(":guild_id", str(guild.id)))
            )
        )
    assert "Seq Scan" not in plan, plan


class RandomPolicyWriter:
    """Makes random changes through the services and keeps the expected policy in plain dicts."""

    def __init__(self, guild: GuildUnderTest, rng: random.Random) -> None:
        self.guild = guild
        self.rng = rng
        self.feature_toggles: dict[str, bool] = {}
        self.module_toggles: dict[str, bool] = {}
        self.rules: dict[int, AccessRule] = {}
        self.channel_lists: dict[tuple[TargetKind, str], set[int]] = {}
        self.periods: tuple[SubscriptionPeriod, ...] = ()
        self.grants: tuple[Grant, ...] = ()

    async def apply_random_change(self) -> None:
        await self.rng.choice(
            [
                self._set_feature,
                self._set_module,
                self._add_rule,
                self._add_rule,
                self._remove_rule,
                self._add_list,
                self._clear_list,
            ]
        )()

    def build_expected_policy(self, loaded: GuildPolicy) -> GuildPolicy:
        return GuildPolicy(
            guild_id=self.guild.id,
            version=loaded.version,
            global_policy=loaded.global_policy,
            periods=self.periods,
            grants=self.grants,
            feature_toggles=self.feature_toggles,
            module_toggles=self.module_toggles,
            rules=tuple(self.rules[key] for key in sorted(self.rules)),
            channel_lists=tuple(
                ChannelList(kind, key, frozenset(place_ids))
                for (kind, key), place_ids in sorted(self.channel_lists.items())
            ),
        )

    async def _set_feature(self) -> None:
        key, enabled = self.rng.choice(["server.stats", "voice.stats", "ticket.stats"]), self.rng.random() < 0.5
        if await self.guild.call_as_manager(features.set_feature, feature=key, enabled=enabled):
            self.feature_toggles[key] = enabled

    async def _set_module(self) -> None:
        key, enabled = self.rng.choice([ModuleKey.VOICE, ModuleKey.TICKETS]), self.rng.random() < 0.5
        if await self.guild.call_as_manager(features.set_module, module=key, enabled=enabled):
            self.module_toggles[key] = enabled

    async def _add_rule(self) -> None:
        subject_kind, subject_id = self.rng.choice(
            [
                (SubjectKind.EVERYONE, 0),
                (SubjectKind.PERMISSION, PERMISSIONS["ban_members"]),
                (SubjectKind.ROLE, (1 << 62) + self.rng.randrange(3)),
                (SubjectKind.MEMBER, (1 << 61) + self.rng.randrange(3)),
            ]
        )
        target_kind, target_key = self.rng.choice(TARGETS)
        place_kind, place_id = self.rng.choice(
            [(PlaceKind.EVERYWHERE, 0), (PlaceKind.CHANNEL, 1 << 60), (PlaceKind.CATEGORY, 1 << 59)]
        )
        until = utc_now() + timedelta(seconds=self.rng.uniform(60, 1e8)) if self.rng.random() < 0.5 else None
        new_rule = build_rule(
            allow=self.rng.random() < 0.5,
            subject_kind=subject_kind,
            subject_id=subject_id,
            target_kind=target_kind,
            target_key=target_key,
            place_kind=place_kind,
            place_id=place_id,
            until=until,
            note=self.rng.choice(["", "'quoted' \\ \"twice\"", "理由 😀"]),
        )
        fields = {name: getattr(new_rule, name) for name in new_rule.__slots__} | {"until": until and until.timestamp()}
        rule_id = await self.guild.call_as_manager(add_rule, rule=new_rule)
        self.rules[rule_id] = AccessRule(id=rule_id, **fields)

    async def _remove_rule(self) -> None:
        if self.rules:
            rule_id = self.rng.choice(list(self.rules))
            await self.guild.call_as_manager(access_rules.remove_rule, rule_id=rule_id)
            del self.rules[rule_id]

    async def _add_list(self) -> None:
        kind, key = self.rng.choice(TARGETS)
        place_ids = {(1 << 58) + self.rng.randrange(5) for _ in range(3)}
        await self.guild.call_as_manager(
            channel_lists.add_places, target_kind=kind, target_key=key, place_ids=place_ids
        )
        self.channel_lists.setdefault((kind, key), set()).update(place_ids)

    async def _clear_list(self) -> None:
        kind, key = self.rng.choice(TARGETS)
        await self.guild.call_as_manager(channel_lists.clear_list, target_kind=kind, target_key=key)
        self.channel_lists.pop((kind, key), None)

    async def add_grants(self) -> None:
        starts = utc_now() - timedelta(seconds=self.rng.uniform(0, 1e7))
        ends = utc_now() + timedelta(seconds=self.rng.uniform(0, 1e7))
        common = {"guild_id": self.guild.id, "granted_by": "Op", "starts_at": starts, "ends_at": ends}
        async with self.guild.stores.database.transaction() as session:
            session.add(Subscription(**common, tier_key="premium", source="trial"))
            session.add(EntitlementGrant(**common, feature_key="voice.stats"))
            await session.flush()
            session.add(EntitlementGrant(**common, limit_key=Limit.WIDGETS, value=1 << 40))
        period = (starts.timestamp(), ends.timestamp())
        self.periods = (SubscriptionPeriod("premium", *period),)
        self.grants = (Grant("voice.stats", None, None, *period), Grant(None, Limit.WIDGETS, 1 << 40, *period))
