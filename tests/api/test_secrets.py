"""No secret is written to the log: not at a login, not when a login fails, at no log level."""

import asyncio
from urllib.parse import unquote

import httpx

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.api.api_process import open_api_client, run_api_process
from tests.api.browser import Browser
from tests.support.oauth_login import ManagedServer, load_tokens
from tests.support.sim_process import SimProcess


async def test_login_writes_no_secret_to_the_log(
    stores: Stores, settings: Settings, folder: DataFolder, server: ManagedServer, discord: SimProcess
):
    host = settings.origin.removeprefix("http://")
    async with (
        run_api_process(settings, HERWA_LOG_LEVEL="DEBUG") as process,
        open_api_client(folder.get_or_create_port("api"), Host=host) as herwa,
        httpx.AsyncClient(base_url=discord.url, trust_env=False, timeout=30) as discord_browser,
    ):
        browser = Browser(herwa, discord_browser, settings)
        callback = httpx.URL(await browser.authorize(await browser.start_login(), server.owner))
        secrets = {callback.params["code"], callback.params["state"], unquote(browser.cookie_header)}
        discord.client.enable_faults(fail={"next": 1, "route": "/users/@me"})
        assert (await browser.follow_callback(callback)).status_code == 503
        await browser.log_in(server.owner)
        tokens = await load_tokens(stores, settings, folder, server.owner)
        secrets |= {tokens.access, tokens.refresh, browser.session_token, browser.cookie_header}
        assert (await herwa.get("/api/guilds")).status_code == 200
        discord.client.enable_faults(fail={"next": 1, "route": "/users/@me/guilds"})
        await herwa.get(f"/api/guilds/{server.id}/stats")
        assert (await browser.log_out()).status_code == 204
        assert (await browser.follow_callback(callback)).status_code == 400
        process.terminate()
        async with asyncio.timeout(60):
            _, output = await process.communicate()

    secrets |= {folder.get_or_create_secret("local_discord_client_secret"), folder.get_or_create_secret("token_key")}
    assert b"API server started" in output
    assert not [secret for secret in secrets if secret.encode() in output]
