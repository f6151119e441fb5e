"""The page about a user's own data: for everyone who logs in, also without a server in common with the bot."""

from herwa_shared.auth.sessions import find_session_user
from herwa_shared.clock import utc_now
from herwa_shared.privacy.choices import load_privacy_status
from herwa_shared.stores import Stores
from herwa_web.pages.own_data import texts
from tests.support.db_assertions import fetch_rows
from tests.support.row_factories import add_member
from tests.web.dashboard_factory import DashboardFactory
from tests.web.reflex_client import HYDRATE_AND_LOAD, connect_client
from tests.web.settings_page import SettingsTab
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___own_data___state____own_data_state"
GUILDS_QUERY = "SELECT guild_id FROM member WHERE user_id = :user ORDER BY guild_id"


async def test_user_who_shares_no_server_sees_and_deletes_their_data(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    first, second, other = [await factory.create_server() for _ in range(3)]
    user = await factory.create_user()
    for server in (first, second):
        await add_member(stores, server.id, user.id, "Ada")
    async with connect_client(web, session_token=user.session_token) as visitor:
        page = SettingsTab(visitor, "/account/data", STATE)
        await visitor.send(HYDRATE_AND_LOAD, path=page.path)
        await page.wait_for("servers", lambda rows: len(rows or []) == 2)
        assert {row["key"] for row in page.get("servers")} == {str(first.id), str(second.id)}
        assert other.canary not in visitor.dump_received()

        await page.call("choose", key=str(first.id), opted_out=True)
        await page.wait_for("announcement", texts.OPTED_OUT_DONE)
        await page.call("choose", key=str(other.id), opted_out=True)
        await page.call("delete")
        await visitor.wait_until_idle()
        async with stores.database.transaction() as session:
            choices = [
                (await load_privacy_status(session, guild_id=server.id, user_id=user.id)).is_opted_out
                for server in (first, second, other)
            ]
        assert choices == [True, False, False]
        assert len(await fetch_rows(stores, GUILDS_QUERY, user=user.id)) == 2

        await page.call("download", key="")
        await visitor.wait_until(lambda: "herwa-all-servers.zip" in visitor.dump_received(), "the file")
        await page.call("ask_deletion", key=str(first.id))
        await page.wait_for("question_key", str(first.id))
        await page.call("delete")
        await page.wait_for("servers", lambda rows: [row["key"] for row in rows] == [str(second.id)])
        await page.call("ask_deletion", key="")
        await page.wait_for("question", texts.QUESTION_EVERYWHERE)
        await page.call("delete")
        await visitor.wait_until(lambda: '"/privacy"' in visitor.dump_received(), "the page after the deletion")
    assert await fetch_rows(stores, GUILDS_QUERY, user=user.id) == []
    async with stores.database.transaction() as session:
        assert await find_session_user(session, token=user.session_token, now=utc_now()) is None


async def test_visitor_is_sent_to_the_log_in(web: WebServer):
    async with connect_client(web) as visitor:
        for name in ("choose", "download"):
            await SettingsTab(visitor, "/account/data", STATE).call(
                name, key="", **({"opted_out": True} if name == "choose" else {})
            )
        await visitor.wait_until(lambda: "/login?reason=expired" in visitor.dump_received(), "the log-in page")
