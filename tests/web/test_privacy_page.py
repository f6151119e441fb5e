"""The privacy page: who opened data about members, opt-outs as a number, erasure by administrators."""

from herwa_shared.discord.constants import ADMINISTRATOR
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.privacy.texts import WRONG_SERVER_NAME
from herwa_shared.services.audit import list_entries
from herwa_shared.stores import Stores
from herwa_web.pages.privacy import texts
from tests.support.db_assertions import fetch_rows
from tests.web.dashboard_factory import DashboardFactory
from tests.web.settings_page import open_settings_page
from tests.web.test_settings_page import OVERVIEW_STATE
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___privacy___state____privacy_state"
MEMBER_ID = "7"
DELETION_QUERY = "SELECT guild_id FROM guild_deletion WHERE guild_id = :guild"


async def count_members(stores: Stores, guild_id: int) -> int:
    return (await fetch_rows(stores, f"SELECT count(*) FROM member WHERE guild_id = {guild_id} AND user_id = 7"))[0][0]


async def test_administrator_sees_who_opened_data_and_erases_a_member(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    administrator = await factory.create_user(server, permissions=ADMINISTRATOR)
    async with stores.database.transaction() as session:
        for user_id in (11, 12):
            await set_opt_out(session, guild_id=server.id, user_id=user_id, opted_out=True)
    async with open_settings_page(web, administrator, server, path="", state=OVERVIEW_STATE):
        pass
    async with open_settings_page(web, administrator, server, path="/privacy", state=STATE) as page:
        assert page.get("opt_outs") == texts.format_opt_outs(2)
        assert [row["view"] for row in page.get("views")] == [texts.VIEWS["overview"]]
        name = f"member {server.canary}"
        assert {"value": MEMBER_ID, "label": name} in page.get("members")
        await page.call("choose_member", form={"member": "", "member_id": "Ada"})
        await page.wait_for("form_error", texts.INVALID_MEMBER)
        await page.call("erase_member")
        await page.visitor.wait_until_idle()
        assert await count_members(stores, server.id) == 1
        await page.call("choose_member", form={"member": MEMBER_ID, "member_id": ""})
        await page.wait_for("question", texts.format_question(name))
        await page.call("erase_member")
        await page.wait_for("announcement", texts.format_erased(name))
    assert await count_members(stores, server.id) == 0
    async with stores.database.transaction() as session:
        [entry] = await list_entries(session, guild_id=server.id)
    assert (entry.action, entry.target, entry.before, entry.after) == ("member.erase", "", None, None)


async def test_only_the_owner_requests_the_deletion_of_the_server_and_undoes_it(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    owner = await factory.create_user()
    server = await factory.create_server(owner_id=owner.id)
    await factory.invalidate_access(owner, server)
    async with open_settings_page(web, owner, server, path="/privacy", state=STATE) as page:
        assert page.get("is_owner")
        await page.call("request_deletion", form={"server_name": "another"})
        await page.wait_for("deletion_error", WRONG_SERVER_NAME)
        await page.call("request_deletion", form={"server_name": server.canary})
        await page.wait_for("deletion", bool)
        assert len(await fetch_rows(stores, DELETION_QUERY, guild=server.id)) == 1
        await page.call("undo_deletion")
        await page.wait_for("announcement", texts.DELETION_CANCELED)
    assert await fetch_rows(stores, DELETION_QUERY, guild=server.id) == []
    administrator = await factory.create_user(server, permissions=ADMINISTRATOR)
    async with open_settings_page(web, administrator, server, path="/privacy", state=STATE) as page:
        assert not page.get("is_owner")
        await page.call("request_deletion", form={"server_name": server.canary})
        await page.wait_for("deletion_error", texts.DELETE_SERVER_OWNER_ONLY)
    assert await fetch_rows(stores, DELETION_QUERY, guild=server.id) == []


async def test_manager_without_administrator_erases_no_one(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_settings_page(web, manager, server, path="/privacy", state=STATE) as page:
        assert not page.get("can_erase")
        assert not page.get("members")
        await page.call("choose_member", form={"member": MEMBER_ID})
        await page.wait_for("form_error", texts.ERASE_ADMINS_ONLY)
        await page.call("erase_member")
        await page.visitor.wait_until_idle()
    assert await count_members(stores, server.id) == 1
