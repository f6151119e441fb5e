"""Commands, components, forms and autocomplete from the side of a member."""

import asyncio
import re

import pytest

from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_sim.texts import actions as texts
from tests.sim.commands import CHART_PNG


@pytest.fixture
def run_command(sim, server, bot):
    """Runs a command, by default as the test's member in the test's channel."""

    async def run_in_server(command, options=None, *, user=None, channel=None):
        return await asyncio.to_thread(
            sim.client.run_command, channel or server.channel, user or server.member, command, options
        )

    return run_in_server


async def test_command_reply_has_a_fetchable_image(sim, run_command):
    result = await run_command("stats")
    [message] = result.messages
    assert message.content == "12 messages"
    [attachment] = message.attachments
    assert (attachment.filename, attachment.description) == ("chart.png", "A line that goes up")
    assert await asyncio.to_thread(sim.client.fetch, attachment.url) == CHART_PNG
    assert message.embeds[0]["image"]["url"] == attachment.url


async def test_button_changes_its_message(sim, server, run_command):
    message = (await run_command("stats")).messages[0]
    result = await asyncio.to_thread(sim.client.click, server.channel, server.member, message.id, "thirty")
    assert result.messages[0].id == message.id
    assert result.messages[0].content == "30 days"
    assert result.messages[0].components == []


async def test_button_can_send_an_ephemeral_reply(sim, server, run_command, bot):
    message = (await run_command("stats")).messages[0]
    result = await asyncio.to_thread(sim.client.click, server.channel, server.member, message.id, "explain")
    assert result.messages[0].ephemeral
    assert result.messages[0].content == "Because."
    assert "Because." not in [
        history_message.content async for history_message in bot.get_channel(server.channel).history()
    ]


@pytest.mark.parametrize("quiet", [False, True])
async def test_deferred_response_replaces_the_thinking_state(run_command, server, bot, quiet):
    result = await run_command("slow", {"quiet": quiet})
    assert result.messages[0].content.startswith("first")
    assert result.messages[0].ephemeral is quiet
    assert result.messages[0].attachments[0].size == len(CHART_PNG)


async def test_group_command_takes_options_and_resolves_members(run_command, server, bot):
    result = await run_command("features enable", {"feature": "charts", "member": str(server.member)})
    assert result.messages[0].content == f"charts for {bot.get_guild(server.id).get_member(server.member)}"


async def test_autocomplete_returns_choices(sim, server, bot):
    result = await asyncio.to_thread(
        sim.client.autocomplete, server.channel, server.member, "features enable", {"feature": "ch"}, focused="feature"
    )
    assert [choice["value"] for choice in result.choices] == ["charts"]


async def test_context_menu_command_gets_the_message(sim, server, bot):
    message_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
    payload = await asyncio.to_thread(
        sim.client.call,
        "interaction/command",
        channel_id=str(server.channel),
        user_id=str(server.member),
        command="Look closer",
        target_id=str(message_id),
    )
    assert payload["messages"][0]["content"] == str(message_id)


async def test_interaction_carries_permissions_roles_and_the_parent_of_a_thread(sim, server, run_command):
    def create_role_and_thread():
        role = sim.client.create_role(server.id, "Manager", permissions=1 << 5)
        sim.client.set_roles(server.id, server.member, [role])
        return role, sim.client.create_thread(server.channel, "inside")

    role, thread = await asyncio.to_thread(create_role_and_thread)
    result = await run_command("whoami", channel=thread)
    assert result.messages[0].content == f"True True {server.channel} [{role}]"


async def test_channel_overwrites_change_member_permissions(sim, server, run_command):
    allow = {"id": str(server.member), "type": 1, "allow": 1 << 5}
    deny = {"id": str(server.id), "type": 0, "deny": 1 << 15}
    thread = await asyncio.to_thread(sim.client.create_thread, server.channel, "inside")
    await asyncio.to_thread(
        sim.client.call, "channel/overwrites", channel_id=str(server.channel), overwrites=[allow, deny]
    )
    result = await run_command("whoami", channel=thread)
    assert result.messages[0].content == f"True False {server.channel} []"


async def test_command_for_managers_is_not_shown_to_others(run_command, server):
    for command, reply in (("manage", "managed"), ("administrate", "administrated")):
        with pytest.raises(Forbidden, match=texts.format_hidden_command(command)):
            await run_command(command)
        assert (await run_command(command, user=server.owner)).messages[0].content == reply


@pytest.mark.parametrize(
    ("command", "options", "error", "message"),
    [
        ("nothing", {}, NotFound, texts.format_unknown_command("nothing")),
        ("features", {}, BadRequest, texts.format_subcommand_required("features")),
        ("features enable", {}, BadRequest, texts.format_option_required("feature")),
        (
            "features enable",
            {"feature": "x", "colour": 1},
            BadRequest,
            texts.format_unknown_option("colour", ["feature", "member"]),
        ),
        ("features disable", {}, NotFound, texts.format_unknown_subcommand("features", "disable")),
    ],
)
async def test_invalid_command_is_refused_with_an_explanation(run_command, command, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        await run_command(command, options)


async def test_integrations_hide_a_command_from_everyone_but_a_role(sim, server, run_command, bot):
    role = sim.client.create_role(server.id, "Analysts")
    permissions = [
        {"id": server.id, "type": 1, "permission": False},
        {"id": role, "type": 1, "permission": True},
    ]
    sim.client.call("command/permissions", guild_id=str(server.id), command="stats", permissions=permissions)
    with pytest.raises(Forbidden, match=texts.format_hidden_command("stats")):
        await run_command("stats")
    assert (await run_command("stats", user=server.owner)).responded
    sim.client.set_roles(server.id, server.member, [role])
    assert (await run_command("stats")).responded
    [listed] = await bot.http.get_guild_application_command_permissions(bot.application_id, server.id)
    assert listed["permissions"] == [
        {"id": str(server.id), "type": 1, "permission": False},
        {"id": str(role), "type": 1, "permission": True},
    ]


async def test_silent_bot_is_reported_as_no_response(sim, server, bot):
    bot.tree.remove_command("whoami")
    bot.tree.on_error = _ignore
    result = await asyncio.to_thread(sim.client.run_command, server.channel, server.member, "whoami", seconds=0.2)
    assert not result.responded
    assert result.messages == ()


async def _ignore(*_: object) -> None:
    """Do not log the error."""


async def test_every_select_kind_returns_the_chosen_values(sim, server, run_command):
    role = sim.client.create_role(server.id, "Keeper")
    name = next(
        member["name"]
        for member in sim.client.get_guild(server.id)["member_list"]
        if member["id"] == str(server.member)
    )
    [message] = (await run_command("choose")).messages
    kinds = {
        "text": (["c", "a"], "c a"),
        "user": ([server.member], name),
        "role": ([role], "Keeper"),
        "mentionable": ([server.member, role], f"{name} Keeper"),
        "channel": ([server.channel], "general"),
    }
    for custom_id, (values, content) in kinds.items():
        raw_values = [str(value) for value in values]
        result = await asyncio.to_thread(
            sim.client.click, server.channel, server.member, message.id, custom_id, values=raw_values
        )
        assert result.messages[0].content == content


@pytest.mark.parametrize("values", [[], ["a", "b", "c"], ["d"]])
async def test_select_accepts_only_its_options(sim, server, run_command, values):
    [message] = (await run_command("choose")).messages
    with pytest.raises(BadRequest):
        await asyncio.to_thread(sim.client.click, server.channel, server.member, message.id, "text", values=values)


async def test_form_can_be_submitted(sim, server, run_command):
    form_result = await run_command("note")
    assert form_result.modal["title"] == "A note"
    result = await asyncio.to_thread(
        sim.client.submit,
        server.channel,
        server.member,
        form_result.id,
        {"note": "Be kind", "about": [str(server.owner)]},
    )
    assert result.messages[0].content == "Be kind ['owner']"
    assert result.messages[0].ephemeral


@pytest.mark.parametrize("values", [{}, {"note": "x" * 21}, {"note": "fine", "extra": "y"}])
async def test_incomplete_or_invalid_form_is_refused(sim, server, run_command, values):
    form_result = await run_command("note")
    with pytest.raises(BadRequest):
        await asyncio.to_thread(sim.client.submit, server.channel, server.member, form_result.id, values)


async def test_form_that_is_not_open_cannot_be_submitted(sim, server, run_command):
    result = await run_command("whoami")
    with pytest.raises(NotFound, match=texts.NO_OPEN_FORM):
        await asyncio.to_thread(sim.client.submit, server.channel, server.member, result.id, {})


@pytest.mark.parametrize("command", ["rules list all", "features enable"])
async def test_nested_command_groups_work(run_command, command):
    options = {"feature": "charts"} if command == "features enable" else {}
    assert (await run_command(command, options)).messages[0].content in ("no rules", "charts for None")


async def test_mentionable_option_accepts_members_roles_and_everyone(sim, server, run_command):
    role = await asyncio.to_thread(sim.client.create_role, server.id, "Keeper")
    category = await asyncio.to_thread(sim.client.create_channel, server.id, "Office", type_=4)
    for mentionable, kind in ((server.member, "Member"), (role, "Role"), (server.id, "Role")):
        options = {"what": "charts", "who": str(mentionable), "role": str(server.id), "where": str(category)}
        [message] = (await run_command("rules allow", options)).messages
        assert message.content == f"charts {kind} {mentionable} {server.id} Office"


async def test_autocomplete_sees_earlier_options(sim, server, bot):
    options = {"what": "all", "who": str(server.id)}
    result = await asyncio.to_thread(
        sim.client.autocomplete, server.channel, server.member, "rules allow", options, focused="what"
    )
    assert [choice["value"] for choice in result.choices] == ["all of @everyone"]


@pytest.mark.parametrize(("button", "content"), [("yes", "Done."), ("slowly", "Done slowly.")])
async def test_button_edits_its_ephemeral_message(sim, server, run_command, button, content):
    [confirmation] = (await run_command("rules allow", {"what": "charts", "who": str(server.id)})).messages
    assert confirmation.ephemeral
    result = await asyncio.to_thread(sim.client.click, server.channel, server.member, confirmation.id, button)
    assert [(message.id, message.content, message.ephemeral) for message in result.messages] == [
        (confirmation.id, content, True)
    ]


async def test_form_opened_by_a_button_edits_the_message_of_the_button(sim, server, run_command):
    [confirmation] = (await run_command("rules allow", {"what": "charts", "who": str(server.id)})).messages
    form_result = await asyncio.to_thread(sim.client.click, server.channel, server.member, confirmation.id, "with-note")
    result = await asyncio.to_thread(
        sim.client.submit, server.channel, server.member, form_result.id, {"reason": "They asked kindly"}
    )
    [message] = result.messages
    assert (message.id, message.content, message.components) == (confirmation.id, "Done: They asked kindly", [])
