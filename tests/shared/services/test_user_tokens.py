"""The token of a user is renewed once when it is over, and whose is refused for good is logged out."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from herwa_shared.auth.discord_oauth import Account, DiscordLogin
from herwa_shared.auth.encryption import seal_of
from herwa_shared.auth.guild_access import TOKENS, Rights, open_rights, redirect_uri
from herwa_shared.auth.sessions import open_session, viewer_of
from herwa_shared.clock import utc_now
from herwa_shared.discord.endpoints import discord_place
from herwa_shared.errors import DiscordAway, LogInAgain, LogInNotSetUp
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.people import Server, at_discord, keep_tokens, questions, tokens_of
from tests.shared.services.conftest import LogIn
from tests.sim.process import SimProcess


async def session_of(stores: Stores, user_id: int) -> str:
    async with stores.database.transaction() as session:
        return await open_session(session, user_id=user_id, now=utc_now())


async def is_logged_in(stores: Stores, secret: str) -> bool:
    async with stores.database.transaction() as session:
        return await viewer_of(session, secret=secret, now=utc_now()) is not None


@pytest.fixture
async def keep(stores, settings, folder, server: Server):
    """Change what Herwa keeps of the owner."""

    async def keeping(tokens, **changes):
        account = Account(server.owner, "Olga", None)
        await keep_tokens(stores, settings, folder, account, replace(tokens, **changes))

    return keeping


async def test_a_token_that_is_over_is_renewed_before_asking(
    rights: Rights, server: Server, log_in: LogIn, keep, stores, settings, folder
):
    old = await log_in(server.owner)
    await keep(old, expires_at=utc_now() + timedelta(seconds=30))
    await rights.managed(server.owner, server.id)
    new = await tokens_of(stores, settings, folder, server.owner)

    assert (new.access, new.refresh) != (old.access, old.refresh)
    assert new.expires_at > utc_now() + timedelta(days=1)


async def test_a_token_that_discord_refuses_is_renewed_once(
    rights: Rights, server: Server, log_in: LogIn, keep, stores, settings, folder
):
    await keep(await log_in(server.owner), access="no longer good")

    assert await rights.managed(server.owner, server.id)
    assert (await tokens_of(stores, settings, folder, server.owner)).access != "no longer good"


async def test_two_processes_do_not_burn_one_refresh_token(
    open_process: Callable[[], Rights], server: Server, log_in: LogIn, keep, stores, settings, folder
):
    await keep(await log_in(server.owner), expires_at=utc_now())
    processes = [open_process() for _ in range(4)]
    answers = await asyncio.gather(*(one.managed(server.owner, server.id) for one in processes))

    assert len(answers) == 4
    newest = await tokens_of(stores, settings, folder, server.owner)
    assert (await at_discord(settings, folder).account(newest)).id == server.owner
    assert await at_discord(settings, folder).renewed(newest)


async def test_whose_authorisation_is_gone_is_logged_out_everywhere(
    rights: Rights, server: Server, log_in: LogIn, stores, settings, folder
):
    tokens = await log_in(server.owner)
    sessions = [await session_of(stores, server.owner) for _ in range(2)]
    await at_discord(settings, folder).revoke(tokens)

    with pytest.raises(LogInAgain):
        await rights.managed(server.owner, server.id)
    assert [await is_logged_in(stores, secret) for secret in sessions] == [False, False]


async def test_while_discord_is_away_nobody_is_logged_out(
    rights: Rights, server: Server, log_in: LogIn, stores, discord
):
    await log_in(server.owner)
    secret = await session_of(stores, server.owner)
    discord.client.chaos(fail={"share": 1})

    with pytest.raises(DiscordAway):
        await rights.managed(server.owner, server.id)
    assert await is_logged_in(stores, secret)


async def test_without_the_secret_that_sealed_them_tokens_are_none_and_one_logs_in_anew(
    server: Server, log_in: LogIn, stores, settings, folder, tmp_path
):
    await log_in(server.owner)
    secret = await session_of(stores, server.owner)
    lost = DataFolder(tmp_path)
    lost.path.joinpath("ports.json").write_bytes(folder.path.joinpath("ports.json").read_bytes())
    with pytest.raises(LogInAgain):
        await open_rights(settings, lost, stores.database).guilds(server.owner)
    assert not await is_logged_in(stores, secret)


async def test_a_secret_set_later_logs_nobody_out(
    server: Server, log_in: LogIn, stores, settings, folder, discord: SimProcess
):
    await log_in(server.owner)
    with_secret = settings.model_copy(update={"secret_key": SecretStr("set later")})
    rights = open_rights(with_secret, folder, stores.database)

    assert await rights.managed(server.owner, server.id)
    assert questions(discord.client) >= 1


async def test_when_our_own_secret_is_wrong_it_is_said_and_nobody_is_logged_out(
    server: Server, log_in: LogIn, keep, stores, settings, folder
):
    await keep(await log_in(server.owner), expires_at=utc_now())
    secret = await session_of(stores, server.owner)
    place = replace(discord_place(settings, folder), client_secret=SecretStr("wrong"))
    login = DiscordLogin(place, redirect_uri(settings))
    rights = Rights(stores.database, login, seal_of(settings, folder, purpose=TOKENS))

    with pytest.raises(LogInNotSetUp, match="client id and secret"):
        await rights.managed(server.owner, server.id)
    with pytest.raises(LogInNotSetUp):
        await login.tokens(code="any", verifier="any")
    assert await is_logged_in(stores, secret)
