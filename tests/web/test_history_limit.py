"""The history of a tier on the pages: numbers begin with it, and a note has the date."""

from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_params import QueryProblem, QueryProblemCode
from herwa_web.problem_texts import describe_problem
from tests.web.dashboard_factory import DashboardFactory
from tests.web.reflex_client import HYDRATE_AND_LOAD, connect_client
from tests.web.test_late_results import OVERVIEW_STATE, list_phases
from tests.web.web_server import WebServer


async def test_page_of_a_free_server_begins_with_its_history(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server(has_all_history=False)
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path=f"/g/{server.id}?range=12mo")
        await visitor.wait_until(lambda: "ready" in list_phases(visitor, 0), "ready")
    changes = [message.get("delta", {}).get(OVERVIEW_STATE, {}) for message in visitor.received]
    state = {name: value for change in changes for name, value in change.items()}
    first_day = HistoryLimit(90).get_start(UTC_ZONE, utc_now()).date()
    problem = QueryProblem(QueryProblemCode.BEFORE_HISTORY, shown=str(first_day))
    overview = state["overview_rx_state_"]
    assert overview["notes"] == [describe_problem(problem)]
    assert (overview["range_key"], overview["first_day"]) == ("12mo", str(first_day))
