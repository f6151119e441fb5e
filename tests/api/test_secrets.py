"""Nothing that opens anything is ever written to a log: not at a log-in, not when it fails, at no level."""

from urllib.parse import unquote

import httpx

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.process import asking, started
from tests.people import Server, tokens_of
from tests.sim.process import SimProcess


async def test_no_secret_of_a_log_in_is_logged(
    stores: Stores, settings: Settings, folder: DataFolder, server: Server, discord: SimProcess
):
    host = settings.origin.removeprefix("http://")
    async with (
        started(settings, HERWA_LOG_LEVEL="DEBUG") as process,
        asking(folder.port("api"), Host=host) as herwa,
        httpx.AsyncClient(base_url=discord.url, trust_env=False, timeout=30) as person,
    ):
        browser = Browser(herwa, person, settings)
        back = httpx.URL(await browser.agree(await browser.ask_to_log_in(), server.owner))
        secrets = {back.params["code"], back.params["state"], unquote(browser.cookies)}
        discord.client.chaos(fail={"next": 1, "route": "/users/@me"})
        assert (await browser.come_back(back)).status_code == 503
        await browser.log_in(server.owner)
        tokens = await tokens_of(stores, settings, folder, server.owner)
        secrets |= {tokens.access, tokens.refresh, browser.session, browser.cookies}
        assert (await herwa.get("/api/guilds")).status_code == 200
        discord.client.chaos(fail={"next": 1, "route": "/users/@me/guilds"})
        await herwa.get(f"/api/guilds/{server.id}/stats")
        assert (await browser.log_out()).status_code == 204
        assert (await browser.come_back(back)).status_code == 400
        process.terminate()
        _, said = await process.communicate()

    secrets |= {folder.secret("local_discord_client_secret"), folder.secret("token_key")}
    assert b"answering" in said
    assert not [secret for secret in secrets if secret.encode() in said]
