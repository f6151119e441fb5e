"""The account page: the user's sessions, listed and ended."""

from herwa_shared.auth.sessions import create_session, find_session_user, get_session_id
from herwa_shared.clock import utc_now
from herwa_shared.stores import Stores
from herwa_web.pages.account import texts
from tests.web.dashboard_factory import DashboardFactory
from tests.web.reflex_client import HYDRATE_AND_LOAD, connect_client
from tests.web.settings_page import SettingsTab
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___account___state____account_state"


async def add_session(stores: Stores, user_id: int, browser: str) -> str:
    async with stores.database.transaction() as session:
        return await create_session(session, user_id=user_id, now=utc_now(), browser=browser)


async def is_valid(stores: Stores, token: str) -> bool:
    async with stores.database.transaction() as session:
        return await find_session_user(session, token=token, now=utc_now()) is not None


async def test_user_sees_and_ends_only_own_sessions(web: WebServer, factory: DashboardFactory, stores: Stores):
    user, stranger = await factory.create_user(), await factory.create_user()
    phone, laptop = [await add_session(stores, user.id, name) for name in ("Safari on iPhone", "Firefox on Linux")]
    async with connect_client(web, session_token=user.session_token) as visitor:
        page = SettingsTab(visitor, "/account", STATE)
        await visitor.send(HYDRATE_AND_LOAD, path=page.path)
        await page.wait_for("sessions", lambda rows: len(rows or []) == 3)
        rows = page.get("sessions")
        assert [row["is_current"] for row in rows] == [True, False, False]
        assert {row["browser"] for row in rows[1:]} == {"Safari on iPhone", "Firefox on Linux"}
        for token in (stranger.session_token, user.session_token):
            await page.call("end_session", key=get_session_id(token))
        await page.call("end_session", key=get_session_id(phone))
        await page.wait_for("sessions", lambda rows: len(rows) == 2)
        assert [await is_valid(stores, token) for token in (phone, laptop)] == [False, True]
        await page.call("end_other_sessions")
        await page.wait_for("announcement", texts.format_ended(1))
        await page.wait_for("sessions", lambda rows: len(rows) == 1)
        assert not await is_valid(stores, laptop)
        assert await is_valid(stores, user.session_token)
        assert await is_valid(stores, stranger.session_token)
        for token in (user.session_token, phone, laptop):
            assert token not in visitor.dump_received()


async def test_visitor_is_sent_to_the_log_in(web: WebServer, factory: DashboardFactory):
    async with connect_client(web) as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path="/account")
        await visitor.wait_until(lambda: "/login?reason=expired" in visitor.dump_received(), "the log-in page")
