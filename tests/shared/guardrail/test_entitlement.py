from dataclasses import replace

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.entitlement import entitlement_of
from herwa_shared.guardrail.policy import Grant, Term
from tests.shared.guardrail.stage import FREE, NOW, POLICY, PREMIUM


def test_the_best_live_term_wins_and_without_one_the_guild_is_on_free():
    policy = replace(
        POLICY, terms=(Term("free", NOW - 5, None), Term("premium", NOW, NOW + 60), Term("gone", NOW, None))
    )

    assert entitlement_of(policy, NOW - 1).tier == "free"
    assert entitlement_of(policy, NOW).tier == "premium"
    assert entitlement_of(policy, NOW + 60).tier == "free"
    assert entitlement_of(POLICY, NOW).features == FREE.features


def test_a_grant_adds_a_feature_and_raises_a_limit_but_never_lowers_one():
    grants = (
        Grant("ticket.stats", None, None, NOW, NOW + 9),
        Grant(None, Limit.WIDGETS, 5, NOW, None),
        Grant(None, Limit.HISTORY_DAYS, 30, NOW, None),
        Grant(None, Limit.EXPORT_ROWS, None, NOW, None),
    )
    granted = entitlement_of(replace(POLICY, grants=grants), NOW)

    assert granted.features == FREE.features | {"ticket.stats"}
    assert granted.limits == {Limit.WIDGETS: 5, Limit.HISTORY_DAYS: 90, Limit.EXPORT_ROWS: None}
    best = replace(POLICY, terms=(Term("premium", NOW, None),), grants=grants)
    assert entitlement_of(best, NOW).limits == {**PREMIUM.limits, Limit.EXPORT_ROWS: None}


def test_it_holds_until_the_next_start_or_end():
    policy = replace(
        POLICY, terms=(Term("premium", NOW + 5, NOW + 60),), grants=(Grant("x", None, None, NOW - 9, NOW + 7),)
    )

    assert [entitlement_of(policy, NOW + later).until for later in (0, 5, 7, 60)] == [NOW + 5, NOW + 7, NOW + 60, None]
