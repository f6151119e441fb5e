"""Rules: one of a kind, in words that can be mended, at most as many as can be read."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from herwa_shared.catalog import FeatureKey, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.permissions import PERMISSIONS
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.services import audit
from herwa_shared.services.access_rules import RULES_AT_MOST, add_rule, remove_rule, save_rule
from herwa_shared.services.discovery import register
from herwa_shared.stores import Stores
from tests.activity import add_channel, add_guild
from tests.shared.services.chosen import KINDS, OLGA, SURFACES, Home, never_committed, new_home, rule

MIA = 6_000_000_000_000_000_001
SUPPORT = 5_000_000_000_000_000_001


@pytest.fixture
async def home(stores: Stores) -> Home:
    return await new_home(stores)


async def test_a_rule_is_kept_as_it_was_said_and_is_in_the_log(home: Home):
    until = utc_now() + timedelta(hours=2)
    said = rule(allow=False, subject_kind=SubjectKind.ROLE, subject_id=SUPPORT, until=until, note="  too loud ")
    rule_id = await home.does(add_rule, rule=said)

    (kept,) = await home.rules()
    assert (kept.id, kept.allow, kept.subject_id, kept.until) == (rule_id, False, SUPPORT, until.timestamp())
    assert kept.note == "too loud"
    (entry,) = await home.log()
    assert (entry.action, entry.target, entry.before) == ("rule.add", str(rule_id), None)
    assert (entry.after["subject_id"], entry.after["note"]) == (str(SUPPORT), "too loud")


async def test_a_note_that_postgresql_could_not_keep_is_kept_without_that(home: Home):
    await home.does(add_rule, rule=rule(note="too\0 loud"))
    assert [one.note for one in await home.rules()] == ["too loud"]


async def test_the_same_rule_again_renews_its_end_and_note(home: Home):
    first = await home.does(save_rule, rule=rule(note="one"))
    again = await home.does(save_rule, rule=rule(note="one"))
    renewed = await home.does(save_rule, rule=rule(note="two", until=utc_now() + timedelta(days=1)))

    assert first.is_new
    assert (again.id, again.entry_id, again.is_new) == (first.id, None, False)
    assert renewed.id == first.id
    assert [entry.action for entry in await home.log()] == ["rule.update", "rule.add"]
    assert [one.note for one in await home.rules()] == ["two"]


async def test_allow_and_deny_are_two_rules(home: Home):
    await home.does(add_rule, rule=rule(allow=True))
    await home.does(add_rule, rule=rule(allow=False))

    assert {one.allow for one in await home.rules()} == {True, False}


async def test_the_role_everyone_is_everyone(home: Home):
    await home.does(add_rule, rule=rule(subject_kind=SubjectKind.ROLE, subject_id=home.id))

    (kept,) = await home.rules()
    assert (kept.subject_kind, kept.subject_id) == (SubjectKind.EVERYONE, 0)


async def test_a_rule_is_removed_once_and_only_by_its_own_guild(stores: Stores, home: Home):
    rule_id = await home.does(add_rule, rule=rule())
    with pytest.raises(NotFound):
        await home.does(remove_rule, guild_id=await add_guild(stores), rule_id=rule_id)
    await home.does(remove_rule, rule_id=rule_id)
    with pytest.raises(NotFound, match=f"no rule {rule_id}"):
        await home.does(remove_rule, rule_id=rule_id)

    assert await home.rules() == ()
    assert [entry.action for entry in await home.log()] == ["rule.remove", "rule.add"]


async def test_rules_whose_time_is_over_come_last(home: Home):
    over, lives = rule(until=utc_now() + timedelta(days=1)), rule(allow=False)
    first = await home.does(add_rule, rule=over)
    second = await home.does(add_rule, rule=lives)
    await _end(home, first)

    assert [one.id for one in await home.rules()] == [second, first]


async def test_a_command_may_be_meant_by_its_first_words_but_only_by_whole_ones(home: Home):
    await home.does(add_rule, rule=rule(target_key="permissions"))
    await home.does(add_rule, rule=rule(target_key="Voice of a member"))
    with pytest.raises(NotFound, match=r"no command “permission”. Did you mean permissions"):
        await home.does(add_rule, rule=rule(target_key="permission"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"target_key": "serverstats"}, "no command “serverstats”. Did you mean server-stats"),
        ({"target_key": "overview"}, "no command “overview”"),
        ({"target_key": ""}, "no command “”. There are "),
        ({"target_kind": TargetKind.FEATURE, "target_key": "voice"}, "no feature “voice”"),
        ({"target_kind": TargetKind.MODULE, "target_key": "voyce"}, "Did you mean voice"),
    ],
)
async def test_a_rule_about_what_there_is_not_is_refused_with_the_near_ones(home: Home, said, words):
    with pytest.raises(NotFound, match=words):
        await home.does(add_rule, rule=rule(**said))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"note": "x" * 201}, "at most 200 characters; this one has 201"),
        ({"until": utc_now()}, "still to come"),
        ({"subject_kind": SubjectKind.ROLE, "subject_id": 0}, "role's id"),
        ({"subject_kind": SubjectKind.MEMBER, "subject_id": -1}, "member's id"),
        ({"subject_kind": SubjectKind.MEMBER, "subject_id": 1 << 63}, "member's id"),
        ({"subject_kind": SubjectKind.EVERYONE, "subject_id": 5}, "no id"),
        ({"subject_kind": SubjectKind.PERMISSION, "subject_id": 0}, "no permission"),
        ({"subject_kind": SubjectKind.PERMISSION, "subject_id": 1 << 62}, "no permission"),
        ({"place_kind": PlaceKind.CHANNEL}, "everywhere"),
        ({"place_id": 12}, "everywhere"),
        ({"place_kind": PlaceKind.CHANNEL, "place_id": -3}, "pick channels"),
        ({"target_kind": TargetKind.EVERYTHING}, "leave it empty"),
        ({"target_key": "help"}, "/help answers everybody"),
        ({"target_kind": TargetKind.FEATURE, "target_key": "essentials.why"}, "answers everybody"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(home: Home, said, words):
    with pytest.raises(BadRequest, match=words):
        await home.does(add_rule, rule=rule(**said))
    assert await home.rules() == ()


async def test_a_named_permission_may_be_a_subject(home: Home):
    bits = PERMISSIONS["ban_members"] | PERMISSIONS["kick_members"]
    await home.does(add_rule, rule=rule(subject_kind=SubjectKind.PERMISSION, subject_id=bits))

    assert [one.subject_id for one in await home.rules()] == [bits]


async def test_threads_and_channels_of_others_are_no_places_for_a_rule(stores: Stores, home: Home):
    thread = await add_channel(stores, home.id, "help with keys", kind=11)
    foreign = await add_channel(stores, await add_guild(stores), "elsewhere")
    with pytest.raises(BadRequest, match="“help with keys” is a thread"):
        await home.does(add_rule, rule=rule(place_kind=PlaceKind.CHANNEL, place_id=thread))
    with pytest.raises(BadRequest, match="another server"):
        await home.does(add_rule, rule=rule(place_kind=PlaceKind.CHANNEL, place_id=foreign))


async def test_what_is_retired_can_be_ruled_no_longer(stores: Stores, home: Home):
    async with never_committed(stores) as session:
        left = [one for one in SURFACES if one.key != "server-stats"]
        await register(session, KINDS, left)
        with pytest.raises(NotFound, match="no command “server-stats”"):
            await add_rule(session, guild_id=home.id, rule=rule(), actor=OLGA)


async def test_a_guild_has_two_hundred_rules_at_most_and_those_that_are_over_make_room(home: Home):
    async with home.stores.database.transaction() as session:
        for number in range(RULES_AT_MOST):
            said = rule(subject_kind=SubjectKind.ROLE, subject_id=number + 1, until=utc_now() + timedelta(days=1))
            last = await add_rule(session, guild_id=home.id, rule=said, actor=OLGA)
    with pytest.raises(BadRequest, match="at most 200 rules"):
        await home.does(add_rule, rule=rule())
    await home.does(add_rule, rule=rule(subject_kind=SubjectKind.ROLE, subject_id=7, note="renewed"))

    await _end(home, last)
    added = await home.does(add_rule, rule=rule())
    listed = {one.id for one in await home.rules()}
    assert (len(listed), added in listed, last in listed) == (RULES_AT_MOST, True, False)


async def test_of_many_who_add_the_same_rule_at_once_one_does(home: Home):
    saved = await asyncio.gather(*(home.does(save_rule, rule=rule()) for _ in range(20)))

    assert len({one.id for one in saved}) == 1
    assert sum(one.is_new for one in saved) == 1
    assert len(await home.log()) == 1


async def test_a_member_who_is_erased_is_gone_from_the_log_of_rules(home: Home):
    await home.does(add_rule, rule=rule(subject_kind=SubjectKind.MEMBER, subject_id=MIA))
    async with never_committed(home.stores) as session:
        await audit.erase_member(session, user_id=MIA)
        session.expire_all()
        stored = str(
            (await session.execute(text("SELECT * FROM audit_entry WHERE guild_id = :id"), {"id": home.id})).all()
        )
        assert str(MIA) not in stored
        assert await audit.verify_chain(session, guild_id=home.id) is None


async def _end(home: Home, rule_id: int) -> None:
    """Let its time be over."""
    async with home.stores.database.transaction() as session:
        await session.execute(text("UPDATE access_rule SET until = now() WHERE id = :id"), {"id": rule_id})


def test_every_kind_that_rules_reach_is_among_the_surfaces():
    assert {one.kind for one in SURFACES} == set(SurfaceKind)
    assert {one.feature for one in SURFACES} <= set(FeatureKey)
