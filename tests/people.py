"""People who log in: what they are in a server of the local Discord, and what the bot knows of that server."""

from datetime import timedelta
from itertools import count

import httpx

from herwa_shared.auth.discord_oauth import Account, DiscordLogin, Tokens
from herwa_shared.auth.encryption import seal_of
from herwa_shared.auth.guild_access import TOKENS, redirect_uri
from herwa_shared.auth.users import opened, save_login
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import discord_place, discord_url
from herwa_shared.models import Guild, UserToken
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from herwa_sim.client.client import SimClient
from tests.activity import BOT_JOINED
from tests.sim.visitor import CHALLENGE, VERIFIER, answer_form, query_of

MANAGE_SERVER = 1 << 5
GUILDS_ROUTE = "/users/@me/guilds"
_numbers = count(1)


class Server:
    """A server of one test's own; `manager` manages it by a role, `member` is one of many, `owner` owns it."""

    def __init__(self, discord: SimClient, *, bot: bool = True) -> None:
        number = next(_numbers)
        self.discord = discord
        self.name = f"Log-in {number}"
        self.owner = discord.join(discord.create_guild(f"Where owners come from {number}"), f"Olga {number}")
        self.id = discord.create_guild(self.name, owner_id=self.owner, bot=bot)
        self.member = discord.join(self.id, f"Mia {number}")
        self.manager = discord.join(self.id, f"Max {number}")
        self.role = discord.create_role(self.id, "Staff", permissions=MANAGE_SERVER)
        discord.set_roles(self.id, self.manager, [self.role])

    def dismiss_manager(self) -> None:
        self.discord.set_roles(self.id, self.manager, [])


async def bot_knows(stores: Stores, server: Server) -> None:
    """As the bot would have told after it saw the server."""
    async with stores.database.transaction() as session:
        session.add(Guild(id=server.id, name=server.name, owner_id=server.owner, member_count=3, joined_at=BOT_JOINED))


def questions(discord: SimClient) -> int:
    """How often Discord was asked for somebody's servers since the last call."""
    return sum(call["route"] == GUILDS_ROUTE for call in discord.journal(on=True).calls)


def at_discord(settings: Settings, folder: DataFolder) -> DiscordLogin:
    return DiscordLogin(discord_place(settings, folder), redirect_uri(settings))


async def tokens_of(stores: Stores, settings: Settings, folder: DataFolder, user_id: int) -> Tokens:
    """What Herwa keeps of a user, opened."""
    async with stores.database.transaction() as session:
        row = await session.get_one(UserToken, user_id)
    return opened(row, seal_of(settings, folder, purpose=TOKENS))


async def log_in(stores: Stores, settings: Settings, folder: DataFolder, user_id: int) -> Tokens:
    """The user agrees at Discord, and Herwa keeps what it is given for them."""
    login = at_discord(settings, folder)
    async with httpx.AsyncClient(base_url=discord_url(settings, folder), trust_env=False, timeout=30) as browser:
        back = await answer_form(browser, await login.address(state="-", challenge=CHALLENGE), who=user_id)
    tokens = await login.tokens(code=query_of(back)["code"], verifier=VERIFIER)
    await keep_tokens(stores, settings, folder, await login.account(tokens), tokens)
    return tokens


async def log_in_without_roles(stores: Stores, settings: Settings, folder: DataFolder, user_id: int) -> None:
    """As people logged in before Herwa asked for their roles: Discord's tokens lack that scope."""
    place, login = discord_place(settings, folder), at_discord(settings, folder)
    address = (await login.address(state="-", challenge=CHALLENGE)).replace("+guilds.members.read", "")
    client = (str(place.client_id), place.client_secret.get_secret_value())
    async with httpx.AsyncClient(base_url=discord_url(settings, folder), trust_env=False, timeout=30) as browser:
        code = query_of(await answer_form(browser, address, who=user_id))["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        given = await browser.post(place.token, data={**form, "redirect_uri": redirect_uri(settings)}, auth=client)
    told = given.raise_for_status().json()
    assert told["scope"] == "identify guilds"
    tokens = Tokens(told["access_token"], told["refresh_token"], utc_now() + timedelta(days=7))
    await keep_tokens(stores, settings, folder, await login.account(tokens), tokens)


async def keep_tokens(stores: Stores, settings: Settings, folder: DataFolder, account: Account, tokens: Tokens) -> None:
    seal = seal_of(settings, folder, purpose=TOKENS)
    async with stores.database.transaction() as session:
        await save_login(session, account=account, tokens=tokens, seal=seal, now=utc_now())
