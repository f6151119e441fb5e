"""Access rules: saved, renewed and removed with audit entries, validated with helpful errors, limited in number."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from herwa_shared.catalog import FeatureKey, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import PERMISSIONS
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.services import audit, texts
from herwa_shared.services.access_rules import MAX_RULES, remove_rule, save_rule
from herwa_shared.services.audit_verification import verify_chain
from herwa_shared.services.discovery import register
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import (
    MANAGER,
    SURFACE_KINDS,
    SURFACES,
    GuildUnderTest,
    build_rule,
    create_guild,
    open_rollback_session,
)
from tests.shared.services.suggestions import expect_suggestion
from tests.support.access_rules import add_rule
from tests.support.row_factories import add_channel, add_guild

MEMBER_ID = 6_000_000_000_000_000_001
SUPPORT_ROLE_ID = 5_000_000_000_000_000_001


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def test_added_rule_is_stored_and_audited(guild: GuildUnderTest):
    until = utc_now() + timedelta(hours=2)
    new_rule = build_rule(
        allow=False, subject_kind=SubjectKind.ROLE, subject_id=SUPPORT_ROLE_ID, until=until, note="  too loud "
    )
    rule_id = await guild.call_as_manager(add_rule, rule=new_rule)

    (access_rule,) = await guild.list_rules()
    assert (access_rule.id, access_rule.allow, access_rule.subject_id, access_rule.until) == (
        rule_id,
        False,
        SUPPORT_ROLE_ID,
        until.timestamp(),
    )
    assert access_rule.note == "too loud"
    (entry,) = await guild.list_audit_entries()
    assert (entry.action, entry.target, entry.before) == ("rule.add", str(rule_id), None)
    assert (entry.after["subject_id"], entry.after["note"]) == (str(SUPPORT_ROLE_ID), "too loud")


async def test_null_characters_are_removed_from_a_note(guild: GuildUnderTest):
    await guild.call_as_manager(add_rule, rule=build_rule(note="too\0 loud"))
    assert [access_rule.note for access_rule in await guild.list_rules()] == ["too loud"]


async def test_saving_an_existing_rule_updates_its_end_and_note(guild: GuildUnderTest):
    first = await guild.call_as_manager(save_rule, rule=build_rule(note="one"))
    repeated = await guild.call_as_manager(save_rule, rule=build_rule(note="one"))
    renewed = await guild.call_as_manager(save_rule, rule=build_rule(note="two", until=utc_now() + timedelta(days=1)))

    assert first.is_new
    assert (repeated.id, repeated.entry_id, repeated.is_new) == (first.id, None, False)
    assert renewed.id == first.id
    assert [entry.action for entry in await guild.list_audit_entries()] == ["rule.update", "rule.add"]
    assert [access_rule.note for access_rule in await guild.list_rules()] == ["two"]


async def test_allow_and_deny_are_separate_rules(guild: GuildUnderTest):
    await guild.call_as_manager(add_rule, rule=build_rule(allow=True))
    await guild.call_as_manager(add_rule, rule=build_rule(allow=False))

    assert {access_rule.allow for access_rule in await guild.list_rules()} == {True, False}


async def test_role_everyone_is_stored_as_the_subject_everyone(guild: GuildUnderTest):
    await guild.call_as_manager(add_rule, rule=build_rule(subject_kind=SubjectKind.ROLE, subject_id=guild.id))

    (access_rule,) = await guild.list_rules()
    assert (access_rule.subject_kind, access_rule.subject_id) == (SubjectKind.EVERYONE, 0)


async def test_rule_can_be_removed_once_and_only_by_its_guild(stores: Stores, guild: GuildUnderTest):
    rule_id = await guild.call_as_manager(add_rule, rule=build_rule())
    with pytest.raises(NotFound):
        await guild.call_as_manager(remove_rule, guild_id=await add_guild(stores), rule_id=rule_id)
    await guild.call_as_manager(remove_rule, rule_id=rule_id)
    with pytest.raises(NotFound, match=texts.format_rule_not_found(rule_id)):
        await guild.call_as_manager(remove_rule, rule_id=rule_id)

    assert await guild.list_rules() == ()
    assert [entry.action for entry in await guild.list_audit_entries()] == ["rule.remove", "rule.add"]


async def test_ended_rules_are_listed_last(guild: GuildUnderTest):
    ending_rule, lasting_rule = build_rule(until=utc_now() + timedelta(days=1)), build_rule(allow=False)
    ending_id = await guild.call_as_manager(add_rule, rule=ending_rule)
    lasting_id = await guild.call_as_manager(add_rule, rule=lasting_rule)
    await _end_rule(guild, ending_id)

    assert [access_rule.id for access_rule in await guild.list_rules()] == [lasting_id, ending_id]


async def test_command_group_is_a_target_by_its_full_name(guild: GuildUnderTest):
    await guild.call_as_manager(add_rule, rule=build_rule(target_key="permissions"))
    await guild.call_as_manager(add_rule, rule=build_rule(target_key="Voice of a member"))
    with pytest.raises(NotFound, match=re.escape(expect_suggestion("command", "permission", "permissions"))):
        await guild.call_as_manager(add_rule, rule=build_rule(target_key="permission"))


@pytest.mark.parametrize(
    ("fields", "expected_text"),
    [
        ({"target_key": "serverstats"}, expect_suggestion("command", "serverstats", "server-stats")),
        ({"target_key": "overview"}, 'No command "overview"'),
        ({"target_key": ""}, 'No command "". Choose one of '),
        ({"target_kind": TargetKind.FEATURE, "target_key": "voice"}, 'No feature "voice"'),
        (
            {"target_kind": TargetKind.MODULE, "target_key": "voyce"},
            expect_suggestion("module", "voyce", "voice"),
        ),
    ],
)
async def test_unknown_target_is_refused_with_suggestions(guild: GuildUnderTest, fields, expected_text):
    with pytest.raises(NotFound, match=re.escape(expected_text)):
        await guild.call_as_manager(add_rule, rule=build_rule(**fields))


@pytest.mark.parametrize(
    ("fields", "expected_text"),
    [
        ({"note": "x" * 201}, texts.format_note_too_long(201, 200)),
        ({"until": utc_now()}, texts.END_PASSED),
        ({"subject_kind": SubjectKind.ROLE, "subject_id": 0}, texts.format_invalid_subject("role")),
        ({"subject_kind": SubjectKind.MEMBER, "subject_id": -1}, texts.format_invalid_subject("member")),
        ({"subject_kind": SubjectKind.MEMBER, "subject_id": 1 << 63}, texts.format_invalid_subject("member")),
        ({"subject_kind": SubjectKind.EVERYONE, "subject_id": 5}, texts.EVERYONE_HAS_NO_ID),
        ({"subject_kind": SubjectKind.PERMISSION, "subject_id": 0}, texts.UNKNOWN_PERMISSION),
        ({"subject_kind": SubjectKind.PERMISSION, "subject_id": 1 << 62}, texts.UNKNOWN_PERMISSION),
        ({"place_kind": PlaceKind.CHANNEL}, texts.EVERYWHERE_HAS_NO_ID),
        ({"place_id": 12}, texts.EVERYWHERE_HAS_NO_ID),
        ({"place_kind": PlaceKind.CHANNEL, "place_id": -3}, texts.INVALID_PLACE),
        ({"target_kind": TargetKind.EVERYTHING}, texts.EVERYTHING_HAS_NO_KEY),
        ({"target_key": "help"}, texts.format_always_available("/help")),
        (
            {"target_kind": TargetKind.FEATURE, "target_key": "essentials.why"},
            texts.format_always_available("essentials.why"),
        ),
    ],
)
async def test_invalid_rule_is_refused_with_an_error_message(guild: GuildUnderTest, fields, expected_text):
    with pytest.raises(BadRequest, match=re.escape(expected_text)):
        await guild.call_as_manager(add_rule, rule=build_rule(**fields))
    assert await guild.list_rules() == ()


async def test_permissions_can_be_a_subject(guild: GuildUnderTest):
    bits = PERMISSIONS["ban_members"] | PERMISSIONS["kick_members"]
    await guild.call_as_manager(add_rule, rule=build_rule(subject_kind=SubjectKind.PERMISSION, subject_id=bits))

    assert [access_rule.subject_id for access_rule in await guild.list_rules()] == [bits]


async def test_rule_refuses_threads_and_channels_of_other_guilds(stores: Stores, guild: GuildUnderTest):
    thread_id = await add_channel(stores, guild.id, "help with keys", kind=11)
    foreign_channel_id = await add_channel(stores, await add_guild(stores), "elsewhere")
    with pytest.raises(BadRequest, match=texts.format_thread_place("help with keys")):
        await guild.call_as_manager(add_rule, rule=build_rule(place_kind=PlaceKind.CHANNEL, place_id=thread_id))
    with pytest.raises(BadRequest, match=texts.FOREIGN_PLACE):
        await guild.call_as_manager(
            add_rule, rule=build_rule(place_kind=PlaceKind.CHANNEL, place_id=foreign_channel_id)
        )


async def test_rule_about_a_retired_command_is_refused(stores: Stores, guild: GuildUnderTest):
    async with open_rollback_session(stores) as session:
        remaining_surfaces = [surface for surface in SURFACES if surface.key != "server-stats"]
        await register(session, SURFACE_KINDS, remaining_surfaces)
        with pytest.raises(NotFound, match='No command "server-stats"'):
            await add_rule(session, guild_id=guild.id, rule=build_rule(), actor=MANAGER)


async def test_guild_has_at_most_200_rules_and_ended_rules_are_replaced(guild: GuildUnderTest):
    async with guild.stores.database.transaction() as session:
        for number in range(MAX_RULES):
            new_rule = build_rule(
                subject_kind=SubjectKind.ROLE, subject_id=number + 1, until=utc_now() + timedelta(days=1)
            )
            last_id = await add_rule(session, guild_id=guild.id, rule=new_rule, actor=MANAGER)
    with pytest.raises(BadRequest, match=texts.format_too_many_rules(MAX_RULES)):
        await guild.call_as_manager(add_rule, rule=build_rule())
    await guild.call_as_manager(add_rule, rule=build_rule(subject_kind=SubjectKind.ROLE, subject_id=7, note="renewed"))

    await _end_rule(guild, last_id)
    added_id = await guild.call_as_manager(add_rule, rule=build_rule())
    rule_ids = {access_rule.id for access_rule in await guild.list_rules()}
    assert (len(rule_ids), added_id in rule_ids, last_id in rule_ids) == (MAX_RULES, True, False)


async def test_concurrent_additions_of_the_same_rule_add_one(guild: GuildUnderTest):
    results = await asyncio.gather(*(guild.call_as_manager(save_rule, rule=build_rule()) for _ in range(20)))

    assert len({result.id for result in results}) == 1
    assert sum(result.is_new for result in results) == 1
    assert len(await guild.list_audit_entries()) == 1


async def test_erasing_a_member_removes_their_id_from_audited_rules(guild: GuildUnderTest):
    await guild.call_as_manager(add_rule, rule=build_rule(subject_kind=SubjectKind.MEMBER, subject_id=MEMBER_ID))
    async with open_rollback_session(guild.stores) as session:
        await audit.erase_member(session, user_id=MEMBER_ID)
        session.expire_all()
        stored_rows = str(
            (await session.execute(text("SELECT * FROM audit_entry WHERE guild_id = :id"), {"id": guild.id})).all()
        )
        assert str(MEMBER_ID) not in stored_rows
        assert await verify_chain(session, guild_id=guild.id) is None


async def _end_rule(guild: GuildUnderTest, rule_id: int) -> None:
    """Set the rule's end to the current time."""
    async with guild.stores.database.transaction() as session:
        await session.execute(text("UPDATE access_rule SET until = now() WHERE id = :id"), {"id": rule_id})


def test_surfaces_of_the_test_guild_contain_every_kind():
    assert {surface.kind for surface in SURFACES} == set(SurfaceKind)
    assert {surface.feature for surface in SURFACES} <= set(FeatureKey)
