"""Undo makes it as it was, only while nobody has changed it since, and can be undone itself."""

from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import GuildPolicy, SubjectKind, TargetKind
from herwa_shared.services import audit, channel_lists
from herwa_shared.services.access_rules import add_rule, remove_rule
from herwa_shared.services.features import set_feature, set_module
from herwa_shared.services.undo import undo
from herwa_shared.stores import Stores
from tests.activity import add_guild
from tests.shared.services.chosen import OLGA, Home, never_committed, new_home, rule

MIA = 6_000_000_000_000_000_002
VOICE = {"target_kind": TargetKind.MODULE, "target_key": "voice"}


@pytest.fixture
async def home(stores: Stores) -> Home:
    return await new_home(stores)


CHANGES = {
    "a feature": ((), set_feature, {"feature": "voice.stats", "enabled": False}, "Voice stats is on again."),
    "a feature chosen before": (
        ((set_feature, {"feature": "voice.stats", "enabled": False}),),
        set_feature,
        {"feature": "voice.stats", "enabled": True},
        "Voice stats is off again.",
    ),
    "a module": ((), set_module, {"module": "voice", "enabled": False}, "The Voice module is on again."),
    "a rule": ((), add_rule, {"rule": rule()}, "The rule about /server-stats is gone again."),
    "a rule's end and note": (
        ((add_rule, {"rule": rule(note="one")}),),
        add_rule,
        {"rule": rule(note="two", until=utc_now() + timedelta(days=30))},
        "The rule about /server-stats is as it was.",
    ),
    "a list": (
        (),
        channel_lists.allow,
        VOICE | {"place_ids": [11, 12]},
        "The channel list of the Voice module is gone again.",
    ),
    "more on a list": (
        ((channel_lists.allow, VOICE | {"place_ids": [11]}),),
        channel_lists.allow,
        VOICE | {"place_ids": [12]},
        "The channel list of the Voice module is as it was.",
    ),
    "a list's end": (
        ((channel_lists.allow, VOICE | {"place_ids": [11, 1 << 62]}),),
        channel_lists.clear,
        VOICE,
        "The channel list of the Voice module is back.",
    ),
}


@pytest.mark.parametrize(("before", "verb", "said", "sentence"), CHANGES.values(), ids=CHANGES.keys())
async def test_undo_makes_it_as_it_was_and_can_be_undone(home: Home, before, verb, said, sentence):
    for first, more in before:
        await home.does(first, **more)
    was = await chosen(home)
    await home.does(verb, **said)
    became = await chosen(home)
    entry = (await home.log())[0]

    assert await home.does(undo, entry_id=entry.id) == sentence
    undone = (await home.log())[0]
    assert await chosen(home) == was
    assert (undone.undoes, undone.before, undone.after) == (entry.id, entry.after, entry.before)

    await home.does(undo, entry_id=undone.id)
    assert await chosen(home) == became


async def test_a_rule_that_was_removed_comes_back_under_its_number(home: Home):
    about_mia = rule(subject_kind=SubjectKind.MEMBER, subject_id=MIA, until=utc_now() + timedelta(days=3), note="why")
    rule_id = await home.does(add_rule, rule=about_mia)
    was = await chosen(home)
    entry_id = await home.does(remove_rule, rule_id=rule_id)
    assert await home.rules() == ()

    assert await home.does(undo, entry_id=entry_id) == "The rule about /server-stats is back."
    assert await chosen(home) == was


async def test_a_feature_that_was_never_chosen_is_so_again(home: Home):
    entry_id = await home.does(set_feature, feature="voice.stats", enabled=False)
    await home.does(undo, entry_id=entry_id)

    assert (await home.policy()).feature_toggles == {}


async def test_what_was_changed_again_is_not_undone(home: Home):
    off = await home.does(set_feature, feature="voice.stats", enabled=False)
    await home.does(set_feature, feature="voice.stats", enabled=True)
    listed = await home.does(channel_lists.allow, **VOICE, place_ids=[11])
    await home.does(channel_lists.allow, **VOICE, place_ids=[12])

    with pytest.raises(BadRequest, match="Voice stats has been changed again since"):
        await home.does(undo, entry_id=off)
    with pytest.raises(BadRequest, match="The channel list of the Voice module has been changed"):
        await home.does(undo, entry_id=listed)
    assert [one.place_ids for one in await home.asks(channel_lists.lists)] == [{11, 12}]


async def test_the_same_is_undone_once(home: Home):
    entry_id = await home.does(set_module, module="voice", enabled=False)
    await home.does(undo, entry_id=entry_id)

    with pytest.raises(BadRequest, match="changed again since"):
        await home.does(undo, entry_id=entry_id)


async def test_a_removed_rule_does_not_come_back_beside_one_that_says_the_same(home: Home):
    rule_id = await home.does(add_rule, rule=rule(note="old"))
    entry_id = await home.does(remove_rule, rule_id=rule_id)
    await home.does(add_rule, rule=rule(note="new"))

    with pytest.raises(BadRequest, match="says the same"):
        await home.does(undo, entry_id=entry_id)
    assert [one.note for one in await home.rules()] == ["new"]


async def test_an_entry_of_another_guild_is_not_found(stores: Stores, home: Home):
    entry_id = await home.does(set_feature, feature="voice.stats", enabled=False)

    with pytest.raises(NotFound):
        await home.does(undo, guild_id=await add_guild(stores), entry_id=entry_id)
    with pytest.raises(NotFound):
        await home.does(undo, entry_id=1 << 60)


async def test_what_is_of_another_kind_cannot_be_undone(stores: Stores, home: Home):
    async with stores.database.transaction() as session:
        entry_id = await audit.record(session, OLGA, "subscription.grant", guild_id=home.id, after={"tier": "premium"})

    with pytest.raises(BadRequest, match="cannot be undone"):
        await home.does(undo, entry_id=entry_id)


async def test_a_rule_about_somebody_who_is_erased_does_not_come_back(stores: Stores, home: Home):
    rule_id = await home.does(add_rule, rule=rule(subject_kind=SubjectKind.MEMBER, subject_id=MIA))
    entry_id = await home.does(remove_rule, rule_id=rule_id)
    async with never_committed(stores) as session:
        await audit.erase_member(session, user_id=MIA)
        with pytest.raises(BadRequest, match="erased their data"):
            await undo(session, guild_id=home.id, entry_id=entry_id, actor=OLGA)


async def chosen(home: Home) -> tuple[object, ...]:
    """All that the guild has chosen, as it is in force."""
    policy: GuildPolicy = await home.policy()
    toggles = dict.fromkeys(("voice.stats", "ticket.stats"), True) | dict(policy.feature_toggles)
    return toggles, {"voice": True} | dict(policy.module_toggles), policy.rules, policy.lists
