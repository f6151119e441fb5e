"""The editor of tiers: previews are exact and change nothing; a save makes each difference one entry."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import FeatureKey, Limit, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import TierRow
from herwa_shared.operators.tier_editor import (
    INHERITED,
    TierDraft,
    TierEffect,
    add_tier,
    count_servers_by_tier,
    preview_tier_change,
    remove_tier,
    save_lowest_tier,
    save_tier,
)
from herwa_shared.services.audit import Actor, ChangeSource, list_entries
from herwa_shared.services.discovery import register
from herwa_shared.services.grants import grant_feature, grant_limit
from herwa_shared.services.policies import load_global_policy
from herwa_shared.services.subscriptions import grant
from herwa_shared.services.tiers import TierStatus, list_tiers
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import SURFACE_KINDS, SURFACES
from tests.support.row_factories import add_guild

OPAL = Actor(ChangeSource.CLI, None, "Opal")
SKU_ID = 123_456_789_012_345_678
AUTHOR: dict[str, Any] = {"reason": "Prices of 2027", "actor": OPAL}


@pytest.fixture
async def session(stores: Stores) -> AsyncIterator[AsyncSession]:
    """A transaction that is rolled back: tiers concern all tests."""
    async with stores.database.transaction() as opened:
        await register(opened, SURFACE_KINDS, SURFACES)
        yield opened
        await opened.rollback()


async def find_tier(session: AsyncSession, key: str) -> TierStatus:
    return next(tier for tier in await list_tiers(session) if tier.key == key)


def build_draft(tier: TierStatus, **changes: Any) -> TierDraft:
    values = {"features": tier.own_features, "limits": {}, "inherits": tier.inherits, "sku_id": tier.sku_id}
    return TierDraft(tier.key, **(values | changes))


def find_effect(effects: tuple[TierEffect, ...], key: str) -> TierEffect | None:
    return next((effect for effect in effects if effect.key == key), None)


async def preview_and_save(session: AsyncSession, draft: TierDraft) -> tuple[TierEffect, ...]:
    before = await list_tiers(session)
    effects = await preview_tier_change(session, lambda inner: save_tier(inner, draft, **AUTHOR))
    assert await list_tiers(session) == before
    return effects


async def test_preview_counts_servers_without_those_that_were_granted_the_feature(
    session: AsyncSession, stores: Stores
):
    premium = await find_tier(session, "premium")
    keys = premium.limits[Limit.API_KEYS]
    assert keys is not None
    more_keys, no_keys = (build_draft(premium, limits={Limit.API_KEYS: limit}) for limit in (keys + 1, 0))
    # Other tests have granted tiers and limits to servers in the same database.
    before = [find_effect(await preview_and_save(session, draft), Limit.API_KEYS) for draft in (more_keys, no_keys)]
    gaining_before, losing_before = before[0].gaining if before[0] else 0, before[1].losing if before[1] else 0
    ids = [await add_guild(stores, has_all_history=False) for _ in range(3)]
    for id_ in ids:
        await grant(session, guild_id=id_, tier="premium", days=30, reason="r", actor=OPAL)
    await grant_feature(session, guild_id=ids[0], feature=FeatureKey.VOICE_STATS, reason="r", actor=OPAL)
    await grant_limit(session, guild_id=ids[1], limit=Limit.API_KEYS, value=50, reason="r", actor=OPAL)
    servers = await count_servers_by_tier(session, now=utc_now())
    free = await find_tier(session, TierKey.FREE)
    assert FeatureKey.VOICE_STATS in free.own_features
    assert premium.inherits == "free"

    draft = build_draft(free, features=free.own_features - {FeatureKey.VOICE_STATS})
    effect = find_effect(await preview_and_save(session, draft), FeatureKey.VOICE_STATS)
    assert effect is not None
    assert effect.gaining == 0
    losing_everywhere = effect.losing

    moved = await preview_tier_change(
        session,
        lambda inner: save_lowest_tier(inner, feature=FeatureKey.VOICE_STATS, tier="premium", **AUTHOR),
    )
    effect = find_effect(moved, FeatureKey.VOICE_STATS)
    assert effect is not None
    assert effect.losing == losing_everywhere - (servers["premium"] - 1)

    effects = await preview_and_save(session, more_keys)
    assert [(effect.key, effect.is_limit, effect.losing) for effect in effects] == [(Limit.API_KEYS.value, True, 0)]
    assert effects[0].gaining == gaining_before + 2
    effects = await preview_and_save(session, no_keys)
    assert (effects[0].gaining, effects[0].losing) == (0, losing_before + 2)


async def test_save_makes_each_difference_an_entry(session: AsyncSession):
    free = await find_tier(session, TierKey.FREE)
    draft = build_draft(
        free,
        features=free.own_features - {FeatureKey.VOICE_STATS},
        limits={Limit.WIDGETS: None, Limit.API_KEYS: INHERITED},
    )
    assert await save_tier(session, draft, **AUTHOR) == 3
    changed = await find_tier(session, TierKey.FREE)
    assert FeatureKey.VOICE_STATS not in changed.features
    assert (changed.limits[Limit.WIDGETS], changed.limits[Limit.API_KEYS]) == (None, 0)
    entries = await list_entries(session, guild_id=None, limit=3)
    assert {entry.action for entry in entries} == {"tier.feature", "tier.limit"}
    assert {entry.reason for entry in entries} == {"Prices of 2027"}
    assert await save_tier(session, draft, **AUTHOR) == 0


async def test_circles_and_unknown_tiers_are_refused(session: AsyncSession):
    free, premium = await find_tier(session, TierKey.FREE), await find_tier(session, "premium")
    for inherits in ("premium", "free"):
        with pytest.raises(BadRequest):
            await save_tier(session, build_draft(free, inherits=inherits), **AUTHOR)
    with pytest.raises(NotFound):
        await save_tier(session, build_draft(premium, inherits="gold"), **AUTHOR)
    with pytest.raises(NotFound):
        await save_tier(session, TierDraft("gold", frozenset(), {}, None, None), **AUTHOR)
    with pytest.raises(BadRequest):
        await save_tier(session, build_draft(premium, inherits=None), reason=" ", actor=OPAL)
    await save_tier(session, build_draft(premium, inherits=None), **AUTHOR)
    assert (await find_tier(session, "premium")).features == premium.own_features


async def test_tier_is_for_sale_with_a_sku_of_its_own(session: AsyncSession):
    free, premium = await find_tier(session, TierKey.FREE), await find_tier(session, "premium")
    assert await save_tier(session, build_draft(premium, sku_id=SKU_ID), **AUTHOR) == 1
    assert (await find_tier(session, "premium")).sku_id == SKU_ID
    assert (await load_global_policy(session)).tiers["premium"].sku_id == SKU_ID
    assert await save_tier(session, build_draft(premium, sku_id=SKU_ID), **AUTHOR) == 0
    session.add(TierRow(key="gold", title="Gold", rank=9_999))
    await session.flush()
    gold = await find_tier(session, "gold")
    for draft in (build_draft(gold, sku_id=SKU_ID), build_draft(free, sku_id=SKU_ID + 1)):
        with pytest.raises(BadRequest):
            await save_tier(session, draft, **AUTHOR)
    for invalid in (0, 123, -SKU_ID, 1 << 63):
        with pytest.raises(BadRequest):
            await save_tier(session, build_draft(premium, sku_id=invalid), **AUTHOR)
    assert await save_tier(session, build_draft(premium, sku_id=None), **AUTHOR) == 1
    entries = await list_entries(session, guild_id=None, limit=2)
    assert [entry.action for entry in entries] == ["tier.sku", "tier.sku"]
    assert entries[0].before == {"sku_id": str(SKU_ID)}


async def test_tier_is_created_above_another_and_deleted_while_nothing_uses_it(session: AsyncSession, stores: Stores):
    guild_id = await add_guild(stores, has_all_history=False)
    await grant(session, guild_id=guild_id, tier="premium", days=30, reason="r", actor=OPAL)
    create: dict[str, Any] = {"key": "starter", "title": " Star  ter ", "above": "free", **AUTHOR}
    await add_tier(session, **create)
    free, starter = await find_tier(session, TierKey.FREE), await find_tier(session, "starter")
    premium = await find_tier(session, "premium")
    assert (starter.title, starter.inherits, starter.features) == ("Star ter", "free", free.features)
    assert free.rank < starter.rank < premium.rank
    for changes in ({}, {"key": "Bad key"}, {"key": "x"}, {"key": "other", "title": " "}, {"reason": ""}):
        with pytest.raises(BadRequest):
            await add_tier(session, **create | changes)
    with pytest.raises(NotFound):
        await add_tier(session, **create | {"key": "other", "above": "nothing"})
    better = [tier.key for tier in await list_tiers(session) if tier.rank > free.rank]
    created = [f"next-{number}" for number in range(12)]
    for key in created:
        await add_tier(session, **create | {"key": key})
    ranked = [tier.key for tier in await list_tiers(session) if tier.rank > free.rank]
    assert ranked == [*reversed(created), *better]
    for used in ("free", "premium", "starter"):
        if used == "starter":
            await save_tier(session, build_draft(starter, sku_id=SKU_ID), **AUTHOR)
        with pytest.raises(BadRequest, match="in use"):
            await remove_tier(session, tier=used, **AUTHOR)
    await save_tier(session, build_draft(starter, sku_id=None, limits={Limit.WIDGETS: 2}), **AUTHOR)
    await remove_tier(session, tier="starter", **AUTHOR)
    assert "starter" not in {tier.key for tier in await list_tiers(session)}
    with pytest.raises(NotFound):
        await remove_tier(session, tier="starter", **AUTHOR)
