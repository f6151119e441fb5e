"""Commands, buttons and typing, from a member's side: what they see."""

import asyncio

import pytest

from herwa_shared.errors import BadRequest, Forbidden, NotFound
from tests.sim.commands import CHART


@pytest.fixture
def run(sim, place, bot):
    async def run(command, options=None, *, who=None, where=None):
        return await asyncio.to_thread(
            sim.client.command, where or place.channel, who or place.member, command, options
        )

    return run


async def test_command_is_answered_with_a_picture_that_can_be_fetched(sim, run):
    answer = await run("stats")
    [message] = answer.messages
    assert message.content == "12 messages"
    [picture] = message.attachments
    assert (picture.filename, picture.description) == ("chart.png", "A line that goes up")
    assert await asyncio.to_thread(sim.client.fetch, picture.url) == CHART
    assert message.embeds[0]["image"]["url"] == picture.url


async def test_button_changes_its_message(sim, place, run):
    message = (await run("stats")).messages[0]
    clicked = await asyncio.to_thread(sim.client.click, place.channel, place.member, message.id, "thirty")
    assert clicked.messages[0].id == message.id
    assert clicked.messages[0].content == "30 days"
    assert clicked.messages[0].components == []


async def test_button_can_answer_only_the_one_who_clicked(sim, place, run, bot):
    message = (await run("stats")).messages[0]
    clicked = await asyncio.to_thread(sim.client.click, place.channel, place.member, message.id, "explain")
    assert clicked.messages[0].ephemeral
    assert clicked.messages[0].content == "Because."
    assert "Because." not in [one.content async for one in bot.get_channel(place.channel).history()]


@pytest.mark.parametrize("quiet", [False, True])
async def test_deferred_answer_takes_the_place_of_the_dots(run, place, bot, quiet):
    answer = await run("slow", {"quiet": quiet})
    assert answer.messages[0].content.startswith("first")
    assert answer.messages[0].ephemeral is quiet
    assert answer.messages[0].attachments[0].size == len(CHART)


async def test_group_takes_options_and_resolves_members(run, place, bot):
    answer = await run("features enable", {"feature": "charts", "member": str(place.member)})
    assert answer.messages[0].content == f"charts for {bot.get_guild(place.guild).get_member(place.member)}"


async def test_typing_is_answered_with_choices(sim, place, bot):
    answer = await asyncio.to_thread(
        sim.client.autocomplete, place.channel, place.member, "features enable", {"feature": "ch"}, focused="feature"
    )
    assert [choice["value"] for choice in answer.choices] == ["charts"]


async def test_menu_entry_is_told_the_message(sim, place, bot):
    said = await asyncio.to_thread(sim.client.say, place.channel, place.member)
    told = await asyncio.to_thread(
        sim.client.call,
        "interaction/command",
        channel_id=str(place.channel),
        user_id=str(place.member),
        command="Look closer",
        target_id=str(said),
    )
    assert told["messages"][0]["content"] == str(said)


async def test_question_carries_permissions_roles_and_the_parent_of_a_thread(sim, place, run):
    def prepare():
        role = sim.client.create_role(place.guild, "Manager", permissions=1 << 5)
        sim.client.set_roles(place.guild, place.member, [role])
        return role, sim.client.create_thread(place.channel, "inside")

    role, thread = await asyncio.to_thread(prepare)
    answer = await run("whoami", where=thread)
    assert answer.messages[0].content == f"True True {place.channel} [{role}]"


async def test_overwrites_of_a_channel_change_what_a_member_may(sim, place, run):
    allow = {"id": str(place.member), "type": 1, "allow": 1 << 5}
    deny = {"id": str(place.guild), "type": 0, "deny": 1 << 15}
    thread = await asyncio.to_thread(sim.client.create_thread, place.channel, "inside")
    await asyncio.to_thread(
        sim.client.call, "channel/overwrites", channel_id=str(place.channel), overwrites=[allow, deny]
    )
    answer = await run("whoami", where=thread)
    assert answer.messages[0].content == f"True False {place.channel} []"


async def test_command_for_managers_is_not_shown_to_others(run, place):
    with pytest.raises(Forbidden, match="does not show manage"):
        await run("manage")
    assert (await run("manage", who=place.owner)).messages[0].content == "managed"


@pytest.mark.parametrize(
    ("command", "options", "error", "words"),
    [
        ("nothing", {}, NotFound, "no command nothing"),
        ("features", {}, BadRequest, "needs one of its sub-commands"),
        ("features enable", {}, BadRequest, "feature is required"),
        ("features enable", {"feature": "x", "colour": 1}, BadRequest, "no option colour"),
        ("features disable", {}, NotFound, "no sub-command disable"),
    ],
)
async def test_what_a_client_would_not_send_is_refused_in_words(run, command, options, error, words):
    with pytest.raises(error, match=words):
        await run(command, options)


async def test_silent_bot_is_seen_as_no_answer(sim, place, bot):
    bot.tree.remove_command("whoami")
    bot.tree.on_error = _ignore
    answer = await asyncio.to_thread(sim.client.command, place.channel, place.member, "whoami", seconds=0.2)
    assert not answer.answered
    assert answer.messages == ()


async def _ignore(*_: object) -> None:
    """The tree has nothing to say."""


async def test_every_kind_of_select_says_what_was_chosen(sim, place, run):
    role = sim.client.create_role(place.guild, "Keeper")
    name = next(one["name"] for one in sim.client.guild(place.guild)["member_list"] if one["id"] == str(place.member))
    [message] = (await run("choose")).messages
    kinds = {
        "text": (["c", "a"], "c a"),
        "user": ([place.member], name),
        "role": ([role], "Keeper"),
        "mentionable": ([place.member, role], f"{name} Keeper"),
        "channel": ([place.channel], "general"),
    }
    for custom_id, (values, said) in kinds.items():
        chosen = [str(one) for one in values]
        answer = await asyncio.to_thread(
            sim.client.click, place.channel, place.member, message.id, custom_id, values=chosen
        )
        assert answer.messages[0].content == said


@pytest.mark.parametrize("values", [[], ["a", "b", "c"], ["d"]])
async def test_a_select_takes_only_what_it_offers(sim, place, run, values):
    [message] = (await run("choose")).messages
    with pytest.raises(BadRequest):
        await asyncio.to_thread(sim.client.click, place.channel, place.member, message.id, "text", values=values)


async def test_a_form_is_filled_in_and_sent(sim, place, run):
    opened = await run("note")
    assert opened.modal["title"] == "A note"
    answer = await asyncio.to_thread(
        sim.client.submit,
        place.channel,
        place.member,
        opened.id,
        {"note": "Be kind", "about": [str(place.owner)]},
    )
    assert answer.messages[0].content == "Be kind ['owner']"
    assert answer.messages[0].ephemeral


@pytest.mark.parametrize("values", [{}, {"note": "x" * 21}, {"note": "fine", "extra": "y"}])
async def test_a_form_is_not_sent_half_filled(sim, place, run, values):
    opened = await run("note")
    with pytest.raises(BadRequest):
        await asyncio.to_thread(sim.client.submit, place.channel, place.member, opened.id, values)


async def test_a_form_that_is_not_open_cannot_be_sent(sim, place, run):
    answered = await run("whoami")
    with pytest.raises(NotFound, match="No form is open"):
        await asyncio.to_thread(sim.client.submit, place.channel, place.member, answered.id, {})


@pytest.mark.parametrize("words", ["rules list all", "features enable"])
async def test_groups_may_be_inside_groups(run, words):
    options = {"feature": "charts"} if words == "features enable" else {}
    assert (await run(words, options)).messages[0].content in ("no rules", "charts for None")


async def test_a_member_a_role_or_everyone_can_be_named(sim, place, run):
    role = await asyncio.to_thread(sim.client.create_role, place.guild, "Keeper")
    category = await asyncio.to_thread(sim.client.create_channel, place.guild, "Office", type_=4)
    for who, kind in ((place.member, "Member"), (role, "Role"), (place.guild, "Role")):
        given = {"what": "charts", "who": str(who), "role": str(place.guild), "where": str(category)}
        [message] = (await run("rules allow", given)).messages
        assert message.content == f"charts {kind} {who} {place.guild} Office"


async def test_typing_is_answered_by_what_was_chosen_before(sim, place, bot):
    chosen = {"what": "all", "who": str(place.guild)}
    answer = await asyncio.to_thread(
        sim.client.autocomplete, place.channel, place.member, "rules allow", chosen, focused="what"
    )
    assert [choice["value"] for choice in answer.choices] == ["all of @everyone"]


@pytest.mark.parametrize(("button", "words"), [("yes", "Done."), ("slowly", "Done slowly.")])
async def test_an_answer_for_one_pair_of_eyes_is_changed_by_its_button(sim, place, run, button, words):
    [asked] = (await run("rules allow", {"what": "charts", "who": str(place.guild)})).messages
    assert asked.ephemeral
    answer = await asyncio.to_thread(sim.client.click, place.channel, place.member, asked.id, button)
    assert [(one.id, one.content, one.ephemeral) for one in answer.messages] == [(asked.id, words, True)]


async def test_a_form_that_a_button_opens_changes_the_answer_with_the_button(sim, place, run):
    [asked] = (await run("rules allow", {"what": "charts", "who": str(place.guild)})).messages
    opened = await asyncio.to_thread(sim.client.click, place.channel, place.member, asked.id, "with-note")
    answer = await asyncio.to_thread(
        sim.client.submit, place.channel, place.member, opened.id, {"reason": "They asked kindly"}
    )
    [message] = answer.messages
    assert (message.id, message.content, message.components) == (asked.id, "Done: They asked kindly", [])
