"""Stored guilds, channels and members: upserted from Discord's data, written only when something changed."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlmodel import select

from herwa_shared.models import Channel, Guild, Member
from herwa_shared.services.guilds import (
    ChannelData,
    GuildData,
    MemberData,
    get_timezone,
    mark_channels_deleted,
    save_channels,
    save_guilds,
    save_members,
)

JOINED_AT = datetime(2024, 1, 1, tzinfo=UTC)
CHANNEL_ROW_VERSIONS_SQL = "SELECT xmin::text FROM channel WHERE guild_id = $1 ORDER BY id"


async def save_guild(stores, guild_id: int) -> GuildData:
    guild = GuildData(guild_id, "Tea", 1, None, 5, JOINED_AT)
    async with stores.database.transaction() as session:
        await save_guilds(session, [guild])
    return guild


async def test_new_rows_are_added_and_changed_rows_updated(stores, guild_id):
    guild = await save_guild(stores, guild_id)
    channels = [ChannelData(guild_id + offset, guild_id, None, 0, f"channel {offset}") for offset in range(1, 4)]
    async with stores.database.transaction() as session:
        await save_guilds(session, [replace(guild, name="Coffee")])
        await save_channels(session, channels)
        await save_channels(session, [replace(channels[0], name="renamed")])
        await save_members(session, [MemberData(guild_id, 9, "Ada", False)])
        await save_members(session, [MemberData(guild_id, 9, "Ada 🌱", False)])
        await mark_channels_deleted(session, [channels[2].id])
    async with stores.database.transaction() as session:
        assert (await session.get_one(Guild, guild_id)).name == "Coffee"
        rows = (await session.scalars(select(Channel).where(Channel.guild_id == guild_id).order_by(Channel.id))).all()
        assert [(row.name, row.deleted) for row in rows] == [
            ("renamed", False),
            ("channel 2", False),
            ("channel 3", True),
        ]
        assert (await session.get_one(Member, (guild_id, 9))).name == "Ada 🌱"


async def test_unchanged_data_is_not_written(stores, guild_id):
    await save_guild(stores, guild_id)
    channels = [ChannelData(guild_id + offset, guild_id, None, 0, f"channel {offset}") for offset in range(1, 2501)]
    row_versions = []
    for _ in range(2):
        async with stores.database.transaction() as session:
            await save_channels(session, channels)
        async with stores.database.acquire_connection() as connection:
            row_versions.append(await connection.fetch(CHANNEL_ROW_VERSIONS_SQL, guild_id))
    assert len(row_versions[0]) == 2500
    assert row_versions[0] == row_versions[1]


async def test_time_zone_of_a_guild_defaults_to_utc(stores, guild_id):
    await save_guild(stores, guild_id)
    async with stores.database.transaction() as session:
        assert (await get_timezone(session, guild_id=guild_id)).key == "UTC"
        (await session.get_one(Guild, guild_id)).timezone = "Asia/Tokyo"
        await session.flush()
        assert (await get_timezone(session, guild_id=guild_id)).key == "Asia/Tokyo"
        assert (await get_timezone(session, guild_id=1)).key == "UTC"
