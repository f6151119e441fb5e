"""The guard at the bot's door: nothing runs unasked, and what is decided is in force where people act."""

import asyncio
from functools import partial

import httpx
import pytest
from sqlalchemy import text

from herwa_shared.catalog import FeatureKey
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.policy_cache.notifications import touch
from herwa_shared.services import channel_lists
from herwa_shared.services.features import set_feature, set_module
from tests.bot.members import MANAGER, buttons
from tests.bot.stored import ask, comes_true, settled

STATS = (TargetKind.COMMAND, "server-stats")
EVERYTHING = (TargetKind.EVERYTHING, "")
MANAGE_MESSAGES = 1 << 13
MANAGE_SERVER = 1 << 5
ADMINISTRATOR = 1 << 3

SLOW_TIER = "INSERT INTO tier (key, title, rank, inherits) VALUES ('slow', 'Slow', 5, 'free') ON CONFLICT DO NOTHING"
SLOW_LIMIT = """
INSERT INTO tier_limit (tier_key, limit_key, value) VALUES ('slow', 'member_commands_a_minute', 2) ON CONFLICT DO NOTHING
"""
SLOW = """
INSERT INTO subscription (guild_id, tier_key, source, starts_at, reason, granted_by, created_at)
VALUES (:guild_id, 'slow', 'manual', now(), 'a test', 'a test', now())
"""


async def slow_down(session, *, guild_id):
    """Two commands a minute are all that this guild's tier allows a member."""
    for statement in (SLOW_TIER, SLOW_LIMIT):
        await session.execute(text(statement))
    await session.execute(text(SLOW), {"guild_id": guild_id})
    await touch(session, guild_id=None)


def features(members, feature, enabled):
    return members.decide(
        partial(set_feature, guild_id=members.place.guild, feature=feature, enabled=enabled, actor=MANAGER)
    )


async def test_a_server_that_has_chosen_nothing_may_use_what_is_free(members):
    message = await members.run("server-stats")
    assert not message.ephemeral
    assert "the last 30 days" in message.content


async def test_a_feature_that_is_switched_off_is_refused_to_the_member_alone(members):
    await features(members, FeatureKey.SERVER_STATS, False)
    await members.become("No", "server-stats")
    refused = await members.run("server-stats")
    assert refused.ephemeral
    assert refused.content.startswith("**Server stats is switched off in this server.**\n")
    assert "/features" in refused.content
    await features(members, FeatureKey.SERVER_STATS, True)
    await members.become("Yes", "server-stats")
    assert not (await members.run("server-stats")).ephemeral


async def test_a_module_that_is_switched_off_takes_its_commands_along(members):
    place = members.place
    await members.decide(partial(set_module, guild_id=place.guild, module="activity", enabled=False, actor=MANAGER))
    await members.become("No", "server-stats")
    assert "the Activity module is switched off" in (await members.run("server-stats")).content


async def test_a_role_that_a_rule_names_is_read_from_the_interaction(members, sim):
    place = members.place
    role = sim.client.create_role(place.guild, "Newcomers")
    sim.client.set_roles(place.guild, place.bob, [role])
    await members.rule(allow=False, subject=(SubjectKind.ROLE, role), target=STATS, note="**not** yet")
    await members.become("No", "server-stats", who=place.bob)
    refused = await members.run("server-stats", who=place.bob)
    assert refused.content.startswith(
        f"**A rule of this server says: <@&{role}> may not use /server-stats: \\*\\*not\\*\\* yet**\n"
    )
    assert not (await members.run("server-stats")).ephemeral
    sim.client.set_roles(place.guild, place.bob, [])
    assert not (await members.run("server-stats", who=place.bob)).ephemeral


async def test_a_named_permission_is_the_one_that_discord_computed(members, sim):
    place = members.place
    await members.rule(allow=False, target=STATS)
    await members.rule(allow=True, subject=(SubjectKind.PERMISSION, MANAGE_MESSAGES), target=STATS)
    await members.become("No", "server-stats")
    role = sim.client.create_role(place.guild, "Moderators", permissions=MANAGE_MESSAGES)
    sim.client.set_roles(place.guild, place.ada, [role])
    assert not (await members.run("server-stats")).ephemeral


@pytest.mark.parametrize("permissions", [None, ADMINISTRATOR])
async def test_owner_and_administrators_cannot_be_locked_out(members, sim, permissions):
    place = members.place
    who = place.owner
    if permissions is not None:
        who = place.bob
        role = sim.client.create_role(place.guild, "Admins", permissions=permissions)
        sim.client.set_roles(place.guild, who, [role])
    await members.rule(allow=False, target=EVERYTHING)
    await members.become("No", "server-stats")
    assert (await members.run("server-stats")).ephemeral
    assert not (await members.run("server-stats", who=who)).ephemeral


async def test_a_thread_follows_its_channel_and_a_channel_its_category(members, sim):
    place = members.place
    category = sim.client.create_channel(place.guild, "Desk", type_=4)
    desk = sim.client.create_channel(place.guild, "desk", parent_id=category)
    thread = sim.client.create_thread(desk, "one case")
    await members.rule(allow=False, target=STATS, place=(PlaceKind.CATEGORY, category))
    await members.become("No", "server-stats", channel=desk)
    assert (await members.run("server-stats", channel=desk)).ephemeral
    assert (await members.run("server-stats", channel=thread)).ephemeral
    assert not (await members.run("server-stats")).ephemeral


async def test_a_channel_list_lets_a_command_run_nowhere_else(members, sim):
    place = members.place
    desk = sim.client.create_channel(place.guild, "desk")
    thread = sim.client.create_thread(desk, "one case")
    await members.decide(
        partial(
            channel_lists.allow,
            guild_id=place.guild,
            target_kind=TargetKind.EVERYTHING,
            target_key="",
            place_ids=[desk],
            actor=MANAGER,
        )
    )
    await members.become("No", "server-stats")
    refused = await members.run("server-stats")
    assert refused.ephemeral
    assert f"You may use it in <#{desk}>." in refused.content
    assert not (await members.run("server-stats", channel=desk)).ephemeral
    assert not (await members.run("server-stats", channel=thread)).ephemeral


async def test_who_runs_more_than_the_tier_allows_waits_and_the_others_do_not(members):
    place = members.place
    await members.decide(partial(slow_down, guild_id=place.guild))
    refused = []

    async def is_refused():
        answers = await asyncio.gather(*(members.run("server-stats") for _ in range(4)))
        refused.extend(answer for answer in answers if answer.ephemeral)
        return bool(refused)

    await comes_true(is_refused)
    assert refused[0].content.splitlines()[1].startswith("The next one may run <t:")
    assert not (await members.run("server-stats", who=place.bob)).ephemeral
    assert (await members.run("help")).content.startswith("**What you may use here**")


async def test_a_button_is_checked_when_it_is_pressed_not_when_it_was_sent(members, sim):
    place = members.place
    staff = sim.client.create_role(place.guild, "Staff", permissions=MANAGE_SERVER)
    sim.client.set_roles(place.guild, place.ada, [staff])
    done = await members.run("features disable", {"what": "feature:server.stats"})
    await members.become("No", "server-stats", who=place.bob)
    sim.client.set_roles(place.guild, place.ada, [])
    *_, refused = (await members.press(done, "Undo")).messages
    assert refused.ephemeral
    assert refused.content.startswith("**/features enable is for members with Manage Server")
    assert (await members.run("server-stats", who=place.bob)).ephemeral


async def test_a_command_of_an_earlier_version_is_refused_in_words(members, sim):
    await asyncio.to_thread(register_besides, sim, "old-stats")
    refused = await members.run("old-stats")
    assert refused.ephemeral
    assert refused.content == "This command is new here, or gone. Please try again in a minute."


def register_besides(sim, name):
    """Discord has a command that the bot does not know any more."""
    url = f"{sim.url}/api/v10/applications/{sim.client.state().application_id}/commands"
    with httpx.Client(headers={"Authorization": f"Bot {sim.token}"}, trust_env=False) as discord:
        registered = discord.get(url).raise_for_status().json()
        known = [{part: one[part] for part in ("name", "description", "type", "options")} for one in registered]
        discord.put(url, json=[*known, {"name": name, "description": "As it was", "type": 1}]).raise_for_status()


async def test_a_sign_of_life_tells_how_many_policies_are_in_memory(members, bot):
    async def told():
        [(detail,)] = await ask(members.stores, "SELECT detail FROM process WHERE pid = :pid", pid=bot.pid)
        return detail["policies"] > 0 and detail["policy_sweep_age"] is not None

    await comes_true(told)


async def test_what_the_bot_serves_is_registered(members):
    rows = await ask(members.stores, "SELECT key, audience FROM surface WHERE kind = 'command' AND retired_at IS NULL")
    assert {("server-stats", "everyone"), ("permissions allow", "managers")} <= {tuple(row) for row in rows}


async def test_a_server_that_the_database_does_not_know_yet_is_answered_in_words(members):
    place = members.place
    await members.decide(lambda session: session.execute(text("DELETE FROM guild WHERE id = :id"), {"id": place.guild}))
    what, where = {"what": "/server-stats"}, {"where": str(place.channel)}
    for command, options in (
        ("features disable", {"what": "server.stats"}),
        ("permissions deny", what | {"who": str(place.bob)}),
        ("channels allow", what | where),
    ):
        told = await members.run(command, options, who=place.owner)
        assert told.ephemeral
        assert told.content == "Herwa knows no such server. If it has only just joined, try again in a moment."
    for command in ("features list", "permissions list", "channels list", "premium", "help"):
        assert (await members.run(command, who=place.owner)).content.startswith("**")
    refused = await members.run("permissions list")
    [label] = buttons(refused)
    told = (await members.press(refused, label)).messages[-1]
    assert told.content.startswith("Herwa knows no such server.")


async def test_a_server_that_comes_back_has_what_it_had_chosen(members, sim, bot):
    place = members.place
    await members.rule(allow=False, target=STATS)
    await features(members, FeatureKey.VOICE_STATS, False)
    await members.become("No", "server-stats")
    sim.client.remove_guild(place.guild)
    await settled(members.stores, bot)
    sim.client.add_bot(place.guild)
    await settled(members.stores, bot)
    assert (await members.run("server-stats")).content.startswith("**A rule of this server says: nobody may use")
    assert (await members.run("voice-stats")).content.startswith("**Voice stats is switched off in this server.**")
