"""Attacks through the websocket: all handlers, reused client tokens, ended sessions."""

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence

import pytest

from tests.web.dashboard_factory import DashboardFactory
from tests.web.expected_handlers import EXPECTED_HANDLERS
from tests.web.reflex_client import (
    HYDRATE,
    HYDRATE_AND_LOAD,
    connect_client,
    open_guild_page,
    open_visible_guild_page,
)
from tests.web.registered_handlers import RegisteredHandler, call_handlers, list_own_handlers, run_in_tabs
from tests.web.web_server import WebServer

NONSENSE = ("", "0", "-1", "9" * 40, "1 OR 1=1", "../..", "\0", "١٢٣")


def test_every_own_handler_is_expected():
    assert {handler.title for handler in list_own_handlers()} == EXPECTED_HANDLERS


async def test_manager_sees_the_server(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)


async def test_no_handler_reveals_a_server_to_a_visitor(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web) as visitor:
            await open_guild_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers, from_landing_page=True)
            assert server.canary not in visitor.dump_received()

    await run_in_tabs(call)


async def test_no_handler_reveals_a_server_to_a_stranger(web: WebServer, factory: DashboardFactory):
    server, own_server = await factory.create_server(), await factory.create_server()
    stranger = await factory.create_user(own_server)

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=stranger.session_token) as visitor:
            await open_visible_guild_page(visitor, own_server)
            await open_guild_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers, from_landing_page=True)
            assert server.canary not in visitor.dump_received()

    await run_in_tabs(call)


@pytest.mark.slow
async def test_no_handler_reveals_a_server_to_a_member_without_manage_server(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    member = await factory.create_user(server, permissions=1 << 10)

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=member.session_token) as visitor:
            await open_guild_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers, from_landing_page=True)
            assert server.canary not in visitor.dump_received()

    await run_in_tabs(call)


async def test_foreign_server_and_missing_server_get_the_same_response(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    stranger = await factory.create_user()
    texts = []
    for guild_id in (str(server.id), str(server.id + 1)):
        async with connect_client(web, session_token=stranger.session_token) as visitor:
            await visitor.send(HYDRATE_AND_LOAD, path=f"/g/{guild_id}")
            await visitor.wait_until_idle()
            texts.append(visitor.dump_received().replace(guild_id, "ID").replace(visitor.token, "TOKEN"))
    assert strip_connection_state(texts[0]) == strip_connection_state(texts[1])


def strip_connection_state(text: str) -> list:
    """Return the messages without Reflex's data about the connection."""
    parts = []
    for message in json.loads(text):
        for state, changes in message.get("delta", {}).items():
            parts.append((state, {name: value for name, value in changes.items() if not name.startswith("rx_router")}))
        parts.append([(event["name"], event["payload"]) for event in message.get("events", [])])
    return parts


async def test_invalid_ids_get_a_readable_error(web: WebServer, factory: DashboardFactory):
    names = [handler.name for handler in list_own_handlers()]
    await send_invalid_ids(web, factory, dict(zip(names, itertools.cycle(NONSENSE))))


@pytest.mark.slow
@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_every_invalid_id_gets_a_readable_error(web: WebServer, factory: DashboardFactory, nonsense):
    await send_invalid_ids(web, factory, {handler.name: nonsense for handler in list_own_handlers()})


async def send_invalid_ids(web: WebServer, factory: DashboardFactory, ids: Mapping[str, str]) -> None:
    """Call every handler as a stranger, with the invalid id for its name in every string and in the path."""
    stranger = await factory.create_user(await factory.create_server())

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=stranger.session_token) as visitor:
            await visitor.send(HYDRATE)
            for handler in handlers:
                invalid_id = ids[handler.name]
                await visitor.send(handler.name, handler.build_payload(invalid_id), path=f"/g/{invalid_id}")
            await visitor.wait_until_idle()
            assert "Traceback" not in visitor.dump_received()

    await run_in_tabs(call)


@pytest.mark.slow
async def test_arguments_of_a_wrong_type_get_a_readable_error(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=manager.session_token) as visitor:
            await open_visible_guild_page(visitor, server)
            for handler in handlers:
                for argument in (None, [], {}, 1e308, "x" * 5_000, {"a": {"b": []}}):
                    arguments = dict.fromkeys(handler.parameters, argument)
                    await visitor.send(handler.name, arguments, path=f"/g/{server.id}")
                await visitor.send(handler.name, {"no_such": 1}, path=f"/g/{server.id}")
                await visitor.wait_until_idle()
            assert "Traceback" not in visitor.dump_received()
            assert 'File \\"' not in visitor.dump_received()

    await run_in_tabs(call)


async def test_reused_client_token_without_the_session_reveals_nothing(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager, other_user = await factory.create_user(server), await factory.create_user()

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=manager.session_token) as first_client:
            await open_visible_guild_page(first_client, server)
        for session_token in (None, other_user.session_token):
            async with connect_client(web, session_token=session_token, token=first_client.token) as second_client:
                for event in (HYDRATE, HYDRATE_AND_LOAD):
                    await second_client.send(event, path=f"/g/{server.id}")
                    await second_client.wait_until_idle()
                await call_handlers(second_client, str(server.id), handlers)
                assert server.canary not in second_client.dump_received()

    await run_in_tabs(call)


async def test_open_tab_receives_nothing_after_logout(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
        await visitor.wait_until_idle()  # a response that is on its way may still arrive after the logout
        await factory.log_out(manager)
        received_before = len(visitor.received)
        await visitor.send(HYDRATE, path=f"/g/{server.id}")
        await asyncio.wait_for(visitor.closed.wait(), 30)
        assert server.canary not in json.dumps(visitor.received[received_before:])
    async with connect_client(web, session_token=manager.session_token, token=visitor.token) as second_client:
        await open_guild_page(second_client, server)
        assert server.canary not in second_client.dump_received()


async def test_ended_session_gets_the_landing_page(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    await factory.log_out(manager)

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=manager.session_token) as visitor:
            await visitor.send(HYDRATE_AND_LOAD, path="/")
            await visitor.wait_until(lambda: '"visitor"' in visitor.dump_received(), "the landing page")
            await open_guild_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers)
            assert server.canary not in visitor.dump_received()

    await run_in_tabs(call)


async def test_user_who_lost_the_role_sees_no_earlier_data(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        manager = await factory.create_user(server)
        async with connect_client(web, session_token=manager.session_token) as visitor:
            await open_visible_guild_page(visitor, server)
            await factory.remove_roles(manager, server)
            await visitor.wait_until_idle()  # a response that was on its way when the role was removed may still arrive
            received_before = len(visitor.received)
            await open_guild_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers)
            assert server.canary not in json.dumps(visitor.received[received_before:])

    await run_in_tabs(call)
