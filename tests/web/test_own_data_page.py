"""The page about a user's own data: for everyone who logs in, also without a server in common with the bot."""

from herwa_shared.auth.sessions import find_session_user
from herwa_shared.clock import utc_now
from herwa_shared.privacy.choices import load_privacy_status
from herwa_shared.privacy.texts import WRONG_SERVER_NAME
from herwa_shared.services.direct_messages import is_muted
from herwa_shared.stores import Stores
from herwa_web.pages.own_data import texts
from tests.support.db_assertions import fetch_rows
from tests.support.row_factories import add_member
from tests.web.dashboard_factory import DashboardFactory
from tests.web.reflex_client import HYDRATE_AND_LOAD, connect_client
from tests.web.settings_page import SettingsTab
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___own_data___state____own_data_state"
LEFT_STATE = "reflex___state____state.herwa_web___pages___own_data___left_servers____left_servers_state"
LEAVE_QUERY = "UPDATE guild SET left_at = now() - interval '2 days', owner_id = $1 WHERE id = $2"
DELETION_QUERY = "SELECT guild_id FROM guild_deletion WHERE guild_id = :guild"
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


async def test_former_owner_deletes_a_server_that_the_bot_left_and_a_stranger_finds_none(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    owner, stranger = await factory.create_user(), await factory.create_user()
    server, present = await factory.create_server(), await factory.create_server()
    async with stores.database.acquire_connection() as connection:
        await connection.execute(LEAVE_QUERY, owner.id, server.id)
    async with connect_client(web, session_token=owner.session_token) as visitor:
        page = SettingsTab(visitor, "/account/data", LEFT_STATE)
        await visitor.send(HYDRATE_AND_LOAD, path=page.path)
        await page.wait_for("left_servers", lambda rows: len(rows or []) == 1)
        await page.call("open_form", server_id=str(present.id))
        await page.call("open_form", server_id=str(server.id))
        await page.wait_for("open_id", str(server.id))
        await page.call("request_deletion", form={"server_id": str(server.id), "server_name": "another"})
        await page.wait_for("form_error", WRONG_SERVER_NAME)
        await page.call("request_deletion", form={"server_id": str(server.id), "server_name": server.canary})
        await page.wait_for("left_servers", lambda rows: rows[0]["is_requested"])
        assert await fetch_rows(stores, DELETION_QUERY, guild=server.id) == [(server.id,)]
        await page.call("undo_deletion", server_id=str(server.id))
        await page.wait_for("change_announcement", texts.LEFT_DELETION_CANCELED)
        assert await fetch_rows(stores, DELETION_QUERY, guild=server.id) == []
        await page.call("undo_deletion", server_id=str(server.id))
        await page.wait_for("form_error", texts.DELETION_BEGUN)
    responses = []
    for guild_id in (server.id, present.id, server.id + 1, "x"):
        async with connect_client(web, session_token=stranger.session_token) as visitor:
            page = SettingsTab(visitor, "/account/data", LEFT_STATE)
            await visitor.send(HYDRATE_AND_LOAD, path=page.path)
            await page.call("request_deletion", form={"server_id": str(guild_id), "server_name": server.canary})
            await page.wait_for("form_error", bool)
            await page.call("undo_deletion", server_id=str(guild_id))
            await visitor.wait_until_idle()
            responses.append(page.get("form_error"))
            assert server.canary not in visitor.dump_received()
    assert len(set(responses)) == 1
    assert await fetch_rows(stores, DELETION_QUERY, guild=server.id) == []


async def test_user_switches_direct_messages_off_and_on(web: WebServer, factory: DashboardFactory, stores: Stores):
    user = await factory.create_user()
    async with connect_client(web, session_token=user.session_token) as visitor:
        page = SettingsTab(visitor, "/account/data", STATE)
        await visitor.send(HYDRATE_AND_LOAD, path=page.path)
        await page.wait_for("has_messages", True)
        for wanted in (False, True):
            await page.call("choose_messages", wanted=wanted)
            await page.wait_for("has_messages", wanted)
            async with stores.database.transaction() as session:
                assert await is_muted(session, user_id=user.id) is not wanted


async def test_visitor_is_sent_to_the_log_in(web: WebServer):
    async with connect_client(web) as visitor:
        page = SettingsTab(visitor, "/account/data", STATE)
        for name, payload in (("choose", {"key": "", "opted_out": True}), ("download", {"key": ""})):
            await page.call(name, **payload)
        await page.call("choose_messages", wanted=False)
        await SettingsTab(visitor, "/account/data", LEFT_STATE).call("undo_deletion", server_id="7")
        await visitor.wait_until(lambda: "/login?reason=expired" in visitor.dump_received(), "the log-in page")
