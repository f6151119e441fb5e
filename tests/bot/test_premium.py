"""`/premium` shows the tier of the server, its end, and what each tier includes."""

import itertools
from functools import partial

from sqlalchemy import text

from herwa_bot.cogs.premium import ENFORCED_LIMITS
from herwa_bot.texts import buttons
from herwa_bot.texts import premium as texts
from herwa_bot.texts.phrases import format_page_number
from herwa_shared.catalog import FEATURES, Limit, TierKey
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services.grants import grant_limit
from herwa_shared.services.subscriptions import grant
from herwa_shared.services.tiers import list_tiers
from tests.support.member_client import MANAGER
from tests.support.waiting import wait_until

FREE_LIMITS = {
    Limit.HISTORY_DAYS: 90,
    Limit.WIDGETS: 1,
    Limit.EXPORT_ROWS: 0,
    Limit.API_KEYS: 1,
    Limit.REQUESTS_PER_MINUTE: 100,
}
PREMIUM_LIMITS = {
    Limit.HISTORY_DAYS: None,
    Limit.WIDGETS: 10,
    Limit.EXPORT_ROWS: None,
    Limit.API_KEYS: 10,
    Limit.REQUESTS_PER_MINUTE: 1_000,
}
FIRST_PAGE = format_page_number(1, 0)[:-1]
INSERT_MANY_TIERS = """
INSERT INTO tier (key, title, rank, inherits)
SELECT 'many-' || number, repeat('T', 60) || number, 1000 + number, 'free' FROM generate_series(1, :count) AS number
"""


async def test_server_without_a_subscription_is_on_free(members):
    reply = await members.run("premium")
    assert reply.ephemeral
    lines = reply.content.splitlines()
    assert lines[0] == texts.format_current_tier("Free")
    assert texts.format_tier_heading("Free", is_current=True).strip() in lines
    assert texts.format_tier_heading("Premium", is_current=False).strip() in lines
    async with members.stores.database.transaction() as session:
        tiers = await list_tiers(session)  # other tests may add tiers
    lower, premium = next(pair for pair in itertools.pairwise(tiers) if pair[1].key == TierKey.PREMIUM)
    added = [FEATURES[key].title for key in FEATURES if key in premium.features - lower.features]
    assert texts.format_features(added, lower.title) in lines
    assert texts.format_rates(30, 300) in lines
    assert texts.format_rates(60, 1200) in lines
    assert texts.format_data_limits(FREE_LIMITS) in lines
    assert texts.format_data_limits(PREMIUM_LIMITS) in lines


async def test_only_enforced_limits_and_features_beyond_the_essentials_are_listed(members):
    content = (await members.run("premium")).content.lower()
    for words in ("dashboard", "summary exports", "widgets"):
        assert words in content
    for word in ("overview", "why", "help"):
        assert word not in content
    assert set(ENFORCED_LIMITS) == set(Limit)
    assert content.count("per history export") == 1, "the free tier has no history exports"


async def test_subscription_shows_its_end(members):
    await members.run_in_transaction(
        partial(
            grant,
            guild_id=members.server.id,
            tier="premium",
            source="manual",
            days=30,
            reason="a test",
            actor=MANAGER,
        )
    )

    async def is_shown():
        return (await members.run("premium")).content.startswith(texts.format_current_tier("Premium", "<t:")[:-3])

    await wait_until(is_shown)
    assert texts.format_tier_heading("Premium", is_current=True) in (await members.run("premium")).content


async def test_extra_grants_are_shown(members):
    await members.run_in_transaction(
        partial(
            grant_limit,
            guild_id=members.server.id,
            limit=Limit.MEMBER_COMMANDS_PER_MINUTE,
            value=50,
            reason="a test",
            actor=MANAGER,
        )
    )

    async def is_shown():
        extras = [texts.format_extra_limit(Limit.MEMBER_COMMANDS_PER_MINUTE, 50)]
        return texts.format_extras(extras) in (await members.run("premium")).content

    await wait_until(is_shown)


async def test_many_tiers_are_paginated(members):
    await members.run_in_transaction(lambda session: session.execute(text(INSERT_MANY_TIERS), {"count": 12}))
    await members.run_in_transaction(partial(publish_policy_change, guild_id=None))
    try:

        async def is_shown():
            return FIRST_PAGE in (await members.run("premium")).content

        await wait_until(is_shown)
        first_page = await members.run("premium")
        assert len(first_page.content) <= 2000
        second_page = (await members.press(first_page, buttons.NEXT_PAGE)).messages[-1]
        assert format_page_number(2, 0)[:-1] in second_page.content
    finally:
        await members.run_in_transaction(
            lambda session: session.execute(text("DELETE FROM tier WHERE key LIKE 'many-%'"))
        )
        await members.run_in_transaction(partial(publish_policy_change, guild_id=None))
