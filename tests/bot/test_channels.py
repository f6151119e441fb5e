"""`/channels` as a manager uses it, and in which channels commands run afterwards."""

import asyncio
from functools import partial

import pytest

from herwa_bot.texts import buttons
from herwa_bot.texts import channels as texts
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.guardrail.texts import format_target
from herwa_shared.models import ChannelListEntry
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import channel_lists
from herwa_shared.services.texts import format_channel_list_title, format_undo_restored
from tests.support.member_client import MANAGER, MemberClient, get_button_ids, is_last_page
from tests.support.waiting import wait_until


def mention(*channel_ids):
    """Format channels as the bot does in a reply."""
    return ", ".join(map(MESSAGE_NAMES.format_channel, channel_ids))


class ChannelListClient:
    """Runs `/channels` as the owner and reads the stored lists."""

    def __init__(self, members: MemberClient) -> None:
        self.members, self.server = members, members.server

    async def run(self, command: str, **options: object):
        values = {name: str(value) for name, value in options.items()}
        return await self.members.run(f"channels {command}", values, user=self.server.owner)

    async def press(self, message, label: str):
        return (await self.members.press(message, label, user=self.server.owner)).messages[-1]

    async def load_stored_lists(self) -> dict[tuple[TargetKind, str], frozenset[int]]:
        async with self.members.stores.database.transaction() as session:
            stored_lists = await channel_lists.list_channel_lists(session, guild_id=self.server.id)
        return {
            (channel_list.target_kind, channel_list.target_key): channel_list.place_ids for channel_list in stored_lists
        }


@pytest.fixture
def lists(members) -> ChannelListClient:
    return ChannelListClient(members)


@pytest.fixture
def staff(sim, server) -> int:
    return sim.client.create_channel(server.id, "staff")


async def test_command_is_limited_to_listed_channels_and_undo_reverts_the_last_one(lists, members, staff):
    first_reply = await lists.run("allow", what="/server-stats", where=staff)
    assert first_reply.ephemeral
    assert first_reply.content == texts.format_limited("/server-stats", mention(staff), "")
    await members.wait_for_verdict("No", "server-stats")
    await members.wait_for_verdict("Yes", "server-stats", channel=staff)
    second_reply = await lists.run("allow", what="/server-stats", where=members.server.channel)
    places = mention(*sorted([staff, members.server.channel]))
    assert second_reply.content == texts.format_limited("/server-stats", places, mention(staff))
    await members.wait_for_verdict("Yes", "server-stats")
    await lists.press(second_reply, buttons.UNDO)
    assert await lists.load_stored_lists() == {(TargetKind.COMMAND, "server-stats"): frozenset([staff])}


async def test_thread_is_saved_as_its_parent_channel(lists, members, sim, staff):
    thread = sim.client.create_thread(staff, "night shift")
    await lists.run("allow", what="/server-stats", where=thread)
    assert await lists.load_stored_lists() == {(TargetKind.COMMAND, "server-stats"): frozenset([staff])}


async def test_list_for_everything_needs_confirmation(lists, staff):
    confirmation = await lists.run("allow", what="everything", where=staff)
    question = texts.format_question("everything", mention(staff), "", "")
    assert confirmation.content.startswith(question.splitlines()[0])
    assert "`/server-stats`" in confirmation.content
    assert await lists.load_stored_lists() == {}
    reply = await lists.press(confirmation, buttons.LIMIT_TO_CHANNEL)
    assert reply.content == texts.format_limited("everything", mention(staff), "")
    assert await lists.load_stored_lists() == {(TargetKind.EVERYTHING, ""): frozenset([staff])}


async def test_adding_the_same_channel_again_changes_nothing(lists, staff):
    await lists.run("allow", what="/server-stats", where=staff)
    second_reply = await lists.run("allow", what="/server-stats", where=staff)
    assert second_reply.content == texts.format_already_allowed("/server-stats", mention(staff))
    assert get_button_ids(second_reply) == {}


async def test_cleared_list_is_restored_by_undo(lists, members, staff):
    reply = await lists.run("clear", what="/server-stats")
    assert reply.content == texts.format_no_restriction("/server-stats")
    await lists.run("allow", what="/server-stats", where=staff)
    await members.wait_for_verdict("No", "server-stats")
    suggestions = await members.autocomplete("channels clear", {"what": ""}, "what", user=members.server.owner)
    assert suggestions == ["/server-stats"]
    cleared_reply = await lists.run("clear", what="/server-stats")
    assert cleared_reply.content.startswith(texts.format_unlimited("/server-stats", mention(staff)))
    await members.wait_for_verdict("Yes", "server-stats")
    undo_reply = await lists.press(cleared_reply, buttons.UNDO)
    result = format_undo_restored(format_channel_list_title("/server-stats"))
    assert undo_reply.content == buttons.format_undone(cleared_reply.content, [result])
    assert len(await lists.load_stored_lists()) == 1


async def test_list_command_shows_targets_and_channels(lists, staff):
    assert texts.NO_RESTRICTIONS in (await lists.run("list")).content
    await lists.run("allow", what="/server-stats", where=staff)
    entry = texts.format_entry("/server-stats", mention(staff), is_continued=False)
    assert (await lists.run("list")).content.endswith(f"\n{entry}")


@pytest.mark.parametrize("what", ["/channels", "module:governance", "everything"])
async def test_restricting_the_managers_own_commands_to_a_channel_warns(lists, staff, what):
    confirmation = await lists.run("allow", what=what, where=staff)
    assert "`/channels list|allow|clear`" in confirmation.content.split("⚠️")[1]
    assert await lists.load_stored_lists() == {}


async def test_confirmation_reports_a_list_that_was_created_meanwhile(lists, members, staff):
    confirmation = await lists.run("allow", what="everything", where=staff)
    await lists.press(
        await lists.run("allow", what="everything", where=members.server.channel), buttons.LIMIT_TO_CHANNEL
    )
    reply = await lists.press(confirmation, buttons.LIMIT_TO_CHANNEL)
    places = mention(*sorted([staff, members.server.channel]))
    assert reply.content == texts.format_limited("everything", places, mention(members.server.channel))


async def test_concurrent_additions_report_the_stored_list(lists, sim, server):
    channels = [sim.client.create_channel(server.id, f"desk-{number}") for number in range(4)]
    replies = await asyncio.gather(*(lists.run("allow", what="/server-stats", where=channel) for channel in channels))
    assert await lists.load_stored_lists() == {(TargetKind.COMMAND, "server-stats"): frozenset(channels)}
    mention_counts = sorted(reply.content.split("(")[0].count("<#") for reply in replies)
    assert mention_counts == [1, 2, 3, 4]


async def test_list_of_a_hundred_channels_is_shown_completely(lists, members, server):
    channel_ids = [(1 << 62) + number for number in range(100)]
    for key in ("server-stats", "voice-stats"):
        await members.run_in_transaction(
            partial(
                channel_lists.set_list,
                guild_id=server.id,
                target_kind=TargetKind.COMMAND,
                target_key=key,
                place_ids=channel_ids,
                actor=MANAGER,
            )
        )
    page, pages = await lists.run("list"), []
    while True:
        assert len(page.content) <= 2000
        pages.append(page.content)
        if is_last_page(page):
            break
        page = await lists.press(page, "Next")
    assert all("\n".join(pages).count(f"<#{channel_id}>") == 2 for channel_id in channel_ids)
    cleared_reply = await lists.run("clear", what="/server-stats")
    assert len(cleared_reply.content) <= 2000
    assert cleared_reply.content.endswith(texts.BROADER_MAY_APPLY)
    assert texts.format_more_channels("", 80) in cleared_reply.content


async def test_list_of_a_removed_target_can_be_cleared(lists, members, staff):
    removed_targets = [
        (TargetKind.MODULE, "oldies"),
        (TargetKind.FEATURE, "oldies.stats"),
        (TargetKind.COMMAND, "old-stats"),
    ]

    async def insert_entries(session):
        for kind, key in removed_targets:
            session.add(ChannelListEntry(guild_id=members.server.id, target_kind=kind, target_key=key, place_id=staff))
        await publish_policy_change(session, guild_id=members.server.id)

    await members.run_in_transaction(insert_entries)

    async def list_suggestions():
        return await members.autocomplete("channels clear", {"what": ""}, "what", user=members.server.owner)

    async def is_offered():
        return await list_suggestions() == ["oldies (module)", "oldies.stats (feature)", "/old-stats"]

    await wait_until(is_offered)
    for kind, key in removed_targets:
        reply = await lists.run("clear", what=f"{kind}:{key}")
        assert reply.content.startswith(texts.format_unlimited(format_target(kind, key), mention(staff)))
    assert await lists.load_stored_lists() == {}


async def test_target_without_commands_cannot_be_limited_to_a_channel(lists, members, staff):
    reply = await lists.run("allow", what="module:dashboard", where=staff)
    assert reply.content == texts.format_no_commands("the Dashboard module")
    assert await lists.load_stored_lists() == {}
    assert await members.autocomplete("channels allow", {"what": "overview"}, "what", user=members.server.owner) == []
