"""A server of the local Discord that pages govern: an owner, a manager with a role, and a member who runs commands."""

import asyncio
import time
from contextlib import closing
from dataclasses import dataclass

from playwright.async_api import Page, expect

from herwa_bot.texts import buttons
from herwa_bot.texts.why import ALLOWED_MARK
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_web import texts
from tests.browser.conftest import ReplayedServer
from tests.support.configurable_copy import ConfigurableCopy
from tests.support.waiting import wait_until

CACHE_TIMEOUT_SECONDS = 60
IN_FORCE_SECONDS = 2.0
"""Within this time of a save the bot decides by the new settings; most of it is the time of the check itself."""


@dataclass(frozen=True, slots=True)
class GovernedServer:
    """A server; all attributes but the copy, the URL and the name are ids."""

    copy: ConfigurableCopy
    base_url: str
    name: str
    id: int
    channel: int
    other_channel: int
    member: int
    support_role: int
    supporter: int

    def build_url(self, path: str = "") -> str:
        """Build the URL of a page of the server."""
        return f"{self.base_url}/g/{self.id}{path}"

    async def is_allowed(self, command: str, *, user: int = 0, channel: int = 0) -> bool:
        """Ask the bot with /why whether the member can use a command."""
        return await asyncio.to_thread(self._run_why, command, user or self.member, channel or self.channel)

    async def wait_until_in_force(self, command: str, *, allowed: bool, user: int = 0, channel: int = 0) -> None:
        """Wait until the bot decides so; fail after IN_FORCE_SECONDS."""
        started_at = time.monotonic()

        async def is_in_force() -> bool:
            return await self.is_allowed(command, user=user, channel=channel) is allowed

        await wait_until(is_in_force)
        assert time.monotonic() - started_at < IN_FORCE_SECONDS

    def _run_why(self, command: str, user: int, channel: int) -> bool:
        with closing(self.copy.open_sim_client()) as sim:
            result = sim.run_command(channel, user, "why", {"command": command})
        return result.messages[0].content.startswith(f"**{ALLOWED_MARK}")


async def open_governed_page(page: Page, governed: GovernedServer, path: str) -> None:
    """Open a page of the server; again while the user's cached list of servers lacks it."""
    async with asyncio.timeout(CACHE_TIMEOUT_SECONDS):
        while True:
            await page.goto(governed.build_url(path))
            await page.locator("main .panel, main .alone").first.wait_for()
            await expect(page.locator("main .bone")).to_have_count(0, timeout=CACHE_TIMEOUT_SECONDS * 1_000)
            if not await page.get_by_role("heading", name=texts.SERVER_NOT_FOUND).is_visible():
                return
            await asyncio.sleep(1)


def create_governed_server(server: ReplayedServer, name: str) -> GovernedServer:
    """Create a server of the persona "owner", in which the persona "manager" manages by a role."""
    with closing(server.copy.open_sim_client()) as sim:
        personas = sim.get_snapshot().personas
        guild_id = sim.create_guild(name, owner_id=personas["owner"])
        channel = sim.create_channel(guild_id, "general")
        other_channel = sim.create_channel(guild_id, "staff-only")
        sim.call("member/join", guild_id=str(guild_id), user_id=str(personas["manager"]))
        sim.set_roles(guild_id, personas["manager"], [sim.create_role(guild_id, "Deputies", permissions=MANAGE_GUILD)])
        support_role = sim.create_role(guild_id, "Support")
        member, supporter = sim.join(guild_id, "Ada"), sim.join(guild_id, "Bob")
        sim.set_roles(guild_id, supporter, [support_role])
        for author in (member, supporter):
            sim.send_message(channel, author, content="hello")
        server.copy.wait_until(lambda: name in server.copy.list_known_servers(), f"the bot to know {name}")
        # The gateway reports it, so the owner's cached list of servers, which lacks the new one, is not used again.
        sim.set_roles(guild_id, personas["owner"], [sim.create_role(guild_id, "Founders")])
    return GovernedServer(
        server.copy,
        server.base_url,
        name,
        guild_id,
        channel,
        other_channel,
        member,
        support_role,
        supporter,
    )


def request_access(governed: GovernedServer) -> None:
    """Let the member run a command of managers, and ask for access with the button on the refusal."""
    with closing(governed.copy.open_sim_client()) as sim:
        [refusal] = sim.run_command(governed.channel, governed.member, "permissions list").messages
        button = next(
            component["custom_id"]
            for row in refusal.components
            for component in row["components"]
            if component.get("label") == buttons.ASK_FOR_ACCESS
        )
        sim.click(governed.channel, governed.member, refusal.id, button)
