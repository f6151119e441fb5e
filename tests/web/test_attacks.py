"""What a stranger tries with the pages' own protocol: every handler, another's tab, a session that is over."""

import asyncio
import json

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
from tests.web.registered_handlers import call_every_handler, list_own_handlers
from tests.web.web_server import WebServer

NONSENSE = ("", "0", "-1", "9" * 40, "1 OR 1=1", "../..", "\0", "١٢٣")


def test_every_handler_of_ours_is_listed():
    assert {handler.title for handler in list_own_handlers()} == EXPECTED_HANDLERS


async def test_the_manager_sees_what_strangers_shall_not(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)


async def test_no_handler_tells_a_visitor_anything_about_a_server(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    async with connect_client(web) as visitor:
        await open_guild_page(visitor, server)
        await call_every_handler(visitor, str(server.id))
        assert server.canary not in visitor.dump_received()


async def test_no_handler_tells_a_stranger_anything_about_a_server(web: WebServer, factory: DashboardFactory):
    server, own_server = await factory.create_server(), await factory.create_server()
    stranger = await factory.create_user(own_server)
    async with connect_client(web, session_token=stranger.session_token) as visitor:
        await open_visible_guild_page(visitor, own_server)
        await open_guild_page(visitor, server)
        await call_every_handler(visitor, str(server.id))
        assert server.canary not in visitor.dump_received()


async def test_members_who_do_not_manage_are_strangers(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    member = await factory.create_user(server, permissions=1 << 10)
    async with connect_client(web, session_token=member.session_token) as visitor:
        await open_guild_page(visitor, server)
        await call_every_handler(visitor, str(server.id))
        assert server.canary not in visitor.dump_received()


async def test_another_server_and_one_that_does_not_exist_are_answered_alike(web: WebServer, factory: DashboardFactory):
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
    """What was sent, without what Reflex knows of each connection."""
    parts = []
    for message in json.loads(text):
        for state, changes in message.get("delta", {}).items():
            parts.append((state, {name: value for name, value in changes.items() if not name.startswith("rx_router")}))
        parts.append([(event["name"], event["payload"]) for event in message.get("events", [])])
    return parts


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_invalid_ids_get_a_readable_error(web: WebServer, factory: DashboardFactory, nonsense):
    stranger = await factory.create_user(await factory.create_server())
    async with connect_client(web, session_token=stranger.session_token) as visitor:
        await visitor.send(HYDRATE)
        for endpoint in list_own_handlers():
            await visitor.send(endpoint.name, endpoint.build_payload(nonsense), path=f"/g/{nonsense}")
        await visitor.wait_until_idle()
        assert "Traceback" not in visitor.dump_received()


async def test_arguments_of_a_wrong_type_get_a_readable_error(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
        for endpoint in list_own_handlers():
            for argument in (None, [], {}, 1e308, "x" * 5_000, {"a": {"b": []}}):
                await visitor.send(endpoint.name, dict.fromkeys(endpoint.parameters, argument), path=f"/g/{server.id}")
            await visitor.send(endpoint.name, {"no_such": 1}, path=f"/g/{server.id}")
        await visitor.wait_until_idle()
        assert "Traceback" not in visitor.dump_received()
        assert 'File \\"' not in visitor.dump_received()


async def test_a_tab_taken_over_without_its_session_shows_nothing_of_before(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager, other_user = await factory.create_user(server), await factory.create_user()
    async with connect_client(web, session_token=manager.session_token) as first_client:
        await open_visible_guild_page(first_client, server)
    for session_token in (None, other_user.session_token):
        async with connect_client(web, session_token=session_token, token=first_client.token) as second_client:
            for event in (HYDRATE, HYDRATE_AND_LOAD):
                await second_client.send(event, path=f"/g/{server.id}")
                await second_client.wait_until_idle()
            await call_every_handler(second_client, str(server.id))
            assert server.canary not in second_client.dump_received()


async def test_once_a_session_is_over_its_open_tab_receives_nothing_more(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
        await factory.log_out(manager)
        before = len(visitor.received)
        await visitor.send(HYDRATE, path=f"/g/{server.id}")
        await asyncio.wait_for(visitor.closed.wait(), 30)
        assert server.canary not in json.dumps(visitor.received[before:])
    async with connect_client(web, session_token=manager.session_token, token=visitor.token) as second_client:
        await open_guild_page(second_client, server)
        assert server.canary not in second_client.dump_received()


async def test_a_session_that_is_over_makes_a_visitor_who_gets_a_page(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    await factory.log_out(manager)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path="/")
        await visitor.wait_until(lambda: '"visitor"' in visitor.dump_received(), "the first page of visitors")
        await open_guild_page(visitor, server)
        await call_every_handler(visitor, str(server.id))
        assert server.canary not in visitor.dump_received()


async def test_once_rights_are_lost_nothing_from_before_is_shown_again(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
        await factory.remove_roles(manager, server)
        before = len(visitor.received)
        await open_guild_page(visitor, server)
        await call_every_handler(visitor, str(server.id))
        assert server.canary not in json.dumps(visitor.received[before:])
