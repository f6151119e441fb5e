"""Subscriptions: the highest active tier applies, each change has one audit entry, and no row is deleted."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import Subscription, TierRow
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.subscriptions import (
    SubscriptionSource,
    extend,
    get_current_tier,
    grant,
    list_subscriptions,
    record_expired,
    revoke,
)
from tests.shared.services.operator_helpers import (
    OPERATOR,
    list_audit_entries,
    load_entitlement,
    load_policy_version,
    save_guild,
)
from tests.support.waiting import wait_until

DAY = timedelta(days=1)


@pytest.fixture
async def guild(stores, guild_id):
    return await save_guild(stores, guild_id)


async def grant_tier(stores, guild_id, tier="premium", **options):
    async with stores.database.transaction() as session:
        return await grant(session, guild_id=guild_id, tier=tier, reason="a gift", actor=OPERATOR, **options)


async def load_current_tier(stores, guild_id, now=None):
    async with stores.database.transaction() as session:
        return await get_current_tier(session, guild_id=guild_id, now=now or utc_now())


async def add_ended_subscription(stores, guild_id, ends, tier="premium"):
    """Add a subscription that has ended while no worker was running."""
    async with stores.database.transaction() as session:
        fields = {
            "starts_at": ends - DAY,
            "ends_at": ends,
            "granted_by": "operator",
            "source": SubscriptionSource.TRIAL,
        }
        session.add(Subscription(guild_id=guild_id, tier_key=tier, **fields))


async def has_no_expirations(stores, now=None):
    """Record a batch of expired subscriptions; True when there were none left."""
    async with stores.database.transaction() as session:
        return await record_expired(session, now=now or utc_now()) == 0


async def test_guild_without_a_subscription_is_free(stores, guild):
    assert (await load_current_tier(stores, guild)).tier == "free"
    assert (await load_entitlement(stores, guild)).tier == "free"


async def test_granted_tier_applies_immediately_and_is_audited(stores, guild):
    version_before = await load_policy_version(stores, guild)
    await grant_tier(stores, guild, days=30)
    current_tier = await load_current_tier(stores, guild)
    assert current_tier.tier == (await load_entitlement(stores, guild)).tier == "premium"
    assert timedelta(days=29.9) < current_tier.ends - utc_now() <= timedelta(days=30)
    assert await load_policy_version(stores, guild) > version_before
    (entry,) = await list_audit_entries(stores, guild)
    assert (entry.actor, entry.action, entry.target, entry.reason) == (
        OPERATOR,
        "subscription.grant",
        "premium",
        "a gift",
    )
    assert entry.before == {"tier": "free", "ends": None}
    assert (entry.after["tier"], datetime.fromisoformat(entry.after["ends"])) == ("premium", current_tier.ends)


async def test_tier_applies_from_its_start_until_its_end(stores, guild):
    starts, ends = utc_now() + DAY, utc_now() + 2 * DAY
    await grant_tier(stores, guild, starts=starts, ends=ends)
    microsecond = timedelta(microseconds=1)
    tiers = [
        (await load_current_tier(stores, guild, at)).tier
        for at in (starts - microsecond, starts, ends - microsecond, ends)
    ]
    assert tiers == ["free", "premium", "premium", "free"]
    assert [(await load_entitlement(stores, guild, at)).tier for at in (starts - DAY / 2, starts, ends)] == [
        "free",
        "premium",
        "free",
    ]


async def test_highest_tier_applies_with_its_latest_end(stores, guild):
    async with stores.database.transaction() as session:
        if await session.get(TierRow, "gold") is None:
            session.add(TierRow(key="gold", title="Gold", rank=90, inherits="premium"))
    await grant_tier(stores, guild)
    await grant_tier(stores, guild, "gold", days=1)
    await grant_tier(stores, guild, "gold", days=3)
    await grant_tier(stores, guild, days=9)
    current_tier = await load_current_tier(stores, guild)
    assert current_tier.tier == "gold"
    assert timedelta(days=2.9) < current_tier.ends - utc_now() <= 3 * DAY
    assert await load_current_tier(stores, guild, utc_now() + 4 * DAY) == type(current_tier)("premium", None)


async def test_revocation_ends_all_subscriptions_and_deletes_none(stores, guild):
    await grant_tier(stores, guild)
    await grant_tier(stores, guild, starts=utc_now() + DAY, days=5)
    async with stores.database.transaction() as session:
        assert await revoke(session, guild_id=guild, reason="unpaid", actor=OPERATOR) == 2
    assert (await load_current_tier(stores, guild)).tier == (await load_entitlement(stores, guild)).tier == "free"
    assert (await load_current_tier(stores, guild, utc_now() + 2 * DAY)).tier == "free"
    async with stores.database.transaction() as session:
        subscriptions = await list_subscriptions(session, guild_id=guild)
    assert len(subscriptions) == 2
    assert all(subscription.revoked_at for subscription in subscriptions)
    entry = (await list_audit_entries(stores, guild))[-1]
    assert (entry.action, entry.before["tier"], entry.after["tier"], entry.reason) == (
        "subscription.revoke",
        "premium",
        "free",
        "unpaid",
    )


async def test_revocation_without_a_subscription_changes_nothing(stores, guild):
    async with stores.database.transaction() as session:
        assert await revoke(session, guild_id=guild, reason="", actor=OPERATOR) == 0
    assert await list_audit_entries(stores, guild) == []


async def test_extension_postpones_the_end_of_the_current_tier(stores, guild):
    await grant_tier(stores, guild, days=2)
    ends = (await load_current_tier(stores, guild)).ends
    async with stores.database.transaction() as session:
        assert await extend(session, guild_id=guild, days=3, reason="sorry", actor=OPERATOR) == ends + 3 * DAY
    assert (await load_current_tier(stores, guild)).ends == ends + 3 * DAY
    entry = (await list_audit_entries(stores, guild))[-1]
    assert [datetime.fromisoformat(values["ends"]) for values in (entry.before, entry.after)] == [ends, ends + 3 * DAY]


async def test_subscription_without_an_end_cannot_be_extended(stores, guild):
    await grant_tier(stores, guild)
    with pytest.raises(BadRequest, match="no end"):
        async with stores.database.transaction() as session:
            await extend(session, guild_id=guild, days=3, reason="", actor=OPERATOR)


@pytest.mark.parametrize(
    "period",
    [
        {"days": 0},
        {"days": -1},
        {"days": 10**9},
        {"ends": datetime(2020, 1, 1, tzinfo=UTC)},
        {"days": 1, "ends": datetime(2099, 1, 1, tzinfo=UTC)},
        {"starts": datetime(2099, 1, 2, tzinfo=UTC), "ends": datetime(2099, 1, 1, tzinfo=UTC)},
        {"starts": datetime(2020, 1, 1, tzinfo=UTC), "days": 1},
    ],
)
async def test_invalid_period_is_refused(stores, guild, period):
    with pytest.raises(BadRequest):
        await grant_tier(stores, guild, **period)
    assert await list_audit_entries(stores, guild) == []


async def test_unknown_tier_or_guild_is_refused(stores, guild, guild_id):
    with pytest.raises(NotFound, match=r"platinum.* free, (.*, )?premium"):
        await grant_tier(stores, guild, "platinum")
    with pytest.raises(NotFound, match=str(guild_id + 1)):
        await grant_tier(stores, guild_id + 1)


async def test_expired_subscription_is_audited_once_and_published(stores, guild):
    ends = utc_now() - timedelta(seconds=2)
    await add_ended_subscription(stores, guild, ends)
    version_before = await load_policy_version(stores, guild)
    await wait_until(lambda: has_no_expirations(stores))
    (entry,) = await list_audit_entries(stores, guild)
    assert (entry.actor, entry.action, entry.target) == (SYSTEM, "subscription.expire", "premium")
    assert (entry.before["tier"], datetime.fromisoformat(entry.before["ends"])) == ("premium", ends)
    assert entry.after == {"tier": "free", "ends": None}
    assert await load_policy_version(stores, guild) > version_before
    async with stores.database.transaction() as session:
        assert (await session.scalars(select(Subscription).where(Subscription.guild_id == guild))).one().expired_at


async def test_revoked_and_active_subscriptions_do_not_expire(stores, guild):
    await grant_tier(stores, guild, days=1)
    async with stores.database.transaction() as session:
        await revoke(session, guild_id=guild, reason="", actor=OPERATOR)
    await grant_tier(stores, guild, days=3)
    await grant_tier(stores, guild)
    actions = [entry.action for entry in await list_audit_entries(stores, guild)]
    await wait_until(lambda: has_no_expirations(stores, utc_now() + 2 * DAY))
    assert [entry.action for entry in await list_audit_entries(stores, guild)] == actions
