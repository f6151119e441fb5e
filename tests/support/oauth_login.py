"""Users of the local Discord who log in, and the guild in which they are owner, manager or member."""

from datetime import timedelta
from itertools import count

import httpx

from herwa_shared.auth.discord_oauth import DiscordOAuthClient, DiscordUser, OAuthTokens
from herwa_shared.auth.encryption import create_encryptor
from herwa_shared.auth.guild_access import TOKEN_PURPOSE, build_redirect_uri
from herwa_shared.auth.users import decrypt_tokens, save_login
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.discord.endpoints import DiscordEndpoints, find_discord_endpoints, find_discord_url
from herwa_shared.models import Guild, UserToken
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from herwa_sim.client.client import SimClient
from tests.support.oauth_forms import PKCE_CHALLENGE, PKCE_VERIFIER, parse_query, submit_authorization
from tests.support.row_factories import BOT_JOINED_AT, grant_all_history

GUILDS_ROUTE = "/users/@me/guilds"
_server_numbers = count(1)


class ManagedServer:
    """A guild for one test, with its owner, a manager by role, and a member without rights."""

    def __init__(self, discord: SimClient, *, bot: bool = True) -> None:
        number = next(_server_numbers)
        self.discord = discord
        self.name = f"Log-in {number}"
        self.owner = discord.join(discord.create_guild(f"Where owners come from {number}"), f"Olga {number}")
        self.id = discord.create_guild(self.name, owner_id=self.owner, bot=bot)
        self.member = discord.join(self.id, f"Mia {number}")
        self.manager = discord.join(self.id, f"Max {number}")
        self.role = discord.create_role(self.id, "Staff", permissions=MANAGE_GUILD)
        discord.set_roles(self.id, self.manager, [self.role])

    def remove_manager_role(self) -> None:
        self.discord.set_roles(self.id, self.manager, [])


async def save_server(stores: Stores, server: ManagedServer, *, has_all_history: bool = True) -> None:
    """Save the guild as the bot does when it receives it. `has_all_history` is as for `add_guild`."""
    async with stores.database.transaction() as session:
        session.add(
            Guild(id=server.id, name=server.name, owner_id=server.owner, member_count=3, joined_at=BOT_JOINED_AT)
        )
        await session.flush()
        if has_all_history:
            grant_all_history(session, server.id)


def count_guild_requests(discord: SimClient) -> int:
    """Number of requests for a user's guilds since the last call of this function."""
    return sum(call["route"] == GUILDS_ROUTE for call in discord.read_journal(on=True).calls)


def create_oauth_client(settings: Settings, folder: DataFolder) -> DiscordOAuthClient:
    return DiscordOAuthClient(require_endpoints(settings, folder), build_redirect_uri(settings))


def require_endpoints(settings: Settings, folder: DataFolder) -> DiscordEndpoints:
    """The endpoints of the local Discord."""
    endpoints = find_discord_endpoints(settings, folder)
    assert endpoints is not None
    return endpoints


async def load_tokens(stores: Stores, settings: Settings, folder: DataFolder, user_id: int) -> OAuthTokens:
    """Load and decrypt the stored OAuth tokens of a user."""
    async with stores.database.transaction() as session:
        row = await session.get_one(UserToken, user_id)
    tokens = decrypt_tokens(row, create_encryptor(settings, folder, purpose=TOKEN_PURPOSE))
    assert tokens is not None
    return tokens


async def log_in(stores: Stores, settings: Settings, folder: DataFolder, user_id: int) -> OAuthTokens:
    """Authorize Herwa as this user at the local Discord, and save the tokens."""
    oauth_client = create_oauth_client(settings, folder)
    async with httpx.AsyncClient(
        base_url=find_discord_url(settings, folder) or "", trust_env=False, timeout=30
    ) as http_client:
        redirect_url = await submit_authorization(
            http_client, await oauth_client.build_authorization_url(state="-", challenge=PKCE_CHALLENGE), who=user_id
        )
    tokens = await oauth_client.exchange_code(code=parse_query(redirect_url)["code"], verifier=PKCE_VERIFIER)
    await save_tokens(stores, settings, folder, await oauth_client.fetch_current_user(tokens), tokens)
    return tokens


async def log_in_without_roles(stores: Stores, settings: Settings, folder: DataFolder, user_id: int) -> None:
    """Log in with tokens that lack the scope `guilds.members.read`, as before Herwa requested roles."""
    endpoints, oauth_client = require_endpoints(settings, folder), create_oauth_client(settings, folder)
    authorize_url = (await oauth_client.build_authorization_url(state="-", challenge=PKCE_CHALLENGE)).replace(
        "+guilds.members.read", ""
    )
    credentials = (str(endpoints.client_id), endpoints.client_secret.get_secret_value())
    async with httpx.AsyncClient(
        base_url=find_discord_url(settings, folder) or "", trust_env=False, timeout=30
    ) as http_client:
        code = parse_query(await submit_authorization(http_client, authorize_url, who=user_id))["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": PKCE_VERIFIER}
        response = await http_client.post(
            endpoints.token_url, data={**form, "redirect_uri": build_redirect_uri(settings)}, auth=credentials
        )
    payload = response.raise_for_status().json()
    assert payload["scope"] == "identify guilds"
    tokens = OAuthTokens(payload["access_token"], payload["refresh_token"], utc_now() + timedelta(days=7))
    await save_tokens(stores, settings, folder, await oauth_client.fetch_current_user(tokens), tokens)


async def save_tokens(
    stores: Stores, settings: Settings, folder: DataFolder, account: DiscordUser, tokens: OAuthTokens
) -> None:
    encryptor = create_encryptor(settings, folder, purpose=TOKEN_PURPOSE)
    async with stores.database.transaction() as session:
        await save_login(session, account=account, tokens=tokens, encryptor=encryptor, now=utc_now())
