"""An answer that comes late never changes a page that already shows something newer."""

import asyncio

import pytest

from herwa_shared.catalog import FeatureKey
from herwa_shared.guardrail.policy import SubjectKind
from herwa_shared.stores import Stores
from tests.support.governance_client import GovernanceClient
from tests.support.waiting import wait_until
from tests.web.dashboard_factory import MANAGE_GUILD, CanaryServer, DashboardFactory
from tests.web.reflex_client import HYDRATE_AND_LOAD, ReflexClient, connect_client
from tests.web.web_server import WebServer

OVERVIEW_STATE = "reflex___state____state.herwa_web___pages___guild___state____overview_state"
LOAD = f"{OVERVIEW_STATE}.load"
SLOW_SECONDS = 3.0
STARTED_SECONDS = 1.0
"""After this time a handler waits for Discord: it has read the page's URL, and a check of its poll has given up."""


def list_phases(visitor: ReflexClient, since: int) -> list[str]:
    """List the phases of the overview that were sent after the first `since` messages."""
    changes = [message.get("delta", {}).get(OVERVIEW_STATE, {}) for message in visitor.received[since:]]
    return [change["phase_rx_state_"] for change in changes if "phase_rx_state_" in change]


async def open_page(visitor: ReflexClient, server: CanaryServer, phase: str) -> None:
    """Load the page of a server and wait for its phase."""
    since = len(visitor.received)
    await visitor.send(LOAD, path=f"/g/{server.id}")
    await visitor.wait_until(lambda: phase in list_phases(visitor, since), phase)


async def wait_for_answered_call(factory: DashboardFactory) -> None:
    """Wait until the local Discord has answered a call for a member's roles."""

    async def is_answered() -> bool:
        return any(call["route"].endswith("/member") for call in factory.discord.read_journal(on=True).calls)

    await wait_until(is_answered)


@pytest.mark.parametrize("handler", ["retry", "refresh", "poll_live"])
async def test_late_refusal_of_one_server_does_not_touch_the_page_of_another(
    web: WebServer, factory: DashboardFactory, stores: Stores, handler: str
):
    refused_server, open_server = await factory.create_server(), await factory.create_server()
    manager = await factory.create_user(refused_server, open_server)
    role = factory.discord.create_role(refused_server.id, "On leave", permissions=MANAGE_GUILD)
    factory.discord.set_roles(refused_server.id, manager.id, [role])
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path=f"/g/{refused_server.id}")
        await visitor.wait_until(lambda: list_phases(visitor, 0)[-1:] == ["ready"], "the page")
        governance = GovernanceClient(stores)
        await governance.add_deny_rule(refused_server.id, SubjectKind.ROLE, role, FeatureKey.OVERVIEW, note="")
        await factory.invalidate_access(manager, refused_server)
        factory.discord.read_journal(on=True)
        route = f"/guilds/{refused_server.id}/member"
        factory.discord.enable_faults(slow={"next": 1, "route": route, "seconds": SLOW_SECONDS})
        try:
            await visitor.send(f"{OVERVIEW_STATE}.{handler}", path=f"/g/{refused_server.id}")
            await asyncio.sleep(STARTED_SECONDS)
            since = len(visitor.received)
            await open_page(visitor, open_server, "ready")
            await wait_for_answered_call(factory)
            await visitor.wait_until_idle()
        finally:
            factory.discord.disable_faults()
            factory.discord.read_journal(on=False)
        assert list_phases(visitor, since)[-1] == "ready"
        assert "refused" not in list_phases(visitor, since)
        await open_page(visitor, refused_server, "refused")
