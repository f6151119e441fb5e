"""`/premium` shows the tier of the server, its end, and what each tier includes."""

from functools import partial

from sqlalchemy import text

from herwa_shared.catalog import Limit
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services.grants import grant_limit
from herwa_shared.services.subscriptions import grant
from tests.support.member_client import MANAGER
from tests.support.waiting import wait_until

INSERT_MANY_TIERS = """
INSERT INTO tier (key, title, rank, inherits)
SELECT 'many-' || number, repeat('T', 60) || number, 1000 + number, 'free' FROM generate_series(1, :count) AS number
"""


async def test_server_without_a_subscription_is_on_free(members):
    reply = await members.run("premium")
    assert reply.ephemeral
    assert reply.content.startswith("**This server is on Free**.\n")
    assert "90 days of history, 1 widget, 1 API key, no exports" in reply.content
    assert "everything in Free" in reply.content
    assert "the whole history, 10 widgets, 10 API keys, exports of any size" in reply.content


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
        return (await members.run("premium")).content.startswith("**This server is on Premium** until <t:")

    await wait_until(is_shown)
    assert "**Premium** (this server)" in (await members.run("premium")).content


async def test_extra_grants_are_shown(members):
    await members.run_in_transaction(
        partial(
            grant_limit,
            guild_id=members.server.id,
            limit=Limit.WIDGETS,
            value=5,
            reason="a test",
            actor=MANAGER,
        )
    )

    async def is_shown():
        return "Granted to this server besides: 5 widgets." in (await members.run("premium")).content

    await wait_until(is_shown)


async def test_many_tiers_are_paginated(members):
    await members.run_in_transaction(lambda session: session.execute(text(INSERT_MANY_TIERS), {"count": 12}))
    await members.run_in_transaction(partial(publish_policy_change, guild_id=None))
    try:

        async def is_shown():
            return "Page 1 of " in (await members.run("premium")).content

        await wait_until(is_shown)
        first_page = await members.run("premium")
        assert len(first_page.content) <= 2000
        assert "Page 2 of " in (await members.press(first_page, "Next")).messages[-1].content
    finally:
        await members.run_in_transaction(
            lambda session: session.execute(text("DELETE FROM tier WHERE key LIKE 'many-%'"))
        )
        await members.run_in_transaction(partial(publish_policy_change, guild_id=None))
