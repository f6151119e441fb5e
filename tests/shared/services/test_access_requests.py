"""Access requests: one open request per member and command, and decisions that apply for a day."""

import asyncio
import re
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.models.access import AccessDecision
from herwa_shared.services import access_requests, texts
from herwa_shared.services.access_requests import RequestAlreadyDecided, RequestOutcome
from herwa_shared.services.access_rules import remove_rule
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import MANAGER, GuildUnderTest, build_rule, create_guild
from tests.shared.services.suggestions import expect_suggestion
from tests.support.access_rules import add_rule
from tests.support.row_factories import add_channel, add_guild

MEMBER_ID = 6_000_000_000_000_000_003
CHANNEL_ID = 4_000_000_000_000_000_001


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def create_request(guild: GuildUnderTest, **overrides) -> RequestOutcome:
    arguments = {"user_id": MEMBER_ID, "user_name": "Mia", "command": "voice-stats", "channel_id": CHANNEL_ID}
    return await guild.call(access_requests.create_request, **arguments | overrides)


async def load_decision(guild: GuildUnderTest, request_id: int) -> AccessDecision | None:
    return (await guild.call(access_requests.get_request, request_id=request_id)).decision


async def test_repeated_request_does_not_create_a_second_one(guild: GuildUnderTest):
    first = await create_request(guild)
    repeated = await create_request(guild)
    other = await create_request(guild, command="server-stats")

    assert (first.is_new, repeated.is_new, other.is_new) == (True, False, True)
    assert repeated.id == first.id != other.id
    (open_request, _) = await guild.call(access_requests.list_open_requests)
    assert (open_request.id, open_request.user_name, open_request.command, open_request.channel_id) == (
        first.id,
        "Mia",
        "voice-stats",
        CHANNEL_ID,
    )


async def test_concurrent_clicks_create_one_request(guild: GuildUnderTest):
    outcomes = await asyncio.gather(*(create_request(guild) for _ in range(20)))

    assert sum(outcome.is_new for outcome in outcomes) == 1
    assert len(await guild.call(access_requests.list_open_requests)) == 1


async def test_approval_adds_a_rule_for_the_member_for_a_day(guild: GuildUnderTest):
    outcome = await create_request(guild)
    rule_id = await guild.call_as_manager(access_requests.allow_request, request_id=outcome.id)

    (access_rule,) = await guild.list_rules()
    assert (access_rule.id, access_rule.allow, access_rule.note) == (rule_id, True, texts.REQUEST_RULE_NOTE)
    assert (access_rule.subject_kind, access_rule.subject_id) == (SubjectKind.MEMBER, MEMBER_ID)
    assert (access_rule.target_kind, access_rule.target_key, access_rule.place_kind) == (
        TargetKind.COMMAND,
        "voice-stats",
        PlaceKind.EVERYWHERE,
    )
    until = (utc_now() + timedelta(hours=24)).timestamp()
    assert until - 600 < access_rule.until <= until
    request = await guild.call(access_requests.get_request, request_id=outcome.id)
    assert (request.decision, request.decided_by, request.rule_id) == (AccessDecision.ALLOWED, MANAGER.user_id, rule_id)
    assert await guild.call(access_requests.list_open_requests) == ()
    assert [entry.action for entry in await guild.list_audit_entries()] == ["rule.add"]
    assert (await create_request(guild)).is_new, "a member may request access again after an approval"


async def test_dismissal_blocks_new_requests_for_a_day(guild: GuildUnderTest):
    outcome = await create_request(guild)
    await guild.call_as_manager(access_requests.dismiss_request, request_id=outcome.id)
    request = await guild.call(access_requests.get_request, request_id=outcome.id)

    repeated = await create_request(guild)
    assert repeated == RequestOutcome(outcome.id, is_new=False, retry_at=request.decided_at + timedelta(hours=24))
    assert (await create_request(guild, now=repeated.retry_at)).is_new
    (entry,) = await guild.list_audit_entries()
    assert (entry.action, entry.after) == ("request.dismiss", {"member": str(MEMBER_ID), "command": "voice-stats"})


async def test_only_the_first_of_concurrent_decisions_counts(guild: GuildUnderTest):
    outcome = await create_request(guild)
    results = await asyncio.gather(
        *(guild.call_as_manager(access_requests.dismiss_request, request_id=outcome.id) for _ in range(5)),
        *(guild.call_as_manager(access_requests.allow_request, request_id=outcome.id) for _ in range(5)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, RequestAlreadyDecided) for result in results) == 9
    assert len(await guild.list_audit_entries()) == 1
    assert len(await guild.list_rules()) == (await load_decision(guild, outcome.id) == AccessDecision.ALLOWED)


async def test_approval_does_not_shorten_an_existing_rule(guild: GuildUnderTest):
    outcome = await create_request(guild)
    new_rule = build_rule(subject_kind=SubjectKind.MEMBER, subject_id=MEMBER_ID, target_key="voice-stats")
    rule_id = await guild.call_as_manager(add_rule, rule=new_rule)

    assert await guild.call_as_manager(access_requests.allow_request, request_id=outcome.id) == rule_id
    assert [access_rule.until for access_rule in await guild.list_rules()] == [None]


@pytest.mark.parametrize("place_fields", [{}, {"place_kind": PlaceKind.CHANNEL, "place_id": CHANNEL_ID}])
async def test_approval_is_refused_when_a_rule_denies_the_member(guild: GuildUnderTest, place_fields):
    outcome = await create_request(guild)
    rule_fields = {"subject_kind": SubjectKind.MEMBER, "subject_id": MEMBER_ID, "target_key": "voice-stats"}
    await guild.call_as_manager(add_rule, rule=build_rule(allow=False, **rule_fields, **place_fields))

    with pytest.raises(BadRequest, match=texts.format_request_blocked("voice-stats")):
        await guild.call_as_manager(access_requests.allow_request, request_id=outcome.id)
    assert await load_decision(guild, outcome.id) is None


async def test_request_of_another_guild_is_not_found(stores: Stores, guild: GuildUnderTest):
    outcome, other_guild_id = await create_request(guild), await add_guild(stores)
    for function in (access_requests.allow_request, access_requests.dismiss_request):
        with pytest.raises(NotFound, match=texts.REQUEST_NOT_FOUND):
            await guild.call_as_manager(function, guild_id=other_guild_id, request_id=outcome.id)
    with pytest.raises(NotFound):
        await guild.call(access_requests.get_request, guild_id=other_guild_id, request_id=outcome.id)


async def test_unknown_command_cannot_be_requested(guild: GuildUnderTest):
    with pytest.raises(NotFound, match=re.escape(expect_suggestion("command", "voice-stat", "voice-stats"))):
        await create_request(guild, command="voice-stat")


async def test_approval_is_refused_when_the_channel_or_category_of_a_thread_is_denied(
    guild: GuildUnderTest, stores: Stores
):
    category_id = await add_channel(stores, guild.id, "Desk", kind=4)
    channel_id = await add_channel(stores, guild.id, "desk", parent_id=category_id)
    thread_id = await add_channel(stores, guild.id, "a case", kind=11, parent_id=channel_id)
    outcome = await create_request(guild, channel_id=thread_id)
    rule_fields = {
        "subject_kind": SubjectKind.MEMBER,
        "subject_id": MEMBER_ID,
        "target_key": "voice-stats",
        "allow": False,
    }
    for place_kind, place_id in ((PlaceKind.CATEGORY, category_id), (PlaceKind.CHANNEL, channel_id)):
        rule_id = await guild.call_as_manager(
            add_rule, rule=build_rule(**rule_fields, place_kind=place_kind, place_id=place_id)
        )
        with pytest.raises(BadRequest, match=texts.format_request_blocked("voice-stats")):
            await guild.call_as_manager(access_requests.allow_request, request_id=outcome.id)
        await guild.call_as_manager(remove_rule, rule_id=rule_id)
    await guild.call_as_manager(access_requests.allow_request, request_id=outcome.id)
