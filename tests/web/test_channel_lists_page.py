"""The channel lists page: add, change and remove a list."""

from herwa_shared.catalog import SurfaceKind
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.services.channel_lists import list_channel_lists, set_list
from herwa_shared.services.discovery import register
from herwa_shared.services.guilds import ChannelData, save_channels
from herwa_shared.stores import Stores
from herwa_web.pages.channel_lists import texts
from tests.support.governance_client import TEST_ACTOR
from tests.web.dashboard_factory import DashboardFactory
from tests.web.settings_page import open_settings_page
from tests.web.test_rules_page import COMMANDS
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___channel_lists___state____channel_lists_state"
TARGET = "command:voice-stats"


async def test_list_is_added_changed_by_two_and_removed(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    general, staff = server.id + 1, server.id + 2
    async with stores.database.transaction() as session:
        await register(session, [SurfaceKind.COMMAND], COMMANDS)
        await save_channels(
            session,
            [ChannelData(general, server.id, None, 0, "general"), ChannelData(staff, server.id, None, 0, "staff")],
        )

    async def load_places() -> list[set[int]]:
        async with stores.database.transaction() as session:
            return [set(item.place_ids) for item in await list_channel_lists(session, guild_id=server.id)]

    async with open_settings_page(web, manager, server, path="/channels", state=STATE) as page:
        await page.call("open_editor", key="")
        await page.wait_for("editing", True)
        await page.call("put_list", form={"what": TARGET})
        await page.wait_for("form_error", texts.CHOOSE_PLACES)
        await page.call("put_list", form={"what": TARGET, f"place:{general}": "on"})
        await page.wait_for("effects", [texts.format_limited(["/voice-stats"], ["#general"])])
        await page.call("save")
        await page.wait_for("can_undo", True)
        assert await load_places() == [{general}]
        await page.wait_for("cards", lambda cards: [card["state"] for card in cards] == [""])  # loaded again

        await page.call("delete_list", key=TARGET)
        await page.wait_for("effects", [texts.format_free(["/voice-stats"])])
        async with stores.database.transaction() as session:
            await set_list(
                session,
                guild_id=server.id,
                target_kind=TargetKind.COMMAND,
                target_key="voice-stats",
                place_ids=[staff],
                actor=TEST_ACTOR,
            )
        await page.call("save")
        await page.wait_for("conflicts", lambda conflicts: conflicts and conflicts[0]["theirs"] == "#staff")
        assert await load_places() == [{staff}]
        await page.call("use_mine")
        await page.wait_for("conflicts", [])
        await page.wait_for("changes", [])
        assert await load_places() == []
