"""Entitlement of a guild: tier, features and limits from subscription periods and grants."""

from dataclasses import replace

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.guardrail.policy import GlobalPolicy, Grant, SubscriptionPeriod, Tier
from tests.shared.guardrail.policy_factories import FREE_TIER, NOW, POLICY, PREMIUM_TIER


def test_highest_active_tier_applies_and_free_is_the_default():
    policy = replace(
        POLICY,
        periods=(
            SubscriptionPeriod("free", NOW - 5, None),
            SubscriptionPeriod("premium", NOW, NOW + 60),
            SubscriptionPeriod("gone", NOW, None),
        ),
    )

    assert resolve_entitlement(policy, NOW - 1).tier == "free"
    assert resolve_entitlement(policy, NOW).tier == "premium"
    assert resolve_entitlement(policy, NOW + 60).tier == "free"
    assert resolve_entitlement(POLICY, NOW).features == FREE_TIER.features


def test_grant_adds_features_and_never_lowers_a_limit():
    grants = (
        Grant("ticket.stats", None, None, NOW, NOW + 9),
        Grant(None, Limit.WIDGETS, 5, NOW, None),
        Grant(None, Limit.HISTORY_DAYS, 30, NOW, None),
        Grant(None, Limit.EXPORT_ROWS, None, NOW, None),
    )
    entitlement = resolve_entitlement(replace(POLICY, grants=grants), NOW)

    assert entitlement.features == FREE_TIER.features | {"ticket.stats"}
    assert entitlement.limits == {Limit.WIDGETS: 5, Limit.HISTORY_DAYS: 90, Limit.EXPORT_ROWS: None}
    premium_policy = replace(POLICY, periods=(SubscriptionPeriod("premium", NOW, None),), grants=grants)
    assert resolve_entitlement(premium_policy, NOW).limits == {**PREMIUM_TIER.limits, Limit.EXPORT_ROWS: None}


def test_entitlement_is_valid_until_the_next_start_or_end():
    policy = replace(
        POLICY,
        periods=(SubscriptionPeriod("premium", NOW + 5, NOW + 60),),
        grants=(Grant("x", None, None, NOW - 9, NOW + 7),),
    )

    assert [resolve_entitlement(policy, NOW + offset_seconds).until for offset_seconds in (0, 5, 7, 60)] == [
        NOW + 5,
        NOW + 7,
        NOW + 60,
        None,
    ]


def test_lowest_better_tier_with_a_sku_and_the_feature_is_for_sale():
    gold, platinum = replace(PREMIUM_TIER, key="gold", rank=20), replace(PREMIUM_TIER, key="platinum", rank=30)
    empty = replace(gold, features=frozenset(), sku_id=3)

    def find(current: str, *tiers: Tier, feature: str | None = None) -> Tier | None:
        policy = GlobalPolicy({tier.key: tier for tier in (FREE_TIER, *tiers)}, {})
        return policy.find_tier_for_sale(current, feature=feature)

    sold = replace(platinum, sku_id=4)
    assert find("free", PREMIUM_TIER, gold) is None
    assert find("free", PREMIUM_TIER, replace(gold, sku_id=3), sold) == replace(gold, sku_id=3)
    assert find("gold", PREMIUM_TIER, empty, sold) == sold
    assert find("free", empty, sold) == empty
    assert find("free", empty, sold, feature="ticket.stats") == sold
    assert find("platinum", sold) is None
    assert find("unknown", sold) == sold
