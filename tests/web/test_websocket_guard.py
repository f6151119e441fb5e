"""The websocket guard: allowed origins, frame size, invalid frames, and a flood of events."""

import asyncio
import json

import aiohttp
import pytest

from tests.web.reflex_client import HYDRATE, NAMESPACE, connect_client

SOCKET_PATH = f"{NAMESPACE}/?token=t&EIO=4&transport=websocket"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost",
        "http://localhost.evil.example:{port}",
        "null",
        "http://herwa.invalid",
    ],
)
async def test_foreign_origin_gets_no_websocket(web, origin):
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await client.ws_connect(f"{web.url}{SOCKET_PATH}", origin=origin.format(port=web.port))
    assert refusal.value.status == 403, "by the guard, before Reflex, which would answer 400"


async def test_websocket_without_an_origin_is_refused(web):
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await client.ws_connect(f"{web.url}{SOCKET_PATH}")
    assert refusal.value.status == 403


@pytest.mark.parametrize("origin", ["http://localhost:{port}", "http://127.0.0.1:{port}"])
async def test_own_origin_gets_a_websocket(web, origin):
    async with connect_client(web, origin=origin.format(port=web.port)) as visitor:
        await visitor.send(HYDRATE)
        await visitor.wait_until_idle()


async def test_other_websocket_paths_are_404(web):
    async with aiohttp.ClientSession() as client:
        for path in ("/", "/api/x", "/_rx/_eventually", "/_rx/_upload"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await client.ws_connect(f"{web.url}{path}", origin=f"http://localhost:{web.port}")
            assert refusal.value.status == 404


async def test_responses_allow_no_foreign_origin(web):
    async with web.client() as client:
        for path in ("/", "/_rx/_event/?EIO=4&transport=polling", "/_rx/ping"):
            for method in ("GET", "OPTIONS"):
                headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
                response = await client.request(method, path, headers=headers)
                assert not [name for name in response.headers if name.startswith("access-control")]


async def test_other_reflex_routes_are_not_reachable(web):
    async with web.client() as client:
        for path in (
            "/_rx/_upload",
            "/_rx/_health",
            "/_rx/_all_routes",
            "/_rx/auth-codespace",
            "/_rx/_event/?transport=polling",
        ):
            assert (await client.get(path)).status_code == 404
            assert (await client.post(path)).status_code == 405


async def test_too_large_frame_closes_the_websocket(web):
    async with connect_client(web) as visitor:
        await visitor.send(HYDRATE, {"much": "x" * 70_000})
        await asyncio.wait_for(visitor.closed.wait(), 30)


async def test_flood_of_one_tab_is_throttled_without_loss_or_delay_for_others(web):
    async with connect_client(web) as flood, connect_client(web) as other_client:
        await flood.send(HYDRATE)
        await flood.wait_until_idle()
        received_before = len(flood.received)
        for n in range(100):
            await flood.send("reflex___state____state.set_is_hydrated", {"value": bool(n % 2)})
        await other_client.send(HYDRATE)
        await other_client.wait_until_idle()
        assert len(flood.received) - received_before < 100, "the other tab did not wait for the flood"
        await flood.wait_until(lambda: len(flood.received) - received_before >= 100, "every response")


async def test_invalid_frames_close_only_their_own_websocket(web, factory):
    user = await factory.create_user()
    async with connect_client(web, session_token=user.session_token) as other_client:
        await other_client.send(HYDRATE)
        await other_client.wait_until_idle()
        async with aiohttp.ClientSession() as client:
            for nonsense in (
                "42",
                "42[",
                "42/_rx/_event,[1]",
                "999",
                '42/_rx/_event,["event","x"]',
                "\0",
                "40{}",
                "[" * 50_000,
            ):
                async with client.ws_connect(
                    f"{web.url}{SOCKET_PATH}", origin=f"http://localhost:{web.port}"
                ) as socket:
                    await socket.send_str("40/_rx/_event,")
                    await socket.send_str(nonsense)
            deep = {"name": "x", "payload": json.loads("[" * 900 + "]" * 900)}
            async with client.ws_connect(f"{web.url}{SOCKET_PATH}", origin=f"http://localhost:{web.port}") as socket:
                await socket.send_str("40/_rx/_event,")
                await socket.send_str('42/_rx/_event,["event",' + json.dumps(deep) + "]")
        await other_client.wait_until_idle()
    assert "Exception in ASGI application" not in web.read_output()
