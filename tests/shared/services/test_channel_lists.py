"""Channel lists: where a target may run; lists are extended, replaced and cleared."""

import re

import pytest

from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import ChannelList, TargetKind
from herwa_shared.services import channel_lists, texts
from herwa_shared.services.channel_lists import MAX_PLACES
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import GuildUnderTest, create_guild
from tests.support.row_factories import add_channel

VOICE_TARGET = {"target_kind": TargetKind.MODULE, "target_key": "voice"}
EVERYTHING_TARGET = {"target_kind": TargetKind.EVERYTHING, "target_key": ""}


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def test_list_is_extended_and_cleared(guild: GuildUnderTest):
    await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[11, 12])
    await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[12, 13])
    await guild.call_as_manager(channel_lists.add_places, **EVERYTHING_TARGET, place_ids=[14])
    assert await guild.call(channel_lists.list_channel_lists) == (
        ChannelList(TargetKind.EVERYTHING, "", frozenset({14})),
        ChannelList(TargetKind.MODULE, "voice", frozenset({11, 12, 13})),
    )

    assert await guild.call_as_manager(channel_lists.clear_list, **VOICE_TARGET)
    assert [channel_list.target_key for channel_list in await guild.call(channel_lists.list_channel_lists)] == [""]
    cleared, _, grown, created = await guild.list_audit_entries()
    assert (created.action, created.target, created.before) == ("list.set", "module:voice", None)
    assert grown.after == {"places": ["11", "12", "13"]}
    assert (cleared.action, cleared.before, cleared.after) == ("list.clear", grown.after, None)


async def test_list_is_replaced(guild: GuildUnderTest):
    await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[11, 12])
    await guild.call_as_manager(channel_lists.set_list, **VOICE_TARGET, place_ids=[13])

    assert [channel_list.place_ids for channel_list in await guild.call(channel_lists.list_channel_lists)] == [{13}]


async def test_change_without_effect_is_not_audited(guild: GuildUnderTest):
    await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[11, 12])

    assert await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[12]) is None
    assert await guild.call_as_manager(channel_lists.clear_list, **EVERYTHING_TARGET) is None
    assert len(await guild.list_audit_entries()) == 1


@pytest.mark.parametrize(
    ("fields", "error", "expected_text"),
    [
        ({"place_ids": []}, BadRequest, texts.NO_PLACES),
        ({"place_ids": range(1, MAX_PLACES + 2)}, BadRequest, texts.format_too_many_places(MAX_PLACES)),
        ({"place_ids": [0]}, BadRequest, texts.INVALID_PLACE),
        ({"place_ids": [1], "target_key": "voyce"}, NotFound, texts.format_unknown_name("module", "voyce", ["voice"])),
        (
            {"place_ids": [1], "target_kind": TargetKind.COMMAND, "target_key": "help"},
            BadRequest,
            texts.format_always_available("/help"),
        ),
    ],
)
async def test_invalid_list_is_refused_with_an_error_message(guild: GuildUnderTest, fields, error, expected_text):
    with pytest.raises(error, match=re.escape(expected_text)):
        await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET | fields)
    assert await guild.list_audit_entries() == ()


async def test_list_has_at_most_100_places_and_no_threads(stores: Stores, guild: GuildUnderTest):
    await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=range(1, MAX_PLACES + 1))
    with pytest.raises(BadRequest, match=texts.format_too_many_places(MAX_PLACES)):
        await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[MAX_PLACES + 1])
    thread_id = await add_channel(stores, guild.id, "keys", kind=12)
    with pytest.raises(BadRequest, match=texts.format_thread_place("keys")):
        await guild.call_as_manager(channel_lists.set_list, **VOICE_TARGET, place_ids=[thread_id])
