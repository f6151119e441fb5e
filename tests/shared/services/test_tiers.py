"""Tiers are rows: what the operator changes of them holds, is inherited, told and written down."""

import pytest
from sqlalchemy.exc import IntegrityError

from herwa_shared.catalog import FEATURES, FeatureKey, Limit
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.models import Tier, TierFeature, TierLimit
from herwa_shared.services.access_rules import add_rule
from herwa_shared.services.audit import entries
from herwa_shared.services.features import FeatureNotInTier, set_feature
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.services.subscriptions import grant, revoke
from herwa_shared.services.tiers import (
    feature_titles,
    inherit_tier_limit,
    list_tiers,
    set_lowest_tier,
    set_tier_feature,
    set_tier_limit,
)
from tests.shared.services.chosen import never_committed, rule
from tests.shared.services.operator import OPERATOR, entitlement, log, registered, server, version


@pytest.fixture
async def gold(stores, guild_id):
    """A tier of this test's own, which inherits Free, and a guild that has it."""
    await registered(stores)
    await server(stores, guild_id)
    key = f"gold-{guild_id}"
    async with stores.database.transaction() as session:
        session.add(Tier(key=key, title="Gold", rank=guild_id % 2_000_000_000, inherits="free"))
        await session.flush()
        await grant(session, guild_id=guild_id, tier=key, reason="", actor=OPERATOR)
    return key


async def tier(stores, key):
    async with stores.database.transaction() as session:
        return next(one for one in await list_tiers(session) if one.key == key)


async def changed(stores, function, **what):
    async with stores.database.transaction() as session:
        return await function(session, actor=OPERATOR, reason="as agreed", **what)


async def test_free_and_premium_are_there_from_the_start(stores):
    free, premium = await tier(stores, "free"), await tier(stores, "premium")
    assert (free.title, premium.title, premium.inherits, free.rank < premium.rank) == ("Free", "Premium", "free", True)
    assert free.limits == {
        Limit.HISTORY_DAYS: 90,
        Limit.WIDGETS: 1,
        Limit.API_KEYS: 1,
        Limit.REQUESTS_A_MINUTE: 100,
        Limit.EXPORT_ROWS: 0,
        Limit.MEMBER_COMMANDS_A_MINUTE: 30,
        Limit.GUILD_COMMANDS_A_MINUTE: 300,
    }
    assert premium.limits == {
        Limit.HISTORY_DAYS: None,
        Limit.WIDGETS: 10,
        Limit.API_KEYS: 10,
        Limit.REQUESTS_A_MINUTE: 1000,
        Limit.EXPORT_ROWS: None,
        Limit.MEMBER_COMMANDS_A_MINUTE: 60,
        Limit.GUILD_COMMANDS_A_MINUTE: 1200,
    }


async def test_every_feature_is_in_its_lowest_tier_and_in_what_inherits_it(stores, gold):
    titles = {feature.key: feature.title for feature in FEATURES.values()}
    async with stores.database.transaction() as session:
        assert await feature_titles(session) == titles
    free = {feature.key for feature in FEATURES.values() if feature.lowest_tier == "free"}
    assert free <= (await tier(stores, gold)).features
    assert (await tier(stores, gold)).own == frozenset()


async def test_a_limit_is_the_tiers_own_until_it_is_inherited_again(stores, gold, guild_id):
    before = await version(stores, 0)
    for value in (0, 7, None):
        assert await changed(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=value)
        assert (await tier(stores, gold)).limits[Limit.WIDGETS] == value
        assert (await entitlement(stores, guild_id)).limits[Limit.WIDGETS] == value
    assert await version(stores, 0) > before
    assert await changed(stores, inherit_tier_limit, tier=gold, limit=Limit.WIDGETS)
    assert (await tier(stores, gold)).limits[Limit.WIDGETS] == 1
    said = [(entry.action, entry.before, entry.after) for entry in await log(stores, None) if gold in entry.target]
    assert said == [
        ("tier.limit", None, {"value": 0}),
        ("tier.limit", {"value": 0}, {"value": 7}),
        ("tier.limit", {"value": 7}, {"value": None}),
        ("tier.limit", {"value": None}, None),
    ]


async def test_what_is_so_already_is_neither_told_nor_written_down(stores, gold):
    await changed(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=5)
    before, entries = await version(stores, 0), len(await log(stores, None))
    assert await changed(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=5) is None
    assert await changed(stores, inherit_tier_limit, tier=gold, limit=Limit.API_KEYS) is None
    assert await changed(stores, set_tier_feature, tier=gold, feature=FeatureKey.HELP, included=True) is None
    assert (await version(stores, 0), len(await log(stores, None))) == (before, entries)


async def test_a_feature_goes_into_a_tier_and_out_again(stores, gold, guild_id):
    async with stores.database.transaction() as session:
        own_line = await session.get_one(Tier, gold)
        own_line.inherits = None
    assert FeatureKey.VOICE_STATS not in (await entitlement(stores, guild_id)).features
    assert await changed(stores, set_tier_feature, tier=gold, feature=FeatureKey.VOICE_STATS, included=True)
    assert FeatureKey.VOICE_STATS in (await entitlement(stores, guild_id)).features
    assert await changed(stores, set_tier_feature, tier=gold, feature=FeatureKey.VOICE_STATS, included=False)
    assert FeatureKey.VOICE_STATS not in (await entitlement(stores, guild_id)).features
    said = [(entry.before, entry.after, entry.reason) for entry in await log(stores, None) if gold in entry.target]
    assert said == [
        ({"included": False}, {"included": True}, "as agreed"),
        ({"included": True}, {"included": False}, "as agreed"),
    ]


async def test_what_a_tier_only_inherits_is_taken_out_where_it_comes_from(stores, gold):
    with pytest.raises(BadRequest, match="inherits"):
        await changed(stores, set_tier_feature, tier=gold, feature=FeatureKey.HELP, included=False)


async def test_a_feature_moves_to_a_higher_tier_and_back_and_is_never_in_none(stores, gold):
    async with never_committed(stores) as session:

        async def made_lowest(tier):
            entry = await set_lowest_tier(
                session, feature=FeatureKey.VOICE_STATS, tier=tier, actor=OPERATOR, reason="a sale"
            )
            having = [one.key for one in await list_tiers(session) if FeatureKey.VOICE_STATS in one.features]
            return entry is not None, set(having) & {"free", "premium", gold}

        assert await made_lowest("premium") == (True, {"premium"})
        [newest, *_] = await entries(session, guild_id=None, limit=1)
        assert (newest.action, newest.target, newest.reason) == ("tier.lowest", FeatureKey.VOICE_STATS, "a sale")
        assert (newest.before, newest.after) == ({"tiers": ["free"]}, {"tiers": ["premium"]})
        assert await made_lowest("premium") == (False, {"premium"})
        assert await made_lowest(gold) == (True, {gold})
        assert await made_lowest("free") == (True, {"free", "premium", gold})
        with pytest.raises(NotFound, match="There are free"):
            await made_lowest("gould")


async def test_a_downgrade_hides_and_never_deletes(stores, gold, guild_id):
    async with never_committed(stores) as session:

        async def chosen():
            policy = await load_policy(session, guild_id=guild_id, offer=await load_offer(session))
            return policy.feature_toggles, policy.rules, policy.lists

        voice = {"guild_id": guild_id, "feature": FeatureKey.VOICE_STATS, "actor": OPERATOR}
        await set_lowest_tier(session, feature=FeatureKey.VOICE_STATS, tier=gold, actor=OPERATOR)
        await set_feature(session, **voice, enabled=False)
        await add_rule(
            session,
            guild_id=guild_id,
            rule=rule(target_kind=TargetKind.FEATURE, target_key="voice.stats"),
            actor=OPERATOR,
        )
        before = await chosen()
        await revoke(session, guild_id=guild_id, reason="", actor=OPERATOR)
        with pytest.raises(FeatureNotInTier):
            await set_feature(session, **voice, enabled=True)
        assert await chosen() == before
        await grant(session, guild_id=guild_id, tier=gold, reason="", actor=OPERATOR)
        assert await chosen() == before
        assert before[0] == {FeatureKey.VOICE_STATS: False}
        assert len(before[1]) == 1


async def test_unknown_names_are_answered_with_the_nearest(stores, gold):
    with pytest.raises(NotFound, match="There are free"):
        await changed(stores, set_tier_limit, tier="gould", limit=Limit.WIDGETS, value=1)
    with pytest.raises(NotFound, match=r"voice\.stats"):
        await changed(stores, set_tier_feature, tier=gold, feature="voice.stat", included=True)


@pytest.mark.parametrize("value", [-1, 1 << 63])
async def test_a_limit_that_is_no_number_of_things_is_refused(stores, gold, value):
    with pytest.raises(BadRequest):
        await changed(stores, set_tier_limit, tier=gold, limit=Limit.WIDGETS, value=value)


@pytest.mark.parametrize(
    "row",
    [
        lambda key: TierLimit(tier_key=key, limit_key="widgets", value=-1),
        lambda key: TierLimit(tier_key=key, limit_key="wishes", value=1),
        lambda key: TierFeature(tier_key=key, feature_key="no.such"),
        lambda key: Tier(key=f"{key}2", title="x", rank=0),
    ],
)
async def test_postgresql_itself_refuses_rows_that_mean_nothing(stores, gold, row):
    async with stores.database.transaction() as session:
        session.add(row(gold))
        with pytest.raises(IntegrityError):
            await session.flush()
        await session.rollback()
