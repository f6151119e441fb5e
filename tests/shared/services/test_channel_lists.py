"""A list says where something may run; it grows, is replaced, and is cleared."""

import pytest

from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import ChannelList, TargetKind
from herwa_shared.services import channel_lists
from herwa_shared.services.channel_lists import PLACES_AT_MOST
from herwa_shared.stores import Stores
from tests.activity import add_channel
from tests.shared.services.chosen import Home, new_home

VOICE = {"target_kind": TargetKind.MODULE, "target_key": "voice"}
EVERYTHING = {"target_kind": TargetKind.EVERYTHING, "target_key": ""}


@pytest.fixture
async def home(stores: Stores) -> Home:
    return await new_home(stores)


async def test_a_list_grows_and_is_cleared(home: Home):
    await home.does(channel_lists.allow, **VOICE, place_ids=[11, 12])
    await home.does(channel_lists.allow, **VOICE, place_ids=[12, 13])
    await home.does(channel_lists.allow, **EVERYTHING, place_ids=[14])
    assert await home.asks(channel_lists.lists) == (
        ChannelList(TargetKind.EVERYTHING, "", frozenset({14})),
        ChannelList(TargetKind.MODULE, "voice", frozenset({11, 12, 13})),
    )

    assert await home.does(channel_lists.clear, **VOICE)
    assert [one.target_key for one in await home.asks(channel_lists.lists)] == [""]
    cleared, _, grown, made = await home.log()
    assert (made.action, made.target, made.before) == ("list.set", "module:voice", None)
    assert grown.after == {"places": ["11", "12", "13"]}
    assert (cleared.action, cleared.before, cleared.after) == ("list.clear", grown.after, None)


async def test_a_list_is_replaced(home: Home):
    await home.does(channel_lists.allow, **VOICE, place_ids=[11, 12])
    await home.does(channel_lists.set_list, **VOICE, place_ids=[13])

    assert [one.place_ids for one in await home.asks(channel_lists.lists)] == [{13}]


async def test_what_is_so_already_is_no_change(home: Home):
    await home.does(channel_lists.allow, **VOICE, place_ids=[11, 12])

    assert await home.does(channel_lists.allow, **VOICE, place_ids=[12]) is None
    assert await home.does(channel_lists.clear, **EVERYTHING) is None
    assert len(await home.log()) == 1


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"place_ids": []}, BadRequest, "at least one"),
        ({"place_ids": range(1, PLACES_AT_MOST + 2)}, BadRequest, "at most 100"),
        ({"place_ids": [0]}, BadRequest, "pick channels"),
        ({"place_ids": [1], "target_key": "voyce"}, NotFound, "Did you mean voice"),
        ({"place_ids": [1], "target_kind": TargetKind.COMMAND, "target_key": "help"}, BadRequest, "answers everybody"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(home: Home, said, error, words):
    with pytest.raises(error, match=words):
        await home.does(channel_lists.allow, **VOICE | said)
    assert await home.log() == ()


async def test_a_list_holds_a_hundred_places_and_no_thread(stores: Stores, home: Home):
    await home.does(channel_lists.allow, **VOICE, place_ids=range(1, PLACES_AT_MOST + 1))
    with pytest.raises(BadRequest, match="at most 100"):
        await home.does(channel_lists.allow, **VOICE, place_ids=[PLACES_AT_MOST + 1])
    thread = await add_channel(stores, home.id, "keys", kind=12)
    with pytest.raises(BadRequest, match="is a thread"):
        await home.does(channel_lists.set_list, **VOICE, place_ids=[thread])
