"""Names and times have one form in messages and one in suggestions; no ID is ever shown to people."""

import re
from datetime import timedelta
from functools import partial

from herwa_bot.texts import names
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import access_requests
from herwa_shared.services.access_rules import NewRule
from tests.support.access_rules import add_rule
from tests.support.db_assertions import fetch_rows
from tests.support.member_client import MANAGER
from tests.support.waiting import wait_until

STATS = (TargetKind.COMMAND, "server-stats")
FORMER_MEMBER_ID = 1_234_567_890_123_456_789
ANY_ID = re.compile(r"\d{15,}")
TIMESTAMP_STYLE = re.compile(r"<t:\d+:(\w)>")


async def list_rule_suggestions(members, typed=""):
    return await members.autocomplete("permissions remove", {"rule": typed}, "rule", user=members.server.owner)


def get_member_name(sim, server, user_id):
    return next(
        member["name"] for member in sim.client.get_guild(server.id)["member_list"] if int(member["id"]) == user_id
    )


async def test_suggestions_name_and_find_members_who_never_wrote(sim, members):
    server = members.server
    sim.client.set_nickname(server.id, server.bob, "Mei")
    for user_id in (server.bob, server.ada, FORMER_MEMBER_ID):
        await members.add_rule(allow=False, subject=(SubjectKind.MEMBER, user_id), target=STATS)
    suggestions = await list_rule_suggestions(members)
    assert [text.split(" ", 1)[1].split(" can't")[0].lower() for text in suggestions] == [
        "@mei",
        f"@{get_member_name(sim, server, server.ada)}",
        names.FORMER_MEMBER,
    ]
    assert not any(ANY_ID.search(suggestion) for suggestion in suggestions)
    assert await list_rule_suggestions(members, "mei") == suggestions[:1]


async def test_fetched_name_is_stored(members):
    server = members.server
    await members.add_rule(allow=False, subject=(SubjectKind.MEMBER, server.bob), target=STATS)
    await list_rule_suggestions(members)

    async def is_stored() -> bool:
        query = "SELECT name FROM member WHERE guild_id = :guild_id AND user_id = :user_id"
        return bool(await fetch_rows(members.stores, query, guild_id=server.id, user_id=server.bob))

    await wait_until(is_stored)


async def test_reply_has_one_date_style_and_one_form_of_each_name(sim, members):
    server = members.server
    role = sim.client.create_role(server.id, "Support")
    end = utc_now() + timedelta(days=3)
    for subject in ((SubjectKind.MEMBER, server.bob), (SubjectKind.ROLE, role)):
        rule = NewRule(False, *subject, *STATS, until=end)
        await members.run_in_transaction(partial(add_rule, guild_id=server.id, rule=rule, actor=MANAGER))
    create_request = partial(
        access_requests.create_request,
        guild_id=server.id,
        user_id=server.bob,
        user_name="Bob",
        command="permissions list",
        channel_id=server.channel,
    )
    await members.run_in_transaction(create_request)
    reply = await members.run("permissions list", user=server.owner)
    assert set(TIMESTAMP_STYLE.findall(reply.content)) == {"f"}
    assert reply.content.count(MESSAGE_NAMES.format_member(server.bob)) == 2
    assert "Bob" not in reply.content
    effect = await members.run("permissions deny", {"what": "voice.stats", "who": str(role)}, user=server.owner)
    assert effect.content.count(MESSAGE_NAMES.format_role(role)) == 2
    assert "@Support" not in effect.content
