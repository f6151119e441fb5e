"""Managers who switched on messages about a topic."""

import pytest

from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.services.message_subscribers import MAX_SUBSCRIBERS, MessageTopic, list_subscribers, set_subscription
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import GuildUnderTest, create_guild


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def test_managers_switch_their_messages_on_and_off(guild: GuildUnderTest):
    assert await guild.call(list_subscribers, topic=MessageTopic.REQUESTS) == ()
    for user_id in (12, 11, 12):
        await guild.call(set_subscription, topic=MessageTopic.REQUESTS, user_id=user_id, subscribed=True)
    assert await guild.call(list_subscribers, topic=MessageTopic.REQUESTS) == (12, 11)
    await guild.call(set_subscription, topic=MessageTopic.REQUESTS, user_id=12, subscribed=False)
    assert await guild.call(list_subscribers, topic=MessageTopic.REQUESTS) == (11,)


async def test_topics_are_switched_alone(guild: GuildUnderTest):
    for topic in MessageTopic:
        await guild.call(set_subscription, topic=topic, user_id=11, subscribed=True)
    await guild.call(set_subscription, topic=MessageTopic.REQUESTS, user_id=11, subscribed=False)
    assert await guild.call(list_subscribers, topic=MessageTopic.REQUESTS) == ()
    assert await guild.call(list_subscribers, topic=MessageTopic.EXPORTS) == (11,)


async def test_the_number_of_managers_is_limited(guild: GuildUnderTest):
    for user_id in range(1, MAX_SUBSCRIBERS + 1):
        await guild.call(set_subscription, topic=MessageTopic.REQUESTS, user_id=user_id, subscribed=True)
    await guild.call(set_subscription, topic=MessageTopic.REQUESTS, user_id=1, subscribed=True)
    with pytest.raises(BadRequest, match="20 managers"):
        await guild.call(set_subscription, topic=MessageTopic.REQUESTS, user_id=99, subscribed=True)


async def test_unknown_guild_is_not_found(guild: GuildUnderTest):
    with pytest.raises(NotFound):
        await guild.call(set_subscription, guild_id=12, topic=MessageTopic.REQUESTS, user_id=1, subscribed=True)
