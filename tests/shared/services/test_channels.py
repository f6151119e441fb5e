"""Channels of a guild for pages: kinds, categories, deleted ones, and those that share a name."""

from datetime import UTC, datetime

from herwa_shared.pipeline.events import encode_snowflake
from herwa_shared.services.channels import ChannelInfo, ChannelKind, find_parent_channel, list_channels
from herwa_shared.services.guilds import mark_channels_deleted
from tests.support.row_factories import add_channel, add_guild

CATEGORY, TEXT, VOICE, ANNOUNCEMENT, STAGE, FORUM, MEDIA, THREAD = 4, 0, 2, 5, 13, 15, 16, 11


async def load_channels(stores, guild_id: int) -> dict[int, ChannelInfo]:
    async with stores.database.transaction() as session:
        return {channel.id: channel for channel in await list_channels(session, guild_id=guild_id)}


async def test_channels_have_their_kind_and_category(stores):
    guild_id = await add_guild(stores)
    category = await add_channel(stores, guild_id, "Talk", kind=CATEGORY)
    kinds = {
        TEXT: ChannelKind.TEXT,
        VOICE: ChannelKind.VOICE,
        ANNOUNCEMENT: ChannelKind.ANNOUNCEMENT,
        STAGE: ChannelKind.STAGE,
        FORUM: ChannelKind.FORUM,
        MEDIA: ChannelKind.MEDIA,
    }
    ids = {
        await add_channel(stores, guild_id, f"channel {kind}", kind=kind, parent_id=category): expected
        for kind, expected in kinds.items()
    }
    await add_channel(stores, guild_id, "a thread", kind=THREAD, parent_id=next(iter(ids)))
    channels = await load_channels(stores, guild_id)
    assert {channel.id: channel.kind for channel in channels.values()} == ids
    assert {channel.category for channel in channels.values()} == {"Talk"}
    assert all(channel.is_name_unique and not channel.is_deleted for channel in channels.values())


async def test_channels_that_share_a_name_differ_by_category_or_date(stores):
    guild_id = await add_guild(stores)
    help_category, talk = [await add_channel(stores, guild_id, name, kind=CATEGORY) for name in ("Help", "Talk")]
    in_help, *in_talk = [
        await add_channel(stores, guild_id, "general", parent_id=parent) for parent in (help_category, talk, talk)
    ]
    channels = await load_channels(stores, guild_id)
    assert not any(channels[id_].is_name_unique for id_ in (in_help, *in_talk))
    assert channels[in_help].is_place_unique
    assert not any(channels[id_].is_place_unique for id_ in in_talk)


async def test_deleted_channels_remain_listed_and_are_marked(stores):
    guild_id = await add_guild(stores)
    kept, deleted = await add_channel(stores, guild_id, "kept"), await add_channel(stores, guild_id, "deleted")
    async with stores.database.transaction() as session:
        await mark_channels_deleted(session, [deleted])
    channels = await load_channels(stores, guild_id)
    assert {id_: channel.is_deleted for id_, channel in channels.items()} == {kept: False, deleted: True}


async def test_thread_leads_to_its_channel_within_its_guild_only(stores):
    guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    channel = await add_channel(stores, guild_id, "help", kind=FORUM)
    thread = await add_channel(stores, guild_id, "how?", kind=THREAD, parent_id=channel)
    async with stores.database.transaction() as session:
        assert await find_parent_channel(session, guild_id=guild_id, channel_id=thread) == channel
        assert await find_parent_channel(session, guild_id=other_guild_id, channel_id=thread) is None
        assert await find_parent_channel(session, guild_id=guild_id, channel_id=channel) is None
        assert await find_parent_channel(session, guild_id=guild_id, channel_id=1) is None


def test_id_of_a_channel_is_when_it_was_created():
    created_at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    assert ChannelInfo(encode_snowflake(created_at), "general").created_at == created_at
