"""A member asks once; a manager says yes for a day, or no for a day."""

import asyncio
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.models import User, UserGuild
from herwa_shared.models.access import Answer
from herwa_shared.services import access_requests
from herwa_shared.services.access_requests import AlreadyAnswered, Asked, managers_to_ask
from herwa_shared.services.access_rules import add_rule, remove_rule
from herwa_shared.stores import Stores
from tests.activity import OWNER, add_channel, add_guild
from tests.shared.services.chosen import OLGA, Home, new_home, rule

MIA = 6_000_000_000_000_000_003
TEA_ROOM = 4_000_000_000_000_000_001
ADMINISTRATOR, MANAGE_SERVER, SPEAK = 1 << 3, 1 << 5, 1 << 21


@pytest.fixture
async def home(stores: Stores) -> Home:
    return await new_home(stores)


async def ask(home: Home, **more) -> Asked:
    said = {"user_id": MIA, "user_name": "Mia", "command": "voice-stats", "channel_id": TEA_ROOM}
    return await home.asks(access_requests.ask, **said | more)


async def answer(home: Home, request_id: int) -> Answer | None:
    return (await home.asks(access_requests.request, request_id=request_id)).answer


async def test_a_question_waits_for_its_answer_and_is_asked_once(home: Home):
    first = await ask(home)
    again = await ask(home)
    other = await ask(home, command="server-stats")

    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
    assert again.id == first.id != other.id
    (waiting, _) = await home.asks(access_requests.open_requests)
    assert (waiting.id, waiting.user_name, waiting.command, waiting.channel_id) == (
        first.id,
        "Mia",
        "voice-stats",
        TEA_ROOM,
    )


async def test_of_many_clicks_at_once_one_is_a_question(home: Home):
    asked = await asyncio.gather(*(ask(home) for _ in range(20)))

    assert sum(one.is_new for one in asked) == 1
    assert len(await home.asks(access_requests.open_requests)) == 1


async def test_yes_is_a_rule_for_this_member_for_a_day(home: Home):
    asked = await ask(home)
    rule_id = await home.does(access_requests.allow, request_id=asked.id)

    (made,) = await home.rules()
    assert (made.id, made.allow, made.note) == (rule_id, True, "asked for access")
    assert (made.subject_kind, made.subject_id) == (SubjectKind.MEMBER, MIA)
    assert (made.target_kind, made.target_key, made.place_kind) == (
        TargetKind.COMMAND,
        "voice-stats",
        PlaceKind.EVERYWHERE,
    )
    until = (utc_now() + timedelta(hours=24)).timestamp()
    assert until - 600 < made.until <= until
    told = await home.asks(access_requests.request, request_id=asked.id)
    assert (told.answer, told.answered_by, told.rule_id) == (Answer.ALLOWED, OLGA.user_id, rule_id)
    assert await home.asks(access_requests.open_requests) == ()
    assert [entry.action for entry in await home.log()] == ["rule.add"]
    assert (await ask(home)).is_new, "what was allowed may be asked for again"


async def test_no_is_no_for_a_day(home: Home):
    asked = await ask(home)
    await home.does(access_requests.dismiss, request_id=asked.id)
    told = await home.asks(access_requests.request, request_id=asked.id)

    again = await ask(home)
    assert again == Asked(asked.id, is_new=False, again_from=told.answered_at + timedelta(hours=24))
    assert (await ask(home, now=again.again_from)).is_new
    (entry,) = await home.log()
    assert (entry.action, entry.after) == ("request.dismiss", {"member": str(MIA), "command": "voice-stats"})


async def test_the_first_answer_counts(home: Home):
    asked = await ask(home)
    answers = await asyncio.gather(
        *(home.does(access_requests.dismiss, request_id=asked.id) for _ in range(5)),
        *(home.does(access_requests.allow, request_id=asked.id) for _ in range(5)),
        return_exceptions=True,
    )

    assert sum(isinstance(one, AlreadyAnswered) for one in answers) == 9
    assert len(await home.log()) == 1
    assert len(await home.rules()) == (await answer(home, asked.id) == Answer.ALLOWED)


async def test_yes_does_not_shorten_what_is_allowed_already(home: Home):
    asked = await ask(home)
    mine = rule(subject_kind=SubjectKind.MEMBER, subject_id=MIA, target_key="voice-stats")
    rule_id = await home.does(add_rule, rule=mine)

    assert await home.does(access_requests.allow, request_id=asked.id) == rule_id
    assert [one.until for one in await home.rules()] == [None]


@pytest.mark.parametrize("place", [{}, {"place_kind": PlaceKind.CHANNEL, "place_id": TEA_ROOM}])
async def test_yes_is_refused_where_a_rule_against_this_member_would_win(home: Home, place):
    asked = await ask(home)
    mine = {"subject_kind": SubjectKind.MEMBER, "subject_id": MIA, "target_key": "voice-stats"}
    await home.does(add_rule, rule=rule(allow=False, **mine, **place))

    with pytest.raises(BadRequest, match="this very member may not use /voice-stats"):
        await home.does(access_requests.allow, request_id=asked.id)
    assert await answer(home, asked.id) is None


async def test_only_the_guild_itself_answers(stores: Stores, home: Home):
    asked, other = await ask(home), await add_guild(stores)
    for verb in (access_requests.allow, access_requests.dismiss):
        with pytest.raises(NotFound, match="no longer there"):
            await home.does(verb, guild_id=other, request_id=asked.id)
    with pytest.raises(NotFound):
        await home.asks(access_requests.request, guild_id=other, request_id=asked.id)


async def test_what_there_is_not_cannot_be_asked_for(home: Home):
    with pytest.raises(NotFound, match="Did you mean voice-stats"):
        await ask(home, command="voice-stat")


async def test_the_owner_is_asked_first_and_then_who_manages_and_has_logged_in(stores: Stores, home: Home):
    now = utc_now()
    people = [MANAGE_SERVER, ADMINISTRATOR, SPEAK, MANAGE_SERVER, MANAGE_SERVER, ADMINISTRATOR | SPEAK, MANAGE_SERVER]
    ids = [home.id + number for number in range(len(people))]
    async with stores.database.transaction() as session:
        for user_id, days in zip(ids, range(len(people)), strict=True):
            session.add(User(id=user_id, name="U", logged_in_at=now - timedelta(days=days)))
        await session.flush()
        for user_id, permissions in zip(ids, people, strict=True):
            session.add(UserGuild(user_id=user_id, guild_id=home.id, name="T", owner=False, permissions=permissions))

    asked = await home.asks(managers_to_ask)
    assert asked == (OWNER, ids[0], ids[1], ids[3], ids[4], ids[5])
    assert await home.asks(managers_to_ask, guild_id=12) == ()


async def test_yes_is_refused_too_where_that_rule_is_about_the_channel_or_category_of_a_thread(
    home: Home, stores: Stores
):
    category = await add_channel(stores, home.id, "Desk", kind=4)
    desk = await add_channel(stores, home.id, "desk", parent_id=category)
    thread = await add_channel(stores, home.id, "a case", kind=11, parent_id=desk)
    asked = await ask(home, channel_id=thread)
    mine = {"subject_kind": SubjectKind.MEMBER, "subject_id": MIA, "target_key": "voice-stats", "allow": False}
    for kind, place in ((PlaceKind.CATEGORY, category), (PlaceKind.CHANNEL, desk)):
        rule_id = await home.does(add_rule, rule=rule(**mine, place_kind=kind, place_id=place))
        with pytest.raises(BadRequest, match="this very member may not use /voice-stats"):
            await home.does(access_requests.allow, request_id=asked.id)
        await home.does(remove_rule, rule_id=rule_id)
    await home.does(access_requests.allow, request_id=asked.id)
