"""The gateway protocol frame by frame, with a client without discord.py."""

import asyncio

import pytest

from tests.sim.gateway_client import CONTENT, GUILDS, MEMBERS, MESSAGES, connect_gateway
from tests.support import discord_openapi


@pytest.mark.parametrize("compress", [None, "zlib-stream", "zstd-stream"])
async def test_session_opens_in_every_encoding(sim, server, compress):
    async with connect_gateway(sim, compress) as client:
        await client.identify(sim.token)
        ready = await client.wait_for_event("READY")
        assert ready["shard"] == [0, 1]
        assert ready["resume_gateway_url"].startswith("ws://127.0.0.1")
        created = await client.wait_for_event("GUILD_CREATE")
        assert created["unavailable"] is False
        await client.send(1, client.sequence)
        while (await client.receive())["op"] != 11:
            pass


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (4004, {"token": "wrong"}),
        (4010, {"shard": [2, 2]}),
        (4013, {"intents": 1 << 30}),
        (4013, {"intents": None}),
    ],
)
async def test_bad_identify_is_closed_with_discords_code(sim, code, data):
    async with connect_gateway(sim) as client:
        await client.identify(**{"token": sim.token, **data})
        assert await client.receive() == {"closed": code}


@pytest.mark.parametrize(("frame", "code"), [('{"op": 3}', 4003), ("{", 4002), ("[]", 4002)])
async def test_invalid_frame_is_closed_with_discords_code(sim, frame, code):
    async with connect_gateway(sim) as client:
        await client.receive()
        await client.socket.send_str(frame)
        assert await client.receive() == {"closed": code}


async def test_unknown_operation_is_closed_with_4001(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token)
        await client.wait_for_event("READY")
        await client.send(99)
        while "closed" not in (frame := await client.receive()):
            pass
        assert frame == {"closed": 4001}


async def test_other_versions_are_closed_with_4012(sim):
    async with connect_gateway(sim, version=9) as client:
        assert await client.receive() == {"closed": 4012}


async def test_privileged_intent_that_was_not_granted_is_closed_with_4014(sim):
    await asyncio.to_thread(sim.client.set_application, privileged=["members"])
    try:
        async with connect_gateway(sim) as client:
            await client.identify(sim.token, intents=GUILDS | CONTENT)
            assert await client.receive() == {"closed": 4014}
        async with connect_gateway(sim) as client:
            await client.identify(sim.token, intents=GUILDS | MEMBERS)
            await client.wait_for_event("READY")
    finally:
        await asyncio.to_thread(sim.client.set_application, privileged=["members", "presences", "message_content"])


async def test_events_require_their_intent(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token, intents=GUILDS)
        await client.wait_for_event("READY")
        await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
        await asyncio.to_thread(sim.client.join, server.id, "Not sent")
        await asyncio.to_thread(sim.client.create_channel, server.id, "sent")
        names = []
        while not names or names[-1] != "CHANNEL_CREATE":
            names.append((await client.receive())["t"])
        assert "MESSAGE_CREATE" not in names
        assert "GUILD_MEMBER_ADD" not in names


async def test_content_and_attachments_are_blank_without_the_intent(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token)
        await client.wait_for_event("READY")
        message_id = await asyncio.to_thread(
            sim.client.send_message, server.channel, server.member, length=30, attachments=2
        )
        message = await client.wait_for_event("MESSAGE_CREATE")
        assert message["id"] == str(message_id)
        assert (message["content"], message["attachments"]) == ("", [])


async def test_message_that_mentions_the_bot_is_never_blank(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token)
        await client.wait_for_event("READY")
        text = f"hello <@{(await asyncio.to_thread(sim.client.get_snapshot)).application_id}>"
        await asyncio.to_thread(sim.client.send_message, server.channel, server.member, content=text)
        assert (await client.wait_for_event("MESSAGE_CREATE"))["content"] == text


async def test_content_of_the_given_length_comes_with_the_intent(sim, server):
    async with connect_gateway(sim, "zstd-stream") as client:
        await client.identify(sim.token, intents=GUILDS | MESSAGES | CONTENT)
        await client.wait_for_event("READY")
        await asyncio.to_thread(sim.client.send_message, server.channel, server.member, length=3977, attachments=2)
        message = await client.wait_for_event("MESSAGE_CREATE")
        assert len(message["content"]) == 3977
        assert len(message["attachments"]) == 2
        assert (
            discord_openapi.list_message_problems({k: v for k, v in message.items() if k not in ("guild_id", "member")})
            == []
        )


async def test_resume_sends_exactly_the_missed_events(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token)
        ready = await client.wait_for_event("READY")
        first_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
        assert (await client.wait_for_event("MESSAGE_CREATE"))["id"] == str(first_id)
        await client.socket.close(code=4000)
    missed_ids = [await asyncio.to_thread(sim.client.send_message, server.channel, server.member) for _ in range(3)]
    async with connect_gateway(sim, "zlib-stream") as resumed_client:
        await resumed_client.receive()
        await resumed_client.send(6, {"token": sim.token, "session_id": ready["session_id"], "seq": client.sequence})
        frames = [await resumed_client.receive() for _ in range(4)]
        assert [frame["t"] for frame in frames] == ["MESSAGE_CREATE"] * 3 + ["RESUMED"]
        assert [frame["d"]["id"] for frame in frames[:3]] == [str(missed_id) for missed_id in missed_ids]
        assert [frame["s"] for frame in frames] == list(range(client.sequence + 1, client.sequence + 5))


async def test_session_that_its_client_closed_cannot_be_resumed(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token)
        ready = await client.wait_for_event("READY")
        await client.socket.close(code=1000)
    async with connect_gateway(sim) as resumed_client:
        await resumed_client.receive()
        await resumed_client.send(6, {"token": sim.token, "session_id": ready["session_id"], "seq": 1})
        assert await resumed_client.receive() == {"op": 9, "d": False, "s": None, "t": None}


async def test_concurrent_identify_of_two_shards_is_refused(sim):
    async with connect_gateway(sim) as first_client, connect_gateway(sim) as second_client:
        await first_client.identify(sim.token, shard=[0, 2])
        await first_client.wait_for_event("READY")
        await second_client.identify(sim.token, shard=[1, 2])
        assert (await second_client.receive())["op"] == 9


async def test_dispatched_malformed_event_is_sent_unchanged(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token)
        await client.wait_for_event("READY")
        await asyncio.to_thread(sim.client.dispatch, "MESSAGE_CREATE", {"id": "x"})
        assert await client.wait_for_event("MESSAGE_CREATE") == {"id": "x"}


async def test_members_are_sent_in_chunks_on_request(sim, server):
    async with connect_gateway(sim) as client:
        await client.identify(sim.token, intents=GUILDS | MEMBERS)
        await client.wait_for_event("READY")
        await client.send(8, {"guild_id": str(server.id), "query": "", "limit": 0, "nonce": "n"})
        chunk = await client.wait_for_event("GUILD_MEMBERS_CHUNK")
        assert len(chunk["members"]) == 3
        assert chunk["nonce"] == "n"
        await client.send(8, {"guild_id": str(server.id), "user_ids": [str(server.member), "1"]})
        chunk = await client.wait_for_event("GUILD_MEMBERS_CHUNK")
        assert [member["user"]["id"] for member in chunk["members"]] == [str(server.member)]
        assert chunk["not_found"] == ["1"]
