"""`/premium`: which tier, until when, and what each includes."""

from functools import partial

from herwa_shared.catalog import Limit
from herwa_shared.services.grants import grant_limit
from herwa_shared.services.subscriptions import grant
from tests.bot.members import MANAGER
from tests.bot.stored import comes_true


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
