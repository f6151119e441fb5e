"""Every view of a server's pages, from the lists that the code declares; a server with something on each of them."""

import asyncio
from contextlib import closing
from datetime import timedelta

import httpx
from playwright.async_api import Page

from herwa_shared.catalog import Scope
from herwa_shared.clock import utc_now
from herwa_web.navigation import PAGES, RULES_ITEM
from herwa_web.pages.rules import texts as rule_texts
from tests.browser.conftest import ReplayedServer
from tests.browser.governed_server import GovernedServer, create_governed_server, request_access

RULE_TABS = tuple(f"{RULES_ITEM.path}?tab={tab}" for tab in rule_texts.TABS if tab != "rules")
VIEW_PATHS = (*(item.path for item in PAGES), *RULE_TABS)
"""Paths after the URL of a server: each page of the side bar, and each tab of the access rules."""

IS_COMPLETE_SCRIPT = """() => !document.querySelector('.bone')
    && (!document.querySelector('.chart') || document.querySelector('.js-plotly-plot .main-svg'))"""


def name_view(path: str) -> str:
    """Name a view for a test or a picture: `overview`, `rules-try`."""
    return path.strip("/").replace("?tab=", "-") or "overview"


async def wait_until_complete(page: Page) -> None:
    """Wait until a page has loaded its data and drawn its chart."""
    await page.locator("main .panel, main .alone, main .blank").first.wait_for()
    await page.wait_for_function(IS_COMPLETE_SCRIPT)


def create_filled_server(server: ReplayedServer, name: str) -> GovernedServer:
    """Create a server with messages, rules, a channel list, a request, a key, widgets and entries in the audit log."""
    governed = create_governed_server(server, name)
    until = (utc_now() + timedelta(days=5)).strftime("%Y-%m-%d")
    with closing(server.copy.open_sim_client()) as sim:
        personas = sim.get_snapshot().personas
        owner = personas["owner"]
        sim.call("member/join", guild_id=str(governed.id), user_id=str(personas["member"]))
        for number in range(40):
            sim.send_message(governed.channel, (governed.member, governed.supporter)[number % 2], content="hi")

        def run(command: str, **options: str) -> None:
            sim.run_command(governed.channel, owner, command, options)

        role = str(governed.support_role)
        run("permissions deny", what="/voice-stats", who=role, note="on trial", until=until)
        run("permissions deny", what="/ticket-stats", who=str(governed.member))
        run("channels allow", what="/server-stats", where=str(governed.other_channel))
        run("tickets mark", channel=str(governed.channel))
        run("features disable", what="voice.stats")
    request_access(governed)
    create_widgets(server, governed)
    return governed


def create_widgets(server: ReplayedServer, governed: GovernedServer) -> None:
    """Create an API key, and with it a widget and the public page, both visible."""
    scopes = [part for scope in (Scope.WIDGETS_READ, Scope.WIDGETS_WRITE) for part in ("--scope", str(scope))]
    key = server.copy.check_output("keys", "create", "--guild", str(governed.id), "--name", "site", *scopes).strip()
    with httpx.Client(
        base_url=f"{server.base_url}/api/guilds/{governed.id}/", headers={"Authorization": f"Bearer {key}"}
    ) as api:
        api.post("widgets", json={"name": "Blog", "is_on": True}).raise_for_status()
        api.patch("public-page", json={"is_on": True, "invite": "abc123"}).raise_for_status()


async def open_filled_server(server: ReplayedServer, name: str) -> GovernedServer:
    """Create the server in a thread, and wait until its messages are counted."""
    governed = await asyncio.to_thread(create_filled_server, server, name)
    await asyncio.to_thread(server.copy.drain)
    return governed
