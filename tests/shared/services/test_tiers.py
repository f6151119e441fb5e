"""Tiers: the operator's changes of features and limits apply, are inherited, published and audited."""

import pytest
from sqlalchemy.exc import IntegrityError

from herwa_shared.catalog import FEATURES, FeatureKey, Limit
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.models import TierFeature, TierLimit, TierRow
from herwa_shared.services.audit import list_entries
from herwa_shared.services.features import FeatureNotInTier, set_feature
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.subscriptions import grant, revoke
from herwa_shared.services.tiers import (
    inherit_tier_limit,
    list_tiers,
    load_feature_titles,
    set_lowest_tier,
    set_tier_feature,
    set_tier_limit,
)
from tests.shared.services.guild_under_test import build_rule, open_rollback_session
from tests.shared.services.operator_helpers import (
    OPERATOR,
    list_audit_entries,
    load_entitlement,
    load_policy_version,
    register_catalog,
    save_guild,
)
from tests.support.access_rules import add_rule


@pytest.fixture
async def gold(stores, guild_id):
    """A new tier that inherits Free, granted to the test's guild; its key."""
    await register_catalog(stores)
    await save_guild(stores, guild_id)
    key = f"gold-{guild_id}"
    async with stores.database.transaction() as session:
        session.add(TierRow(key=key, title="Gold", rank=guild_id % 2_000_000_000, inherits="free"))
        await session.flush()
        await grant(session, guild_id=guild_id, tier=key, reason="", actor=OPERATOR)
    return key


async def load_tier(stores, key):
    async with stores.database.transaction() as session:
        return next(tier_status for tier_status in await list_tiers(session) if tier_status.key == key)


async def change_tier(stores, function, **arguments):
    async with stores.database.transaction() as session:
        return await function(session, actor=OPERATOR, reason="as agreed", **arguments)


async def test_free_and_premium_exist_with_their_limits(stores):
    free, premium = await load_tier(stores, "free"), await load_tier(stores, "premium")
    assert (free.title, premium.title, premium.inherits, free.rank < premium.rank) == ("Free", "Premium", "free", True)
    assert free.limits == {
        Limit.HISTORY_DAYS: 90,
        Limit.WIDGETS: 1,
        Limit.API_KEYS: 1,
        Limit.REQUESTS_PER_MINUTE: 100,
        Limit.EXPORT_ROWS: 0,
        Limit.MEMBER_COMMANDS_PER_MINUTE: 30,
        Limit.GUILD_COMMANDS_PER_MINUTE: 300,
    }
    assert premium.limits == {
        Limit.HISTORY_DAYS: None,
        Limit.WIDGETS: 10,
        Limit.API_KEYS: 10,
        Limit.REQUESTS_PER_MINUTE: 1000,
        Limit.EXPORT_ROWS: None,
        Limit.MEMBER_COMMANDS_PER_MINUTE: 60,
        Limit.GUILD_COMMANDS_PER_MINUTE: 1200,
    }


async def test_free_features_are_inherited(stores, gold):
    titles = {feature.key: feature.title for feature in FEATURES.values()}
    async with stores.database.transaction() as session:
        assert await load_feature_titles(session) == titles
    free = {feature.key for feature in FEATURES.values() if feature.lowest_tier == "free"}
    assert free <= (await load_tier(stores, gold)).features
    assert (await load_tier(stores, gold)).own_features == frozenset()


async def test_limit_of_a_tier_can_be_set_and_inherited(stores, gold, guild_id):
    version_before = await load_policy_version(stores, 0)
    for value in (0, 7, None):
        assert await change_tier(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=value)
        assert (await load_tier(stores, gold)).limits[Limit.WIDGETS] == value
        assert (await load_entitlement(stores, guild_id)).limits[Limit.WIDGETS] == value
    assert await load_policy_version(stores, 0) > version_before
    assert await change_tier(stores, inherit_tier_limit, tier=gold, limit=Limit.WIDGETS)
    assert (await load_tier(stores, gold)).limits[Limit.WIDGETS] == 1
    changes = [
        (entry.action, entry.before, entry.after)
        for entry in await list_audit_entries(stores, None)
        if gold in entry.target
    ]
    assert changes == [
        ("tier.limit", None, {"value": 0}),
        ("tier.limit", {"value": 0}, {"value": 7}),
        ("tier.limit", {"value": 7}, {"value": None}),
        ("tier.limit", {"value": None}, None),
    ]


async def test_change_without_effect_is_neither_published_nor_audited(stores, gold):
    await change_tier(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=5)
    version_before, entry_count = await load_policy_version(stores, 0), len(await list_audit_entries(stores, None))
    assert await change_tier(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=5) is None
    assert await change_tier(stores, inherit_tier_limit, tier=gold, limit=Limit.API_KEYS) is None
    assert await change_tier(stores, set_tier_feature, tier=gold, feature=FeatureKey.HELP, included=True) is None
    assert (await load_policy_version(stores, 0), len(await list_audit_entries(stores, None))) == (
        version_before,
        entry_count,
    )


async def test_feature_is_added_to_and_removed_from_a_tier(stores, gold, guild_id):
    async with stores.database.transaction() as session:
        tier_row = await session.get_one(TierRow, gold)
        tier_row.inherits = None
    assert FeatureKey.VOICE_STATS not in (await load_entitlement(stores, guild_id)).features
    assert await change_tier(stores, set_tier_feature, tier=gold, feature=FeatureKey.VOICE_STATS, included=True)
    assert FeatureKey.VOICE_STATS in (await load_entitlement(stores, guild_id)).features
    assert await change_tier(stores, set_tier_feature, tier=gold, feature=FeatureKey.VOICE_STATS, included=False)
    assert FeatureKey.VOICE_STATS not in (await load_entitlement(stores, guild_id)).features
    changes = [
        (entry.before, entry.after, entry.reason)
        for entry in await list_audit_entries(stores, None)
        if gold in entry.target
    ]
    assert changes == [
        ({"included": False}, {"included": True}, "as agreed"),
        ({"included": True}, {"included": False}, "as agreed"),
    ]


async def test_inherited_feature_cannot_be_removed_from_the_inheriting_tier(stores, gold):
    with pytest.raises(BadRequest, match="inherits"):
        await change_tier(stores, set_tier_feature, tier=gold, feature=FeatureKey.HELP, included=False)


async def test_lowest_tier_of_a_feature_can_be_changed(stores, gold):
    async with open_rollback_session(stores) as session:

        async def make_lowest(tier):
            entry = await set_lowest_tier(
                session, feature=FeatureKey.VOICE_STATS, tier=tier, actor=OPERATOR, reason="a sale"
            )
            tier_keys = [
                tier_status.key
                for tier_status in await list_tiers(session)
                if FeatureKey.VOICE_STATS in tier_status.features
            ]
            return entry is not None, set(tier_keys) & {"free", "premium", gold}

        assert await make_lowest("premium") == (True, {"premium"})
        [newest, *_] = await list_entries(session, guild_id=None, limit=1)
        assert (newest.action, newest.target, newest.reason) == ("tier.lowest", FeatureKey.VOICE_STATS, "a sale")
        assert (newest.before, newest.after) == ({"tiers": ["free"]}, {"tiers": ["premium"]})
        assert await make_lowest("premium") == (False, {"premium"})
        assert await make_lowest(gold) == (True, {gold})
        assert await make_lowest("free") == (True, {"free", "premium", gold})
        with pytest.raises(NotFound, match=r"free, (.*, )?premium"):
            await make_lowest("gould")


async def test_downgrade_keeps_the_settings_of_a_guild(stores, gold, guild_id):
    async with open_rollback_session(stores) as session:

        async def load_settings():
            policy = await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))
            return policy.feature_toggles, policy.rules, policy.channel_lists

        arguments = {"guild_id": guild_id, "feature": FeatureKey.VOICE_STATS, "actor": OPERATOR}
        await set_lowest_tier(session, feature=FeatureKey.VOICE_STATS, tier=gold, actor=OPERATOR)
        await set_feature(session, **arguments, enabled=False)
        await add_rule(
            session,
            guild_id=guild_id,
            rule=build_rule(target_kind=TargetKind.FEATURE, target_key="voice.stats"),
            actor=OPERATOR,
        )
        settings_before = await load_settings()
        await revoke(session, guild_id=guild_id, reason="", actor=OPERATOR)
        with pytest.raises(FeatureNotInTier):
            await set_feature(session, **arguments, enabled=True)
        assert await load_settings() == settings_before
        await grant(session, guild_id=guild_id, tier=gold, reason="", actor=OPERATOR)
        assert await load_settings() == settings_before
        assert settings_before[0] == {FeatureKey.VOICE_STATS: False}
        assert len(settings_before[1]) == 1


async def test_unknown_keys_are_refused_with_suggestions(stores, gold):
    with pytest.raises(NotFound, match=r"free, (.*, )?premium"):
        await change_tier(stores, set_tier_limit, tier="gould", limit=Limit.WIDGETS, value=1)
    with pytest.raises(NotFound, match=r"voice\.stats"):
        await change_tier(stores, set_tier_feature, tier=gold, feature="voice.stat", included=True)


@pytest.mark.parametrize("value", [-1, 1 << 63])
async def test_invalid_limit_is_refused(stores, gold, value):
    with pytest.raises(BadRequest):
        await change_tier(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=value)


@pytest.mark.parametrize(
    "build_row",
    [
        lambda key: TierLimit(tier_key=key, limit_key="widgets", value=-1),
        lambda key: TierLimit(tier_key=key, limit_key="wishes", value=1),
        lambda key: TierFeature(tier_key=key, feature_key="no.such"),
        lambda key: TierRow(key=f"{key}2", title="x", rank=0),
    ],
)
async def test_postgresql_refuses_invalid_rows(stores, gold, build_row):
    async with stores.database.transaction() as session:
        session.add(build_row(gold))
        with pytest.raises(IntegrityError):
            await session.flush()
        await session.rollback()
