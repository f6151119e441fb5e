"""The guardrail applies to every handler of the pages."""

import json
from collections.abc import Sequence

import pytest

from herwa_shared.catalog import FeatureKey, ModuleKey
from herwa_shared.guardrail.policy import SubjectKind
from herwa_shared.guardrail.refusal_texts import build_kill_switch_refusal, build_toggle_refusal
from herwa_shared.stores import Stores
from herwa_web import texts
from herwa_web.surfaces import SURFACES
from tests.support.governance_client import GovernanceClient
from tests.support.waiting import wait_until
from tests.web.dashboard_factory import MANAGE_GUILD, CanaryServer, DashboardFactory, LoggedInUser
from tests.web.expected_handlers import OTHER_PAGES, SETTINGS_PAGES
from tests.web.reflex_client import HYDRATE_AND_LOAD, ReflexClient, connect_client, open_visible_guild_page
from tests.web.registered_handlers import RegisteredHandler, call_handlers, run_in_tabs
from tests.web.web_server import WebServer

OVERVIEW = FeatureKey.OVERVIEW
ADMINISTRATOR = 1 << 3
REFUSED_PHASE = '"phase_rx_state_": "refused"'
READY_PHASE = '"phase_rx_state_": "ready"'


@pytest.fixture
def governance(stores: Stores) -> GovernanceClient:
    return GovernanceClient(stores)


async def open_page(visitor: ReflexClient, server: CanaryServer) -> str:
    """Open the server's page; wait for its final phase; return everything received for it."""
    received_before = len(visitor.received)
    await visitor.send(HYDRATE_AND_LOAD, path=f"/g/{server.id}")
    await visitor.wait_until(lambda: is_settled(json.dumps(visitor.received[received_before:])), "the page")
    return json.dumps(visitor.received[received_before:])


def is_settled(text: str) -> bool:
    """Whether the page has reached a final phase."""
    return any(f'"phase_rx_state_": "{phase}"' in text for phase in ("refused", "ready", "failed", "missing"))


async def wait_for_phase(web: WebServer, user: LoggedInUser, server: CanaryServer, phase: str) -> str:
    """Open the page again until it is in this phase; return everything received for it."""
    page_text = ""

    async def has_phase() -> bool:
        nonlocal page_text
        async with connect_client(web, session_token=user.session_token) as visitor:
            page_text = await open_page(visitor, server)
        return phase in page_text

    await wait_until(has_phase)
    return page_text


def list_visible_parts(text: str, server: CanaryServer) -> list[str]:
    """List the protected parts in the text: member name, channel name, download."""
    return [
        part for part in (f"member {server.canary}", f"channel-{server.canary}", '"name": "_download"') if part in text
    ]


async def create_restricted_manager(factory: DashboardFactory, server: CanaryServer) -> tuple[LoggedInUser, int]:
    """Create a user who manages the server by a role; return both."""
    user = await factory.create_user(server)
    role = factory.discord.create_role(server.id, "On leave", permissions=MANAGE_GUILD)
    factory.discord.set_roles(server.id, user.id, [role])
    return user, role


async def test_no_handler_reveals_a_disabled_page(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
    await governance.set_feature(server.id, OVERVIEW, enabled=False)
    await wait_for_phase(web, manager, server, REFUSED_PHASE)

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        own_handlers = [handler for handler in handlers if handler.state not in (*SETTINGS_PAGES, *OTHER_PAGES)]
        async with connect_client(web, session_token=manager.session_token) as visitor:
            await open_page(visitor, server)
            await call_handlers(visitor, str(server.id), own_handlers)
            assert not list_visible_parts(visitor.dump_received(), server)
            assert "Traceback" not in visitor.dump_received()

    await run_in_tabs(call)


@pytest.mark.slow
async def test_no_handler_reveals_any_page_to_a_manager_with_a_denied_role(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    manager, role = await create_restricted_manager(factory, server)
    for surface in SURFACES.all:
        await governance.add_deny_rule(server.id, SubjectKind.ROLE, role, surface.feature, note="back in May")
    page_text = await wait_for_phase(web, manager, server, REFUSED_PHASE)
    assert "back in May" in page_text

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=manager.session_token) as visitor:
            await open_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers)
            assert not list_visible_parts(visitor.dump_received(), server)

    await run_in_tabs(call)


async def test_open_page_clears_its_data_when_the_feature_is_disabled(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        assert list_visible_parts(await open_page(visitor, server), server)
        await governance.set_feature(server.id, OVERVIEW, enabled=False)
        poll_event = "reflex___state____state.herwa_web___pages___guild___state____overview_state.poll_live"

        async def is_refused() -> bool:
            await visitor.send(poll_event, path=f"/g/{server.id}")
            await visitor.wait_until_idle()
            return REFUSED_PHASE in visitor.dump_received()

        await wait_until(is_refused)
        index = next(number for number, message in enumerate(visitor.received) if REFUSED_PHASE in json.dumps(message))
        refusal = json.dumps(visitor.received[index])
        assert '"channels": []' in refusal
        assert not list_visible_parts(refusal, server)


async def test_refused_page_shows_the_server_name_and_who_can_enable_it(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    await governance.set_module(server.id, ModuleKey.DASHBOARD, enabled=False)
    page_text = await wait_for_phase(web, manager, server, REFUSED_PHASE)

    assert server.canary in page_text
    refusal = build_toggle_refusal("Overview", "Dashboard")
    assert refusal.headline in page_text
    assert refusal.remedy in page_text


async def test_reenabled_page_shows_names_and_downloads(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    await governance.set_feature(server.id, OVERVIEW, enabled=False)
    await wait_for_phase(web, manager, server, REFUSED_PHASE)
    await governance.set_feature(server.id, OVERVIEW, enabled=True)

    await wait_for_phase(web, manager, server, READY_PHASE)
    visible_parts: set[str] = set()

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=manager.session_token) as visitor:
            await open_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers)
            visible_parts.update(list_visible_parts(visitor.dump_received(), server))

    await run_in_tabs(call)
    assert len(visible_parts) == 3


async def test_administrator_bypasses_rules_but_not_disabled_features(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    administrator = await factory.create_user(server, permissions=ADMINISTRATOR)
    manager = await factory.create_user(server)
    await governance.add_deny_rule(server.id, SubjectKind.EVERYONE, 0, OVERVIEW, note="")
    await wait_for_phase(web, manager, server, REFUSED_PHASE)

    await wait_for_phase(web, administrator, server, READY_PHASE)
    await governance.set_feature(server.id, OVERVIEW, enabled=False)
    await wait_for_phase(web, administrator, server, REFUSED_PHASE)


async def test_kill_switch_reason_is_shown_on_the_page(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    await governance.set_kill_switch(OVERVIEW, enabled=True, reason="The chart is being repaired.")
    try:
        page_text = await wait_for_phase(web, manager, server, REFUSED_PHASE)
    finally:
        await governance.set_kill_switch(OVERVIEW, enabled=False)
    assert "The chart is being repaired." in page_text
    assert build_kill_switch_refusal("Overview", "").remedy in page_text
    await wait_for_phase(web, manager, server, READY_PHASE)


async def test_disabled_feature_reveals_nothing_to_a_stranger(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    stranger, manager = await factory.create_user(), await factory.create_user(server)
    await governance.set_feature(server.id, OVERVIEW, enabled=False)
    await wait_for_phase(web, manager, server, REFUSED_PHASE)

    async def call(handlers: Sequence[RegisteredHandler]) -> None:
        async with connect_client(web, session_token=stranger.session_token) as visitor:
            assert '"phase_rx_state_": "missing"' in await open_page(visitor, server)
            await call_handlers(visitor, str(server.id), handlers)
            assert server.canary not in visitor.dump_received()

    await run_in_tabs(call)


async def test_home_shows_no_numbers_of_a_server_with_a_disabled_overview(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    closed_server, open_server = await factory.create_server(), await factory.create_server()
    manager = await factory.create_user(closed_server, open_server)
    await governance.set_feature(closed_server.id, OVERVIEW, enabled=False)
    await wait_for_phase(web, manager, closed_server, REFUSED_PHASE)

    async with connect_client(web, session_token=manager.session_token) as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path="/")
        await visitor.wait_until(lambda: '"cards_rx_state_": [{' in visitor.dump_received(), "cards")
        card_changes = [
            changes
            for message in visitor.received
            for changes in message["delta"].values()
            if "cards_rx_state_" in changes
        ]
    cards = {card["name"]: card for card in card_changes[-1]["cards_rx_state_"]}
    shown = {name: (card["value"], card["caption"], bool(card["line"])) for name, card in cards.items()}
    assert shown[open_server.canary] == ("1", texts.describe_active_members(1), True)
    assert shown[closed_server.canary] == ("", texts.LOCKED_CARD, False)
