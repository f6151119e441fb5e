"""Buttons of messages that were sent before a restart of the bot."""

from functools import partial

import pytest

from herwa_bot.texts import buttons
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.services.message_subscribers import MessageTopic, set_subscription
from tests.support.bot_process import run_bot_process, wait_until
from tests.support.db_assertions import wait_until_stored
from tests.support.member_client import MemberClient, get_button_ids


@pytest.mark.slow
async def test_access_request_buttons_survive_a_restart_and_other_buttons_expire(sim, stores, settings, server):
    members = MemberClient(sim, stores, server)
    subscribe = partial(
        set_subscription, guild_id=server.id, topic=MessageTopic.REQUESTS, user_id=server.owner, subscribed=True
    )
    with run_bot_process(settings, sim) as first_bot:
        await first_bot.wait_until_ready()
        await wait_until_stored(stores, first_bot)
        await members.wait_for_verdict("Yes", "server-stats")
        await members.run_in_transaction(subscribe)
        await members.add_rule(allow=False, target=(TargetKind.COMMAND, "server-stats"))
        await members.wait_for_verdict("No", "server-stats")
        refusal = await members.run("server-stats")
        confirmation = await members.run("features disable", {"what": "module:voice"}, user=server.owner)
        assert await first_bot.stop() == 0
    with run_bot_process(settings, sim) as second_bot:
        await second_bot.wait_until_ready()
        [*_, expired_reply] = (
            await members.press(confirmation, next(iter(get_button_ids(confirmation))), user=server.owner)
        ).messages
        assert expired_reply.content == buttons.EXPIRED
        await members.press(refusal, buttons.ASK_FOR_ACCESS)
        await wait_until(lambda: list_direct_messages(sim, server))
        assert await second_bot.stop() == 0
    [message] = list_direct_messages(sim, server)
    with run_bot_process(settings, sim) as third_bot:
        await third_bot.wait_until_ready()
        await members.press(
            message, buttons.ALLOW_REQUEST, user=server.owner, channel=sim.client.open_direct_channel(server.owner)
        )
        await members.wait_for_verdict("Yes", "server-stats")


def list_direct_messages(sim, server):
    """List the owner's direct messages about this server."""
    name = sim.client.get_guild(server.id)["name"]
    return [message for message in sim.client.list_direct_messages(server.owner) if f"**{name}**" in message.content]
