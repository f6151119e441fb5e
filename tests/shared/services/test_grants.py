"""Grants: a feature or a limit for one guild, optionally until an end."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from herwa_shared.catalog import FeatureKey, Limit
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import EntitlementGrant, TierRow
from herwa_shared.services.grants import grant_feature, grant_limit, list_grants, revoke_grant
from herwa_shared.services.subscriptions import grant
from tests.shared.services.operator_helpers import (
    OPERATOR,
    list_audit_entries,
    load_entitlement,
    load_policy_version,
    register_catalog,
    save_guild,
)


@pytest.fixture
async def guild(stores, guild_id):
    """A guild with a tier without features and limits."""
    await register_catalog(stores)
    await save_guild(stores, guild_id)
    async with stores.database.transaction() as session:
        session.add(TierRow(key=f"bare-{guild_id}", title="Bare", rank=guild_id % 2_000_000_000))
        await session.flush()
        await grant(session, guild_id=guild_id, tier=f"bare-{guild_id}", reason="", actor=OPERATOR)
    return guild_id


async def run_as_operator(stores, function, **arguments):
    async with stores.database.transaction() as session:
        return await function(session, reason="for the jam", actor=OPERATOR, **arguments)


async def test_granted_feature_applies_until_its_end(stores, guild):
    version_before = await load_policy_version(stores, guild)
    await run_as_operator(stores, grant_feature, guild_id=guild, feature=FeatureKey.VOICE_STATS, days=2)
    assert await load_policy_version(stores, guild) > version_before
    assert FeatureKey.VOICE_STATS in (await load_entitlement(stores, guild)).features
    assert FeatureKey.VOICE_STATS not in (await load_entitlement(stores, guild, utc_now() + timedelta(days=3))).features
    entry = (await list_audit_entries(stores, guild))[-1]
    assert (entry.action, entry.target, entry.before, entry.reason) == ("grant.add", "voice.stats", None, "for the jam")


@pytest.mark.parametrize("value", [5, None])
async def test_granted_limit_applies_until_it_is_revoked(stores, guild, value):
    grant_id = await run_as_operator(stores, grant_limit, guild_id=guild, limit=Limit.WIDGETS, value=value)
    assert (await load_entitlement(stores, guild)).limits[Limit.WIDGETS] == value
    await run_as_operator(stores, revoke_grant, guild_id=guild, grant_id=grant_id)
    assert (await load_entitlement(stores, guild)).limits[Limit.WIDGETS] == 0
    entry = (await list_audit_entries(stores, guild))[-1]
    assert (entry.action, entry.target, entry.before["value"], entry.after) == ("grant.revoke", "widgets", value, None)
    async with stores.database.transaction() as session:
        (status,) = await list_grants(session, guild_id=guild)
    assert (status.id, status.limit, status.value, status.revoked_at is None) == (grant_id, Limit.WIDGETS, value, False)


async def test_second_revocation_is_not_audited(stores, guild):
    grant_id = await run_as_operator(stores, grant_limit, guild_id=guild, limit=Limit.WIDGETS, value=3)
    for _ in range(2):
        await run_as_operator(stores, revoke_grant, guild_id=guild, grant_id=grant_id)
    assert [entry.action for entry in await list_audit_entries(stores, guild)][1:] == ["grant.add", "grant.revoke"]


async def test_grant_of_another_guild_cannot_be_revoked(stores, guild, guild_id):
    grant_id = await run_as_operator(stores, grant_limit, guild_id=guild, limit=Limit.WIDGETS, value=3)
    other_guild_id = await save_guild(stores, guild_id + 1)
    with pytest.raises(NotFound):
        await run_as_operator(stores, revoke_grant, guild_id=other_guild_id, grant_id=grant_id)
    assert (await load_entitlement(stores, guild)).limits[Limit.WIDGETS] == 3


async def test_invalid_grant_is_refused_with_an_error_message(stores, guild):
    with pytest.raises(NotFound, match=r"voice\.stats"):
        await run_as_operator(stores, grant_feature, guild_id=guild, feature="voice.stat")
    with pytest.raises(BadRequest, match="0 or more"):
        await run_as_operator(stores, grant_limit, guild_id=guild, limit=Limit.WIDGETS, value=-1)
    with pytest.raises(BadRequest, match="days"):
        await run_as_operator(stores, grant_limit, guild_id=guild, limit=Limit.WIDGETS, value=1, days=0)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"feature_key": "voice.stats", "limit_key": "widgets"},
        {"feature_key": "voice.stats", "value": 1},
        {"limit_key": "widgets", "value": -1},
        {"limit_key": "wishes", "value": 1},
        {"limit_key": "widgets", "ends_at": utc_now() - timedelta(days=1)},
    ],
)
async def test_postgresql_refuses_an_invalid_grant_row(stores, guild, row):
    async with stores.database.transaction() as session:
        session.add(EntitlementGrant(guild_id=guild, starts_at=utc_now(), granted_by="x", **row))
        with pytest.raises(IntegrityError):
            await session.flush()
        await session.rollback()
