"""Settings of a guild: validation, audit, undo, and their effect on weeks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.query import ActivityQuery, list_query_edges
from herwa_shared.analytics.results import Interval
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD, VIEW_GUILD_INSIGHTS
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.member_data import MemberAudience, can_see_members
from herwa_shared.services.guild_settings import (
    DEFAULT_SETTINGS,
    GuildSetting,
    load_guild_settings,
    set_guild_setting,
)
from herwa_shared.services.setting_changes import SettingChange, SettingsChanged, SettingType, save_changes
from herwa_shared.services.support_channels import list_support_channels
from herwa_shared.services.undo import undo, undo_entries
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import GuildUnderTest, create_guild
from tests.support.row_factories import add_channel, add_guild

SPEAK = 1 << 21


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def set_value(guild: GuildUnderTest, setting: str, value: str | int) -> int | None:
    return await guild.call_as_manager(set_guild_setting, setting=setting, value={"value": value})


async def test_every_setting_is_set_audited_and_undone(guild: GuildUnderTest, stores: Stores):
    assert await guild.call(load_guild_settings) == DEFAULT_SETTINGS
    channel = await add_channel(stores, guild.id, "team")
    values = {
        GuildSetting.TIME_ZONE: "Asia/Tokyo",
        GuildSetting.WEEK_START: 7,
        GuildSetting.MEMBER_AUDIENCE: "managers",
        GuildSetting.REQUEST_CHANNEL: str(channel),
    }
    entry_ids = [await set_value(guild, setting, value) for setting, value in values.items()]
    settings = await guild.call(load_guild_settings)
    assert (settings.zone, settings.week_start, settings.member_audience, settings.request_channel_id) == (
        ZoneInfo("Asia/Tokyo"),
        7,
        MemberAudience.MANAGERS,
        channel,
    )
    entry, *_ = await guild.list_audit_entries()
    assert (entry.action, entry.target, entry.before, entry.after) == (
        "setting.set",
        "request_channel_id",
        {"value": ""},
        {"value": str(channel)},
    )
    assert await set_value(guild, GuildSetting.WEEK_START, 7) is None
    assert await guild.call_as_manager(undo, entry_id=entry_ids[0]) == "The time zone is as before."
    for entry_id in entry_ids[1:]:
        await guild.call_as_manager(undo, entry_id=entry_id)
    assert await guild.call(load_guild_settings) == DEFAULT_SETTINGS


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("timezone", ""),
        ("timezone", "../../etc/passwd"),
        ("week_start", 2),
        ("week_start", "Monday"),
        ("member_audience", "everyone"),
        ("request_channel_id", "general"),
        ("request_channel_id", "0"),
        ("request_channel_id", "9" * 30),
    ],
)
async def test_invalid_value_is_refused(guild: GuildUnderTest, setting, value):
    with pytest.raises(BadRequest):
        await set_value(guild, setting, value)
    assert await guild.call(load_guild_settings) == DEFAULT_SETTINGS


async def test_unknown_setting_and_foreign_channel_are_refused(guild: GuildUnderTest, stores: Stores):
    with pytest.raises(NotFound):
        await set_value(guild, "owner_id", "1")
    foreign = await add_channel(stores, await add_guild(stores), "elsewhere")
    with pytest.raises(BadRequest):
        await set_value(guild, GuildSetting.REQUEST_CHANNEL, str(foreign))


async def test_settings_and_support_channels_are_saved_and_undone_together(guild: GuildUnderTest, stores: Stores):
    channel = await add_channel(stores, guild.id, "help")
    changes = (
        SettingChange(SettingType.GUILD, "week_start", {"value": 1}, {"value": 6}),
        SettingChange(SettingType.SUPPORT_CHANNEL, str(channel), None, {"marked": True}),
    )
    entry_ids = await guild.call_as_manager(save_changes, changes=changes)
    assert (await guild.call(load_guild_settings)).week_start == 6
    assert list(await guild.call(list_support_channels)) == [channel]
    await guild.call_as_manager(undo_entries, entry_ids=entry_ids)
    assert (await guild.call(load_guild_settings)).week_start == 1
    assert list(await guild.call(list_support_channels)) == []


async def test_setting_that_someone_else_has_changed_is_not_overwritten(guild: GuildUnderTest):
    await set_value(guild, GuildSetting.TIME_ZONE, "Europe/Paris")
    change = SettingChange(SettingType.GUILD, "timezone", {"value": "UTC"}, {"value": "Asia/Tokyo"})
    with pytest.raises(SettingsChanged) as error:
        await guild.call_as_manager(save_changes, changes=(change,))
    [conflict] = error.value.conflicts
    assert (conflict.current, conflict.entry.actor.name) == ({"value": "Europe/Paris"}, "Olga")
    assert (await guild.call(load_guild_settings)).zone.key == "Europe/Paris"


def test_weeks_begin_on_the_chosen_day():
    start, end = datetime(2026, 11, 4, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)  # Wednesday to Friday
    first_days = {}
    for week_start in (1, 6, 7):
        query = ActivityQuery(1, start, end, interval=Interval.WEEK, week_start=week_start)
        first_days[week_start] = [f"{datetime.fromtimestamp(edge, UTC):%a %d}" for edge in list_query_edges(query)]
    assert first_days == {
        1: ["Mon 02", "Mon 09", "Mon 16", "Mon 23"],
        6: ["Sat 31", "Sat 07", "Sat 14", "Sat 21"],
        7: ["Sun 01", "Sun 08", "Sun 15", "Sun 22"],
    }


@pytest.mark.parametrize(
    ("audience", "seen_by"),
    [
        (MemberAudience.INSIGHTS, [VIEW_GUILD_INSIGHTS, MANAGE_GUILD, ADMINISTRATOR]),
        (MemberAudience.MANAGERS, [MANAGE_GUILD, ADMINISTRATOR]),
        (MemberAudience.ADMINISTRATORS, [ADMINISTRATOR]),
        (MemberAudience.NONE, []),
    ],
)
def test_audience_of_data_about_members(audience, seen_by):
    permissions = (0, SPEAK, VIEW_GUILD_INSIGHTS, MANAGE_GUILD, ADMINISTRATOR)
    assert [bits for bits in permissions if can_see_members(audience, bits | SPEAK, is_owner=False)] == seen_by
    assert can_see_members(audience, 0, is_owner=True) is (audience is not MemberAudience.NONE)
