"""`/top channels`, `/top members` and `/top voice`: exact numbers, an image, and no name that a reader may not see."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from herwa_bot.texts import names
from herwa_bot.texts import stats as stats_texts
from herwa_bot.texts import top as texts
from herwa_bot.texts.phrases import format_capitalized
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.charts.formatting import format_long_day
from herwa_shared.charts.text.metric_phrases import format_amount, get_metric_phrases
from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import ADMINISTRATOR, VIEW_CHANNEL, VIEW_GUILD_INSIGHTS
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.privacy.erasure import request_erasure
from herwa_shared.services.member_data_views import list_member_views
from tests.support.db_assertions import wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.row_factories import EventRow, add_member, insert_events
from tests.support.sample_server import SampleServer
from tests.support.short_history import grant_short_history, revoke_tier
from tests.support.waiting import wait_until

SERVER_NAME = "@everyone **top**"
HOSTILE_NAME = "@everyone <@1> **Mei**"
MEI, ARABIC, OPTED_OUT, ERASED, NAMELESS = 7001, 7002, 7003, 7004, 7005
MESSAGES_BY_MEMBER = {MEI: 9, ARABIC: 6, OPTED_OUT: 8, ERASED: 7, NAMELESS: 2, FIRST_PSEUDONYM + 5: 1}
LIST_NAMES = [HOSTILE_NAME, "محمد", format_capitalized(names.UNKNOWN_MEMBER), format_capitalized(names.FORMER_MEMBER)]
LIST_VALUES = [9, 6, 2, 1]
INSIGHTS_ROLE = "analyst"


@pytest.fixture(scope="module")
async def top_server(stores, sim, bot) -> MemberClient:
    """A server with members and channels of every kind; Ada may see data about members, Bob may not."""
    server = SampleServer(sim.client, SERVER_NAME)
    role = sim.client.create_role(server.id, INSIGHTS_ROLE, permissions=VIEW_GUILD_INSIGHTS)
    sim.client.set_roles(server.id, server.ada, [role])
    await wait_until_stored(stores, bot)
    now = utc_now()
    rows = [
        EventRow(now - timedelta(days=2, minutes=number), user, server.channel)
        for user, count in MESSAGES_BY_MEMBER.items()
        for number in range(count)
    ]
    rows += [EventRow(now - timedelta(days=60), NAMELESS, server.channel) for _ in range(20)]
    rows += [EventRow(now - timedelta(days=3), user, 5, "voice", 60 * user % 1000 + 600) for user in (MEI, OPTED_OUT)]
    await insert_events(stores, server.id, rows)
    await add_member(stores, server.id, MEI, HOSTILE_NAME)
    await add_member(stores, server.id, ARABIC, "محمد")
    async with stores.database.transaction() as session:
        await set_opt_out(session, guild_id=None, user_id=OPTED_OUT, opted_out=True)
        await request_erasure(session, guild_id=server.id, user_id=ERASED)
    members = MemberClient(sim, stores, server)
    await members.wait_for_verdict("Yes", "top members")
    return members


def list_entries(message) -> list[str]:
    return [line for line in message.content.splitlines() if line[:1].isdigit()]


def format_entries(shown_names, values, metric=Metric.MESSAGES) -> list[str]:
    amounts = [format_amount(value, metric) for value in values]
    return [
        texts.format_entry(number + 1, *entry) for number, entry in enumerate(zip(shown_names, amounts, strict=True))
    ]


async def list_views(stores, server) -> set[tuple[int, str]]:
    async with stores.database.transaction() as session:
        views = await list_member_views(session, guild_id=server.id, limit=100)
    return {(view.user_id, view.view.value) for view in views}


async def test_members_are_listed_for_the_caller_only_without_those_who_opted_out(stores, sim, top_server):
    message = await top_server.run("top members")
    assert message.ephemeral
    heading, *_, note = message.content.splitlines()
    subject = texts.format_subject(texts.MEMBERS, get_definition(Metric.MESSAGES).title)
    assert heading == texts.format_heading(escape(SERVER_NAME), subject, 30)
    assert list_entries(message) == format_entries(map(escape, LIST_NAMES), LIST_VALUES)
    assert note == texts.ONLY_YOU
    assert "@everyone" not in message.content
    assert "<@1>" not in message.content
    [image_file] = message.attachments
    assert (image_file.filename, image_file.content_type) == ("top.png", "image/png")
    for name, value in zip(LIST_NAMES, LIST_VALUES, strict=True):
        assert f"{name}, {format_amount(value, Metric.MESSAGES)}" in image_file.description
    with Image.open(io.BytesIO(sim.client.fetch(image_file.url))) as image:
        image.load()
        assert len(image.getcolors(1 << 24)) > 3
    [[button]] = [row["components"] for row in message.components]
    assert button["url"].endswith(f"/g/{top_server.server.id}")
    assert (top_server.server.ada, "top") in await list_views(stores, top_server.server)


async def test_public_list_is_posted_on_request_and_recorded_as_such(stores, top_server):
    message = await top_server.run("top voice", {"public": True, "window": 7})
    assert not message.ephemeral
    minutes = get_definition(Metric.VOICE_MINUTES).to_metric_value(60 * MEI % 1000 + 600)
    assert list_entries(message) == format_entries([escape(HOSTILE_NAME)], [minutes], Metric.VOICE_MINUTES)
    assert message.content.splitlines()[-1] == texts.POSTED
    [[button]] = [row["components"] for row in message.components]
    assert "metric=voice_minutes" in button["url"]
    assert (top_server.server.ada, "public_top") in await list_views(stores, top_server.server)


@pytest.mark.parametrize("command", ["top members", "top voice"])
async def test_member_without_insights_gets_no_list_and_no_view_is_recorded(stores, top_server, command):
    server = top_server.server
    message = await top_server.run(command, {"public": True}, user=server.bob)
    assert (message.ephemeral, message.content, message.attachments) == (True, texts.MEMBERS_HIDDEN, ())
    assert not any(user_id == server.bob for user_id, _ in await list_views(stores, server))
    assert list_entries(await top_server.run("top channels", user=server.bob))


async def test_list_begins_with_the_history_of_the_tier(stores, top_server):
    server = top_server.server
    assert list_entries(await top_server.run("top members", {"window": 90})) == format_entries(
        [escape(LIST_NAMES[2]), *map(escape, (*LIST_NAMES[:2], LIST_NAMES[3]))], [22, 9, 6, 1]
    )
    await grant_short_history(stores, server.id, 40)
    first_day = HistoryLimit(40).get_start(UTC_ZONE, utc_now())
    note = stats_texts.format_history_start(format_long_day(first_day, UTC_ZONE))

    async def is_limited() -> bool:
        message = await top_server.run("top members", {"window": 90})
        expected = format_entries(map(escape, LIST_NAMES), LIST_VALUES)
        return note in message.content.splitlines() and list_entries(message) == expected

    try:
        await wait_until(is_limited)
    finally:
        await revoke_tier(stores, server.id)


async def test_channels_that_a_reader_of_the_reply_cannot_view_are_not_named(stores, sim, members, bot):
    server, client = members.server, sim.client
    staff = client.create_role(server.id, "staff")
    places = {
        name: client.create_channel(server.id, name) for name in ("open", "hidden", "staff-a", "staff-b", "no-staff")
    }
    everyone = {"id": str(server.id), "type": 0, "allow": "0", "deny": str(VIEW_CHANNEL)}
    allow_staff = {"id": str(staff), "type": 0, "allow": str(VIEW_CHANNEL), "deny": "0"}
    overwrites = {
        "hidden": [everyone],
        "staff-a": [everyone, allow_staff],
        "staff-b": [everyone, allow_staff],
        "no-staff": [allow_staff | {"allow": "0", "deny": str(VIEW_CHANNEL)}],
    }
    for name, entries in overwrites.items():
        client.call("channel/overwrites", channel_id=str(places[name]), overwrites=entries)
    gone = client.create_channel(server.id, "gone")
    client.delete_channel(gone)
    await wait_until_stored(stores, bot)
    at = utc_now() - timedelta(days=1)
    counts = {name: 9 - index for index, name in enumerate(places)} | {"gone": 20}
    rows = [EventRow(at, 7, (places | {"gone": gone})[name]) for name, count in counts.items() for _ in range(count)]
    await insert_events(stores, server.id, rows)

    async def list_channels(channel: int) -> tuple[list[str], bool, bool]:
        message = await members.run("top channels", {"window": 7}, user=server.owner, channel=channel)
        return list_entries(message), texts.CHANNELS_LEFT_OUT in message.content, message.ephemeral

    def expect(*listed: str) -> list[str]:
        return format_entries(
            [MESSAGE_NAMES.format_channel(places[name]) for name in listed], [counts[name] for name in listed]
        )

    thread = client.create_thread(places["staff-a"], "plans")
    assert await list_channels(server.channel) == (expect("open"), True, False)
    for place in (places["staff-a"], thread):
        assert await list_channels(place) == (expect("open", "staff-a", "staff-b"), True, False)
    assert await list_channels(places["no-staff"]) == (expect("open", "no-staff"), True, False)


async def test_empty_lists_are_explained_and_only_administrators_see_members_if_the_server_says_so(
    stores, sim, members
):
    server = members.server
    message = await members.run("top channels", {"metric": "reactions"})
    assert texts.format_empty(get_metric_phrases(Metric.REACTIONS).none) in message.content
    assert message.attachments == ()
    role = sim.client.create_role(server.id, INSIGHTS_ROLE, permissions=VIEW_GUILD_INSIGHTS)
    sim.client.set_roles(server.id, server.ada, [role])
    assert list_entries(await members.run("top members")) == []
    async with stores.database.acquire_connection() as connection:
        await connection.execute("UPDATE guild SET member_audience = 'administrators' WHERE id = $1", server.id)
    assert (await members.run("top members")).content == texts.MEMBERS_HIDDEN
    sim.client.update_role(server.id, role, permissions=ADMINISTRATOR)
    assert (await members.run("top members")).content != texts.MEMBERS_HIDDEN


async def test_settings_of_the_server_block_each_list(members):
    await members.add_rule(allow=False, target=(TargetKind.MODULE, "voice"))
    await members.wait_for_verdict("No", "top voice")
    assert "Voice" in (await members.run("top voice")).content
    await members.wait_for_verdict("Yes", "top channels")
