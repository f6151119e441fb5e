"""Undo: restores the previous settings unless they were changed later, and can itself be undone."""

from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import GuildPolicy, SubjectKind, TargetKind
from herwa_shared.services import audit, channel_lists, texts
from herwa_shared.services.access_rules import remove_rule
from herwa_shared.services.features import set_feature, set_module
from herwa_shared.services.undo import undo
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import (
    MANAGER,
    GuildUnderTest,
    build_rule,
    create_guild,
    open_rollback_session,
)
from tests.support.access_rules import add_rule
from tests.support.row_factories import add_guild

MEMBER_ID = 6_000_000_000_000_000_002
VOICE_TARGET = {"target_kind": TargetKind.MODULE, "target_key": "voice"}


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


CHANGES = {
    "a feature": ((), set_feature, {"feature": "voice.stats", "enabled": False}, "Voice stats is on again."),
    "a feature chosen before": (
        ((set_feature, {"feature": "voice.stats", "enabled": False}),),
        set_feature,
        {"feature": "voice.stats", "enabled": True},
        "Voice stats is off again.",
    ),
    "a module": ((), set_module, {"module": "voice", "enabled": False}, "The Voice module is on again."),
    "a rule": ((), add_rule, {"rule": build_rule()}, "The rule about /server-stats is removed again."),
    "a rule's end and note": (
        ((add_rule, {"rule": build_rule(note="one")}),),
        add_rule,
        {"rule": build_rule(note="two", until=utc_now() + timedelta(days=30))},
        "The rule about /server-stats is as before.",
    ),
    "a list": (
        (),
        channel_lists.add_places,
        VOICE_TARGET | {"place_ids": [11, 12]},
        "The channel list of the Voice module is removed again.",
    ),
    "more on a list": (
        ((channel_lists.add_places, VOICE_TARGET | {"place_ids": [11]}),),
        channel_lists.add_places,
        VOICE_TARGET | {"place_ids": [12]},
        "The channel list of the Voice module is as before.",
    ),
    "a list's end": (
        ((channel_lists.add_places, VOICE_TARGET | {"place_ids": [11, 1 << 62]}),),
        channel_lists.clear_list,
        VOICE_TARGET,
        "The channel list of the Voice module is back.",
    ),
}


@pytest.mark.parametrize(("earlier_changes", "function", "arguments", "sentence"), CHANGES.values(), ids=CHANGES.keys())
async def test_undo_restores_the_settings_and_can_be_undone(
    guild: GuildUnderTest, earlier_changes, function, arguments, sentence
):
    for earlier_function, earlier_arguments in earlier_changes:
        await guild.call_as_manager(earlier_function, **earlier_arguments)
    settings_before = await load_settings(guild)
    await guild.call_as_manager(function, **arguments)
    settings_after = await load_settings(guild)
    entry = (await guild.list_audit_entries())[0]

    assert await guild.call_as_manager(undo, entry_id=entry.id) == sentence
    undo_entry = (await guild.list_audit_entries())[0]
    assert await load_settings(guild) == settings_before
    assert (undo_entry.undoes, undo_entry.before, undo_entry.after) == (entry.id, entry.after, entry.before)

    await guild.call_as_manager(undo, entry_id=undo_entry.id)
    assert await load_settings(guild) == settings_after


async def test_undo_restores_a_removed_rule_with_its_id(guild: GuildUnderTest):
    new_rule = build_rule(
        subject_kind=SubjectKind.MEMBER, subject_id=MEMBER_ID, until=utc_now() + timedelta(days=3), note="why"
    )
    rule_id = await guild.call_as_manager(add_rule, rule=new_rule)
    settings_before = await load_settings(guild)
    entry_id = await guild.call_as_manager(remove_rule, rule_id=rule_id)
    assert await guild.list_rules() == ()

    assert await guild.call_as_manager(undo, entry_id=entry_id) == "The rule about /server-stats is back."
    assert await load_settings(guild) == settings_before


async def test_undo_restores_the_default_of_a_feature(guild: GuildUnderTest):
    entry_id = await guild.call_as_manager(set_feature, feature="voice.stats", enabled=False)
    await guild.call_as_manager(undo, entry_id=entry_id)

    assert (await guild.load_policy()).feature_toggles == {}


async def test_undo_is_refused_after_a_later_change(guild: GuildUnderTest):
    feature_entry_id = await guild.call_as_manager(set_feature, feature="voice.stats", enabled=False)
    await guild.call_as_manager(set_feature, feature="voice.stats", enabled=True)
    list_entry_id = await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[11])
    await guild.call_as_manager(channel_lists.add_places, **VOICE_TARGET, place_ids=[12])

    with pytest.raises(BadRequest, match=texts.format_changed_since("Voice stats")):
        await guild.call_as_manager(undo, entry_id=feature_entry_id)
    with pytest.raises(BadRequest, match=texts.format_changed_since("the channel list of the Voice module")):
        await guild.call_as_manager(undo, entry_id=list_entry_id)
    assert [channel_list.place_ids for channel_list in await guild.call(channel_lists.list_channel_lists)] == [{11, 12}]


async def test_change_can_be_undone_once(guild: GuildUnderTest):
    entry_id = await guild.call_as_manager(set_module, module="voice", enabled=False)
    await guild.call_as_manager(undo, entry_id=entry_id)

    with pytest.raises(BadRequest, match=texts.format_changed_since("the Voice module")):
        await guild.call_as_manager(undo, entry_id=entry_id)


async def test_undo_does_not_restore_a_rule_beside_an_equal_one(guild: GuildUnderTest):
    rule_id = await guild.call_as_manager(add_rule, rule=build_rule(note="old"))
    entry_id = await guild.call_as_manager(remove_rule, rule_id=rule_id)
    await guild.call_as_manager(add_rule, rule=build_rule(note="new"))

    with pytest.raises(BadRequest, match=texts.DUPLICATE_RULE):
        await guild.call_as_manager(undo, entry_id=entry_id)
    assert [access_rule.note for access_rule in await guild.list_rules()] == ["new"]


async def test_entry_of_another_guild_cannot_be_undone(stores: Stores, guild: GuildUnderTest):
    entry_id = await guild.call_as_manager(set_feature, feature="voice.stats", enabled=False)

    with pytest.raises(NotFound):
        await guild.call_as_manager(undo, guild_id=await add_guild(stores), entry_id=entry_id)
    with pytest.raises(NotFound):
        await guild.call_as_manager(undo, entry_id=1 << 60)


async def test_subscription_change_cannot_be_undone(stores: Stores, guild: GuildUnderTest):
    async with stores.database.transaction() as session:
        entry_id = await audit.record(
            session, MANAGER, "subscription.grant", guild_id=guild.id, after={"tier": "premium"}
        )

    with pytest.raises(BadRequest, match=texts.NOT_UNDOABLE):
        await guild.call_as_manager(undo, entry_id=entry_id)


async def test_undo_does_not_restore_a_rule_about_an_erased_member(stores: Stores, guild: GuildUnderTest):
    rule_id = await guild.call_as_manager(
        add_rule, rule=build_rule(subject_kind=SubjectKind.MEMBER, subject_id=MEMBER_ID)
    )
    entry_id = await guild.call_as_manager(remove_rule, rule_id=rule_id)
    async with open_rollback_session(stores) as session:
        await audit.erase_member(session, user_id=MEMBER_ID)
        with pytest.raises(BadRequest, match=texts.ERASED_MEMBER):
            await undo(session, guild_id=guild.id, entry_id=entry_id, actor=MANAGER)


async def load_settings(guild: GuildUnderTest) -> tuple[object, ...]:
    """Load the guild's toggles (with defaults for untouched ones), rules and channel lists."""
    policy: GuildPolicy = await guild.load_policy()
    toggles = dict.fromkeys(("voice.stats", "ticket.stats"), True) | dict(policy.feature_toggles)
    return toggles, {"voice": True} | dict(policy.module_toggles), policy.rules, policy.channel_lists
