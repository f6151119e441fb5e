"""`/premium`: which tier, until when, and what each includes."""

from functools import partial

from sqlalchemy import text

from herwa_shared.catalog import Limit
from herwa_shared.policy_cache.notifications import touch
from herwa_shared.services.grants import grant_limit
from herwa_shared.services.subscriptions import grant
from tests.bot.members import MANAGER
from tests.bot.stored import comes_true

MANY = """
INSERT INTO tier (key, title, rank, inherits)
SELECT 'many-' || number, repeat('T', 60) || number, 1000 + number, 'free' FROM generate_series(1, :count) AS number
"""


async def test_a_server_without_a_subscription_is_on_free(members):
    said = await members.run("premium")
    assert said.ephemeral
    assert said.content.startswith("**This server is on Free**.\n")
    assert "90 days of history, 1 widget, 1 API key, no exports" in said.content
    assert "everything in Free" in said.content
    assert "the whole history, 10 widgets, 10 API keys, exports of any size" in said.content


async def test_a_subscription_shows_its_end(members):
    await members.decide(
        partial(
            grant,
            guild_id=members.place.guild,
            tier="premium",
            source="manual",
            days=30,
            reason="a test",
            actor=MANAGER,
        )
    )

    async def shows():
        return (await members.run("premium")).content.startswith("**This server is on Premium** until <t:")

    await comes_true(shows)
    assert "**Premium** (this server)" in (await members.run("premium")).content


async def test_what_was_granted_besides_is_told(members):
    await members.decide(
        partial(
            grant_limit,
            guild_id=members.place.guild,
            limit=Limit.WIDGETS,
            value=5,
            reason="a test",
            actor=MANAGER,
        )
    )

    async def shows():
        return "Granted to this server besides: 5 widgets." in (await members.run("premium")).content

    await comes_true(shows)


async def test_many_tiers_are_turned_page_by_page(members):
    await members.decide(lambda session: session.execute(text(MANY), {"count": 12}))
    await members.decide(partial(touch, guild_id=None))
    try:

        async def shows():
            return "Page 1 of " in (await members.run("premium")).content

        await comes_true(shows)
        first = await members.run("premium")
        assert len(first.content) <= 2000
        assert "Page 2 of " in (await members.press(first, "Next")).messages[-1].content
    finally:
        await members.decide(lambda session: session.execute(text("DELETE FROM tier WHERE key LIKE 'many-%'")))
        await members.decide(partial(touch, guild_id=None))
