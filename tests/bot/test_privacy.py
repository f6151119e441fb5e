"""`/privacy`: what is stored is shown, a member opts out and in, and deletes what is stored."""

import asyncio
import csv
import io
import json
import zipfile

import httpx
import pytest

from herwa_bot.cogs.privacy import format_stored_data, format_user_data
from herwa_bot.texts import buttons, errors
from herwa_bot.texts import privacy as texts
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.privacy.erasure import process_erasures
from herwa_shared.privacy.stored_data import load_stored_data, load_user_data
from tests.support.db_assertions import StoredEvent, fetch_rows, list_events, move_buffer, wait_until_stored
from tests.support.member_client import get_button_ids
from tests.support.waiting import wait_until

MEMBERS_QUERY = "SELECT user_id FROM member WHERE guild_id = :guild AND user_id = :user"


async def load_data(members, stores, user_id: int):
    async with stores.database.transaction() as session:
        return await load_stored_data(session, stores.clickhouse, guild_id=members.server.id, user_id=user_id)


async def list_authors(stores, server) -> list[int]:
    return [row.user for row in await list_events(stores, server.id, "message")]


async def test_show_says_what_is_stored(members, stores, sim, bot):
    server = members.server
    for _ in range(3):
        sim.client.send_message(server.channel, server.ada)
    await wait_until_stored(stores, bot)
    await move_buffer(stores)
    reply = await members.run("privacy show")
    assert reply.ephemeral
    data = await load_data(members, stores, server.ada)
    assert dict(data.counts)["message"] == 3
    assert reply.content.startswith(format_stored_data(data))
    for page in ("privacy", "terms", "data", "terms#report"):
        assert f"/{page}>)" in reply.content
    for part in (texts.HEADING, texts.COUNTED, texts.RETENTION, texts.VISIBILITY):
        assert part in reply.content


async def test_download_holds_everything_about_the_member_and_of_no_other(members, stores, sim, bot):
    server = members.server
    for user in (server.ada, server.ada, server.bob):
        sim.client.send_message(server.channel, user)
    await wait_until_stored(stores, bot)
    await move_buffer(stores)
    reply = await members.run("privacy download")
    assert (reply.ephemeral, reply.content) == (True, texts.DOWNLOAD_READY)
    [attachment] = reply.attachments
    content = await asyncio.to_thread(lambda: httpx.get(attachment.url, trust_env=False).content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        about = json.loads(archive.read("about-you.json"))
        events = list(csv.DictReader(io.StringIO(archive.read("events.csv").decode())))
        hours = list(csv.DictReader(io.StringIO(archive.read("hours.csv").decode())))
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert (about["user_id"], about["events_by_kind"]["message"]) == (str(server.ada), 2)
    assert [event["channel_id"] for event in events if event["kind"] == "message"] == [str(server.channel)] * 2
    assert sum(int(hour["events"]) for hour in hours if hour["kind"] == "message") == 2
    assert str(server.bob).encode() not in everything


async def test_member_is_counted_without_name_between_opt_out_and_opt_in(members, stores, sim, bot):
    server = members.server
    reply = await members.run("privacy opt-out")
    assert reply.content == texts.format_opted_out(everywhere=False, is_changed=True)
    sim.client.send_message(server.channel, server.ada)
    sim.client.send_message(server.channel, server.bob)
    sim.client.add_reaction(server.channel, sim.client.send_message(server.channel, server.bob), server.ada)
    await wait_until_stored(stores, bot)
    assert await list_authors(stores, server) == [0, server.bob, server.bob]
    assert await list_events(stores, server.id, "reaction") == [StoredEvent("reaction", server.channel)]
    assert texts.OPTED_OUT_HERE in (await members.run("privacy show")).content
    again = await members.run("privacy opt-out")
    assert again.content == texts.format_opted_out(everywhere=False, is_changed=False)
    reply = await members.run("privacy opt-in")
    assert reply.content == texts.format_opted_in(everywhere=False, is_changed=True, is_out_elsewhere=False)
    sim.client.send_message(server.channel, server.ada)
    await wait_until_stored(stores, bot)
    assert await list_authors(stores, server) == [0, server.bob, server.bob, server.ada]


async def test_nothing_about_a_member_who_opted_out_is_stored_later(members, stores, sim, bot):
    server = members.server
    voice = sim.client.create_channel(server.id, "voice", type_=2)
    await members.run("privacy opt-out", user=server.bob)
    await members.press(await members.run("privacy delete", user=server.bob), texts.DELETE_BUTTON, user=server.bob)
    sim.client.set_nickname(server.id, server.bob, "A new name")
    sim.client.send_message(server.channel, server.bob)
    sim.client.move_member(server.id, server.bob, voice)
    sim.client.leave(server.id, server.bob)
    await wait_until_stored(stores, bot)
    for table in ("member", "membership_period", "voice_session", "event_buffer"):
        query = f"SELECT count(*) FROM {table} WHERE guild_id = :guild AND user_id = :user"
        assert await fetch_rows(stores, query, guild=server.id, user=server.bob) == [(0,)]
    assert [row.user for row in await list_events(stores, server.id, "leave")] == [0]


async def test_opt_out_everywhere_needs_an_opt_in_everywhere(members):
    user = members.server.ada
    try:
        reply = await members.run("privacy opt-out", {"everywhere": True})
        assert reply.content == texts.format_opted_out(everywhere=True, is_changed=True)
        reply = await members.run("privacy opt-in")
        assert reply.content == texts.format_opted_in(everywhere=False, is_changed=False, is_out_elsewhere=True)
        assert texts.OPTED_OUT_EVERYWHERE in (await members.run("privacy show")).content
    finally:
        reply = await members.run("privacy opt-in", {"everywhere": True}, user=user)
    assert reply.content == texts.format_opted_in(everywhere=True, is_changed=True, is_out_elsewhere=False)


async def test_deletion_is_confirmed_done_and_shown(members, stores, sim, bot):
    server = members.server
    sim.client.send_message(server.channel, server.ada)
    sim.client.send_message(server.channel, server.bob)
    await wait_until_stored(stores, bot)
    await move_buffer(stores)
    question = await members.run("privacy delete")
    assert question.content == texts.format_question(everywhere=False)
    assert get_button_ids(question).keys() == {texts.DELETE_BUTTON, buttons.CANCEL}
    await members.press(question, texts.DELETE_BUTTON)

    async def is_requested() -> bool:
        return await process_erasures(stores.database, stores.clickhouse_writer) > 0

    await wait_until(is_requested)
    data = await load_data(members, stores, server.ada)
    assert data.counts == {}
    assert data.name is None
    assert data.status.erasure is not None
    assert data.status.erasure.finished_at is not None
    assert (await load_data(members, stores, server.bob)).counts == {"message": 1}
    reply = await members.run("privacy show")
    assert texts.NOTHING_COUNTED in reply.content
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, MEMBERS_QUERY, guild=server.id, user=server.ada) == []


async def test_member_who_left_does_everything_in_a_direct_message(members, stores, sim, bot):
    server, user = members.server, members.server.ada
    sim.client.send_message(server.channel, user)
    await wait_until_stored(stores, bot)
    await move_buffer(stores)
    channel = sim.client.open_direct_channel(user)
    sim.client.leave(server.id, user)
    await wait_until_stored(stores, bot)
    await move_buffer(stores)
    reply = await members.run("privacy show", channel=channel)
    async with stores.database.transaction() as session:
        data = await load_user_data(session, stores.clickhouse, user_id=user)
    [guild] = [guild for guild in data.guilds if guild.guild_id == server.id]
    assert {"message": 1, "leave": 1}.items() <= guild.data.counts.items()
    assert reply.content.startswith(format_user_data(data))
    reply = await members.run("privacy download", channel=channel)
    [attachment] = reply.attachments
    content = await asyncio.to_thread(lambda: httpx.get(attachment.url, trust_env=False).content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert json.loads(archive.read(f"{server.id}/about-you.json"))["events_by_kind"]["message"] == 1
    reply = await members.run("privacy opt-out", channel=channel)
    assert reply.content == texts.format_opted_out(everywhere=True, is_changed=True)
    reply = await members.run("privacy opt-in", channel=channel)
    assert reply.content == texts.format_opted_in(everywhere=True, is_changed=True, is_out_elsewhere=False)
    question = await members.run("privacy delete", channel=channel)
    assert question.content == texts.format_question(everywhere=True)
    await members.press(question, texts.DELETE_BUTTON, channel=channel)

    async def is_requested() -> bool:
        return await process_erasures(stores.database, stores.clickhouse_writer) > 0

    await wait_until(is_requested)
    async with stores.database.transaction() as session:
        assert (await load_user_data(session, stores.clickhouse, user_id=user)).guilds == ()
    assert (await load_data(members, stores, user)).counts == {}
    assert texts.NOTHING_COUNTED in (await members.run("privacy show", channel=channel)).content


async def test_other_commands_are_for_servers_only(members, sim):
    channel = sim.client.open_direct_channel(members.server.ada)
    with pytest.raises(Exception, match="server-stats"):
        await members.run("server-stats", channel=channel)


async def test_cancelled_deletion_deletes_nothing(members, stores):
    question = await members.run("privacy delete", {"everywhere": True})
    assert question.content == texts.format_question(everywhere=True)
    result = await members.press(question, buttons.CANCEL)
    assert result.messages[-1].content == errors.NO_CHANGE
    assert (await load_data(members, stores, members.server.ada)).status.erasure is None


async def test_another_member_cannot_press_the_button(members, stores):
    question = await members.run("privacy delete")
    result = await members.press(question, texts.DELETE_BUTTON, user=members.server.bob)
    assert result.messages[-1].content == buttons.WRONG_USER
    assert (await load_data(members, stores, members.server.ada)).status.erasure is None


async def test_it_runs_though_everything_is_forbidden(members):
    await members.add_rule(allow=False, target=(TargetKind.EVERYTHING, ""))
    await members.wait_for_verdict("No", "server-stats")
    assert texts.HEADING in (await members.run("privacy show")).content
    assert texts.format_opted_out(everywhere=False, is_changed=True) == (await members.run("privacy opt-out")).content
