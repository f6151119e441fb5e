"""The page filtered by a channel that is unknown, or by a thread."""

from herwa_shared.dashboard_params import QueryProblem, QueryProblemCode
from herwa_shared.stores import Stores
from herwa_web.problem_texts import describe_problem
from tests.support.row_factories import add_channel
from tests.web.dashboard_factory import CanaryServer, DashboardFactory
from tests.web.reflex_client import HYDRATE_AND_LOAD, ReflexClient, connect_client
from tests.web.test_late_results import OVERVIEW_STATE, list_phases
from tests.web.web_server import WebServer

THREAD = 11


async def open_filtered_page(visitor: ReflexClient, server: CanaryServer, channel_id: int, phase: str) -> dict:
    """Open the page with a filter, wait for its phase, and return the view model and its links."""
    await visitor.send(HYDRATE_AND_LOAD, path=f"/g/{server.id}?channel={channel_id}&range=7d")
    await visitor.wait_until(lambda: phase in list_phases(visitor, 0), phase)
    changes = [message.get("delta", {}).get(OVERVIEW_STATE, {}) for message in visitor.received]
    return {name: value for change in changes for name, value in change.items()}


async def test_unknown_channel_has_no_numbers_and_a_way_out(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        state = await open_filtered_page(visitor, server, 123, "no_channel")
        assert f"member {server.canary}" not in visitor.dump_received()
    assert state["overview_rx_state_"]["kpis"] == []
    assert state["overview_rx_state_"]["range_key"] == "7d"
    assert state["hrefs_rx_state_"]["all_channels"] == f"/g/{server.id}?range=7d"


async def test_channel_of_another_server_is_unknown(web: WebServer, factory: DashboardFactory, stores: Stores):
    server, other_server = await factory.create_server(), await factory.create_server()
    manager = await factory.create_user(server)
    channel = await add_channel(stores, other_server.id, f"secret-{other_server.canary}")
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_filtered_page(visitor, server, channel, "no_channel")
        assert other_server.canary not in visitor.dump_received()


async def test_thread_shows_its_channel(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    channel = await add_channel(stores, server.id, "help")
    thread = await add_channel(stores, server.id, "how?", kind=THREAD, parent_id=channel)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        state = await open_filtered_page(visitor, server, thread, "ready")
    assert state["overview_rx_state_"]["channel"]["name"] == "help"
    assert state["overview_rx_state_"]["notes"] == [
        describe_problem(QueryProblem(QueryProblemCode.THREAD, str(thread)))
    ]
