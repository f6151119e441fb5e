"""Creates logged-in users with tokens of the local Discord, and servers that they manage."""

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta

from herwa_shared.auth.guild_access import invalidate_guild_access
from herwa_shared.auth.sessions import create_session, delete_session
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import Guild, GuildMembership
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from herwa_sim.client.client import SimClient
from tests.support.oauth_login import log_in
from tests.support.row_factories import (
    BOT_JOINED_AT,
    OWNER_ID,
    EventRow,
    add_channel,
    add_imported_period,
    add_member,
    grant_all_history,
    insert_events,
)

MANAGE_GUILD = 1 << 5
PROPAGATION_SECONDS = 0.5
"""Every process learns of a change of a session or of a user's guilds within this time, unless a message is lost."""
HOME_SERVER_NAME = "Home of all users"


@dataclass(frozen=True)
class CanaryServer:
    """A guild whose names all contain the unique text `canary`.

    A test finds leaked data by searching for it.
    """

    id: int
    canary: str


@dataclass(frozen=True)
class LoggedInUser:
    """A logged-in user: their id and the session token in their cookie."""

    id: int
    session_token: str


@dataclass(frozen=True)
class DashboardFactory:
    """Creates users and servers of one copy and its local Discord."""

    settings: Settings
    stores: Stores
    discord: SimClient

    async def create_server(self, *, has_all_history: bool = True, owner_id: int | None = None) -> CanaryServer:
        """Create a server with the bot, a channel, a member and activity of the last 200 hours.

        `has_all_history` is as for `add_guild`.
        """
        canary = f"Canary{random.getrandbits(48):x}"
        guild_id = self.discord.create_guild(canary, owner_id=owner_id)
        async with self.stores.database.transaction() as session:
            session.add(Guild(id=guild_id, name=canary, owner_id=OWNER_ID, member_count=1, joined_at=BOT_JOINED_AT))
            await session.flush()
            session.add(GuildMembership(guild_id=guild_id, joined_at=BOT_JOINED_AT))
            if has_all_history:
                grant_all_history(session, guild_id)
        now = utc_now()
        channel = await add_channel(self.stores, guild_id, f"channel-{canary}")
        await add_member(self.stores, guild_id, 7, f"member {canary}")
        await add_imported_period(self.stores, guild_id, BOT_JOINED_AT, now)
        messages = [EventRow(now - timedelta(hours=hour), channel=channel) for hour in range(1, 200)]
        await insert_events(self.stores, guild_id, messages)
        return CanaryServer(guild_id, canary)

    async def create_user(self, *servers: CanaryServer, permissions: int = MANAGE_GUILD) -> LoggedInUser:
        """Create a user with a role with these permissions in each of the servers, and log them in."""
        name = f"Person {random.getrandbits(48):x}"
        user_id = self.discord.join(self.discord.create_guild(HOME_SERVER_NAME, bot=False), name)
        for server in servers:
            self.discord.call("member/join", guild_id=str(server.id), user_id=str(user_id))
            role = self.discord.create_role(server.id, f"Staff {name}", permissions=permissions)
            self.discord.set_roles(server.id, user_id, [role])
        await log_in(self.stores, self.settings, DataFolder(self.settings.data_dir), user_id)
        async with self.stores.database.transaction() as session:
            session_token = await create_session(session, user_id=user_id, now=utc_now())
        return LoggedInUser(user_id, session_token)

    async def remove_roles(self, user: LoggedInUser, server: CanaryServer) -> None:
        """Remove the user's roles and invalidate their cached access, as a gateway event would."""
        self.discord.set_roles(server.id, user.id, [])
        await self.invalidate_access(user, server)

    async def invalidate_access(self, user: LoggedInUser, server: CanaryServer) -> None:
        """Invalidate what every process knows of the user's access, so that it asks Discord again."""
        async with self.stores.database.transaction() as session:
            await invalidate_guild_access(session, guild_id=server.id, user_id=user.id)
        await asyncio.sleep(PROPAGATION_SECONDS)

    async def log_out(self, user: LoggedInUser) -> None:
        """Delete the user's session."""
        async with self.stores.database.transaction() as session:
            await delete_session(session, token=user.session_token)
        await asyncio.sleep(PROPAGATION_SECONDS)
