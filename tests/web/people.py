"""People who are logged in with tokens that the local Discord gave them, and the servers that they manage there."""

import random
from dataclasses import dataclass
from datetime import timedelta

from herwa_shared.auth.guild_access import forget_rights
from herwa_shared.auth.sessions import close_session, open_session
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import Guild, GuildStay
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from herwa_sim.client.client import SimClient
from tests.activity import BOT_JOINED, OWNER, Wrote, add_channel, add_history, add_member, record
from tests.people import log_in

MANAGE_GUILD = 1 << 5
HOME_OF_ALL = "Where everybody comes from"


@dataclass(frozen=True)
class Place:
    """A guild whose every name holds the word `canary`."""

    id: int
    canary: str


@dataclass(frozen=True)
class Somebody:
    """A person who is logged in: their id, and the secret in their cookie."""

    id: int
    secret: str


@dataclass(frozen=True)
class People:
    """Everybody of one copy and its Discord."""

    settings: Settings
    stores: Stores
    discord: SimClient

    async def place(self) -> Place:
        """A server with the bot, a channel, a member and some activity of the last days."""
        canary = f"Canary{random.getrandbits(48):x}"
        guild_id = self.discord.create_guild(canary)
        async with self.stores.database.transaction() as session:
            session.add(Guild(id=guild_id, name=canary, owner_id=OWNER, member_count=1, joined_at=BOT_JOINED))
            await session.flush()
            session.add(GuildStay(guild_id=guild_id, joined_at=BOT_JOINED))
        now = utc_now()
        channel = await add_channel(self.stores, guild_id, f"room-{canary}")
        await add_member(self.stores, guild_id, 7, f"member {canary}")
        await add_history(self.stores, guild_id, BOT_JOINED, now)
        wrote = [Wrote(now - timedelta(hours=hour), channel=channel) for hour in range(1, 200)]
        await record(self.stores, guild_id, wrote)
        return Place(guild_id, canary)

    async def somebody(self, *places: Place, permissions: int = MANAGE_GUILD) -> Somebody:
        """Somebody new, who has a role with these permissions in each of these servers, and has logged in."""
        name = f"Person {random.getrandbits(48):x}"
        user_id = self.discord.join(self.discord.create_guild(HOME_OF_ALL, bot=False), name)
        for one in places:
            self.discord.call("member/join", guild_id=str(one.id), user_id=str(user_id))
            role = self.discord.create_role(one.id, f"Staff {name}", permissions=permissions)
            self.discord.set_roles(one.id, user_id, [role])
        await log_in(self.stores, self.settings, DataFolder(self.settings.data_dir), user_id)
        async with self.stores.database.transaction() as session:
            secret = await open_session(session, user_id=user_id, now=utc_now())
        return Somebody(user_id, secret)

    async def dismiss(self, person: Somebody, where: Place) -> None:
        """The person's roles in the server are taken away, and the gateway has reported it."""
        self.discord.set_roles(where.id, person.id, [])
        async with self.stores.database.transaction() as session:
            await forget_rights(session, guild_id=where.id, user_id=person.id)

    async def log_out(self, person: Somebody) -> None:
        """The session ends, in whichever browser."""
        async with self.stores.database.transaction() as session:
            await close_session(session, secret=person.secret)
