"""Pages that show what the tier lacks link to Discord's store, if a tier is for sale there."""

from collections.abc import AsyncIterator

import pytest

from herwa_shared.catalog import FeatureKey, TierKey
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.discord.endpoints import LOCAL_CLIENT_ID, build_store_url
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.tiers import set_lowest_tier, set_tier_sku
from herwa_shared.stores import Stores
from tests.support.governance_client import TEST_ACTOR
from tests.web.dashboard_factory import CanaryServer, DashboardFactory, LoggedInUser
from tests.web.settings_page import open_settings_page
from tests.web.test_operator_panel import TIERS_STATE, create_operator_session, list_actions, open_panel
from tests.web.web_server import WebServer

SKU_ID = 234_567_890_123_456_789
LAYOUT_STATE = "reflex___state____state.herwa_web___layout_state____layout_state"
KEYS_STATE = "reflex___state____state.herwa_web___pages___keys___state____keys_state"


@pytest.fixture
async def changed_tiers(stores: Stores) -> AsyncIterator[None]:
    """API keys need Premium, which is not for sale after the test."""
    async with stores.database.transaction() as session:
        await set_lowest_tier(session, feature=FeatureKey.API_STATISTICS, tier=TierKey.PREMIUM, actor=TEST_ACTOR)
    yield
    async with stores.database.transaction() as session:
        await set_lowest_tier(session, feature=FeatureKey.API_STATISTICS, tier=TierKey.FREE, actor=TEST_ACTOR)
        await set_tier_sku(session, tier=TierKey.PREMIUM, sku_id=None, actor=TEST_ACTOR)


async def find_offer(web: WebServer, user: LoggedInUser, server: CanaryServer, path: str, state: str) -> str:
    """Open a page and return the link to the store; empty without an offer."""
    async with open_settings_page(web, user, server, path=path, state=state) as tab:
        tab.state = LAYOUT_STATE
        offer = tab.get("offer")
        return offer["href"] if offer else ""


async def test_operator_sells_a_tier_and_pages_offer_it(
    web: WebServer, factory: DashboardFactory, stores: Stores, settings: Settings, changed_tiers: None
):
    server = await factory.create_server()
    manager, operator = await factory.create_user(server), await create_operator_session(stores, settings)
    features_state = "reflex___state____state.herwa_web___pages___features___state____features_state"
    pages = (("/features", features_state), ("/keys", KEYS_STATE))
    for path, state in pages:
        assert await find_offer(web, manager, server, path, state) == ""
    async with open_panel(web, operator, "/admin/tiers?tier=premium", TIERS_STATE) as tab:
        view = tab.get("view")
        form = {entry["name"]: entry["value"] for entry in view["limits"]}
        form |= {entry["inherit_name"]: "on" for entry in view["limits"] if entry["inherited"]}
        form |= {box["name"]: "on" for box in view["features"] if box["checked"] and not box["inherited"]}
        form |= {"inherits": next(option["value"] for option in view["parents"] if option["selected"])}
        await tab.call("preview", form={**form, "sku": str(SKU_ID), "reason": "Prices of 2027"})
        await tab.wait_for("asking", True)
        await tab.call("save")
        await tab.wait_for("view", lambda view: view["sku"] == str(SKU_ID))
    assert (await list_actions(stores, None))[0] == "tier.sku"
    url = build_store_url(settings, DataFolder(settings.data_dir), SKU_ID)
    for path, state in pages:
        assert await find_offer(web, manager, server, path, state) == url


def test_store_of_discord_needs_the_id_of_the_application(settings: Settings, folder: DataFolder):
    url = build_store_url(settings, folder, SKU_ID) or ""
    assert url.endswith(f"/application-directory/{LOCAL_CLIENT_ID}/store/{SKU_ID}")
    token = {"DISCORD_TOKEN": "x", "HERWA_DISCORD_URL": None}
    real = settings.model_copy(update={"discord": DiscordSettings(**token, DISCORD_CLIENT_ID=12)})
    assert build_store_url(real, folder, SKU_ID) == f"https://discord.com/application-directory/12/store/{SKU_ID}"
    unknown = settings.model_copy(update={"discord": DiscordSettings(**token, DISCORD_CLIENT_ID=None)})
    assert build_store_url(unknown, folder, SKU_ID) is None
