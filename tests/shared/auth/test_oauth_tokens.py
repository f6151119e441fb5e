"""OAuth tokens: refreshed once when expired, and a user with a revoked authorization is logged out."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from herwa_shared.auth.discord_oauth import INVALID_CLIENT_TEXT, DiscordOAuthClient, DiscordUser
from herwa_shared.auth.encryption import create_encryptor
from herwa_shared.auth.guild_access import TOKEN_PURPOSE, GuildAccess, build_redirect_uri, create_guild_access
from herwa_shared.auth.sessions import create_session, find_session_user
from herwa_shared.clock import utc_now
from herwa_shared.discord.endpoints import find_discord_endpoints
from herwa_shared.errors import DiscordUnavailable, OAuthNotConfigured, ReauthRequired
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.shared.auth.conftest import LogInFunction
from tests.support.oauth_login import ManagedServer, count_guild_requests, create_oauth_client, load_tokens, save_tokens
from tests.support.sim_process import SimProcess


async def create_user_session(stores: Stores, user_id: int) -> str:
    async with stores.database.transaction() as session:
        return await create_session(session, user_id=user_id, now=utc_now())


async def is_logged_in(stores: Stores, token: str) -> bool:
    async with stores.database.transaction() as session:
        return await find_session_user(session, token=token, now=utc_now()) is not None


@pytest.fixture
async def change_tokens(stores, settings, folder, server: ManagedServer):
    """A function that changes the stored tokens of the server's owner."""

    async def change(tokens, **changes):
        discord_user = DiscordUser(server.owner, "Olga", None)
        await save_tokens(stores, settings, folder, discord_user, replace(tokens, **changes))

    return change


async def test_expired_token_is_refreshed_before_the_request(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, change_tokens, stores, settings, folder
):
    old_tokens = await log_in(server.owner)
    await change_tokens(old_tokens, expires_at=utc_now() + timedelta(seconds=30))
    await guild_access.require_managed_guild(server.owner, server.id)
    new_tokens = await load_tokens(stores, settings, folder, server.owner)

    assert (new_tokens.access, new_tokens.refresh) != (old_tokens.access, old_tokens.refresh)
    assert new_tokens.expires_at > utc_now() + timedelta(days=1)


async def test_refused_token_is_refreshed_once(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, change_tokens, stores, settings, folder
):
    await change_tokens(await log_in(server.owner), access="no longer good")

    assert await guild_access.require_managed_guild(server.owner, server.id)
    assert (await load_tokens(stores, settings, folder, server.owner)).access != "no longer good"


async def test_concurrent_processes_refresh_a_token_once(
    guild_access_factory: Callable[[], GuildAccess],
    server: ManagedServer,
    log_in: LogInFunction,
    change_tokens,
    stores,
    settings,
    folder,
):
    await change_tokens(await log_in(server.owner), expires_at=utc_now())
    instances = [guild_access_factory() for _ in range(4)]
    guilds = await asyncio.gather(*(instance.require_managed_guild(server.owner, server.id) for instance in instances))

    assert len(guilds) == 4
    newest_tokens = await load_tokens(stores, settings, folder, server.owner)
    assert (await create_oauth_client(settings, folder).fetch_current_user(newest_tokens)).id == server.owner
    assert await create_oauth_client(settings, folder).refresh(newest_tokens)


async def test_revoked_authorization_ends_all_sessions_of_the_user(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores, settings, folder
):
    tokens = await log_in(server.owner)
    session_tokens = [await create_user_session(stores, server.owner) for _ in range(2)]
    await create_oauth_client(settings, folder).revoke(tokens)

    with pytest.raises(ReauthRequired):
        await guild_access.require_managed_guild(server.owner, server.id)
    assert [await is_logged_in(stores, token) for token in session_tokens] == [False, False]


async def test_discord_outage_logs_no_user_out(
    guild_access: GuildAccess, server: ManagedServer, log_in: LogInFunction, stores, discord
):
    await log_in(server.owner)
    token = await create_user_session(stores, server.owner)
    discord.client.enable_faults(fail={"share": 1})

    with pytest.raises(DiscordUnavailable):
        await guild_access.require_managed_guild(server.owner, server.id)
    assert await is_logged_in(stores, token)


async def test_lost_encryption_secret_requires_a_new_login(
    server: ManagedServer, log_in: LogInFunction, stores, settings, folder, tmp_path
):
    await log_in(server.owner)
    token = await create_user_session(stores, server.owner)
    empty_folder = DataFolder(tmp_path)
    empty_folder.path.joinpath("ports.json").write_bytes(folder.path.joinpath("ports.json").read_bytes())
    with pytest.raises(ReauthRequired):
        await create_guild_access(settings, empty_folder, stores.database).list_guilds(server.owner)
    assert not await is_logged_in(stores, token)


async def test_secret_key_set_later_logs_no_user_out(
    server: ManagedServer, log_in: LogInFunction, stores, settings, folder, discord: SimProcess
):
    await log_in(server.owner)
    settings_with_secret = settings.model_copy(update={"secret_key": SecretStr("set later")})
    guild_access = create_guild_access(settings_with_secret, folder, stores.database)

    assert await guild_access.require_managed_guild(server.owner, server.id)
    assert count_guild_requests(discord.client) >= 1


async def test_wrong_client_secret_is_reported_and_logs_no_user_out(
    server: ManagedServer, log_in: LogInFunction, change_tokens, stores, settings, folder
):
    await change_tokens(await log_in(server.owner), expires_at=utc_now())
    token = await create_user_session(stores, server.owner)
    endpoints = replace(find_discord_endpoints(settings, folder), client_secret=SecretStr("wrong"))
    discord_oauth = DiscordOAuthClient(endpoints, build_redirect_uri(settings))
    guild_access = GuildAccess(
        stores.database, discord_oauth, create_encryptor(settings, folder, purpose=TOKEN_PURPOSE)
    )

    with pytest.raises(OAuthNotConfigured, match=re.escape(INVALID_CLIENT_TEXT)):
        await guild_access.require_managed_guild(server.owner, server.id)
    with pytest.raises(OAuthNotConfigured):
        await discord_oauth.exchange_code(code="any", verifier="any")
    assert await is_logged_in(stores, token)
