"""What a person who is logged in may read: the servers that they manage, and no other exists."""

import httpx
import pytest

from herwa_shared.auth.user_guilds import forget_rights
from herwa_shared.services.api_keys import Scope
from herwa_shared.stores import Stores
from tests.activity import add_guild
from tests.api.browser import Browser
from tests.api.conftest import MakeKey
from tests.people import Server, at_discord, bot_knows, tokens_of
from tests.sim.process import SimProcess

ROUTES = ["stats", "top/channels", "top/members", "heatmap"]


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "x-request-id"}


@pytest.mark.parametrize("route", ROUTES)
async def test_who_owns_or_manages_a_server_reads_it(browser: Browser, server: Server, stores: Stores, route):
    await bot_knows(stores, server)
    for who in (server.owner, server.manager):
        await browser.log_in(who)
        assert (await browser.herwa.get(f"/api/guilds/{server.id}/{route}")).status_code == 200


async def test_to_everybody_else_a_server_looks_exactly_like_one_that_does_not_exist(
    browser: Browser, server: Server, stores: Stores, discord: SimProcess
):
    await bot_knows(stores, server)
    without_bot = Server(discord.client, bot=False)
    foreign = await add_guild(stores)
    strange = [
        str(foreign),
        "0",
        "01",
        "-1",
        "abc",
        "\N{FULLWIDTH DIGIT ONE}",
        str(1 << 63),
        str(1 << 70),
        "1" * 30,
        f"0{server.id}",
        "%20",
    ]
    document = (await browser.herwa.get("/api/openapi.json")).json()
    routes = [path for path in document["paths"] if "{guild_id}" in path]
    assert len(routes) == len(ROUTES)

    for who in (server.member, without_bot.owner):
        await browser.log_in(who)
        for route in routes:
            missing = seen(await browser.herwa.get(route.format(guild_id=81384788765712384)))
            assert missing[0] == 404
            for guild_id in (str(server.id), str(without_bot.id), *strange):
                assert seen(await browser.herwa.get(route.format(guild_id=guild_id))) == missing


async def test_without_a_session_nobody_reads(browser: Browser, server: Server, stores: Stores):
    await bot_knows(stores, server)
    for path in ("/api/me", "/api/guilds", f"/api/guilds/{server.id}/stats"):
        assert (await browser.herwa.get(path)).status_code == 401


async def test_a_wrong_key_is_not_mended_by_a_session(browser: Browser, server: Server, stores: Stores):
    await bot_knows(stores, server)
    await browser.log_in(server.owner)
    for authorization in ("Bearer sk_live_wrong", "Basic abc", "Bearer"):
        answer = await browser.herwa.get(f"/api/guilds/{server.id}/stats", headers={"Authorization": authorization})
        assert answer.status_code == 401


async def test_a_session_in_an_address_or_in_a_header_opens_nothing(browser: Browser, server: Server, stores: Stores):
    await bot_knows(stores, server)
    await browser.log_in(server.owner)
    secret = browser.session
    browser.herwa.cookies.clear()

    path = f"/api/guilds/{server.id}/stats"
    assert (await browser.herwa.get(path, params={"herwa_session": secret})).status_code == 401
    assert (await browser.herwa.get(path, headers={"Authorization": f"Bearer {secret}"})).status_code == 401
    assert (await browser.herwa.get(path, headers={"Cookie": f"session={secret}"})).status_code == 401


async def test_i_am_told_who_i_am(browser: Browser, server: Server, make_key: MakeKey, stores: Stores):
    await bot_knows(stores, server)
    await browser.log_in(server.manager)
    mine = (await browser.herwa.get("/api/me")).json()
    key = {"Authorization": f"Bearer {await make_key(server.id, [Scope.STATS])}"}

    assert mine["user"]["id"] == str(server.manager)
    assert mine["user"]["name"].startswith("Max")
    assert mine["key"] is None
    assert (await browser.herwa.get("/api/me", headers=key)).json() == {
        "user": None,
        "key": {"guild_id": str(server.id), "scopes": ["stats:read"]},
    }


async def test_my_servers_are_those_that_i_manage_with_the_bot_or_without(
    browser: Browser, server: Server, stores: Stores, discord: SimProcess
):
    await bot_knows(stores, server)
    without_bot = discord.client.create_guild(f"No bot of {server.name}", owner_id=server.manager, bot=False)
    await browser.log_in(server.manager)
    mine = {one["id"]: one for one in (await browser.herwa.get("/api/guilds")).json()["items"]}

    assert {id_: (one["owner"], one["bot_is_in"]) for id_, one in mine.items()} == {
        str(server.id): (False, True),
        str(without_bot): (True, False),
    }
    assert mine[str(server.id)]["name"] == server.name
    await browser.log_in(server.member)
    assert (await browser.herwa.get("/api/guilds")).json() == {"items": []}


async def test_a_key_has_its_one_server(client, make_key: MakeKey, stores: Stores):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    [item] = (await client.get("/api/guilds", headers=headers)).json()["items"]

    assert (item["id"], item["name"], item["bot_is_in"]) == (str(guild_id), "Tea", True)


async def test_who_lost_their_role_reads_nothing_more(browser: Browser, server: Server, stores: Stores):
    await bot_knows(stores, server)
    await browser.log_in(server.manager)
    path = f"/api/guilds/{server.id}/stats"
    assert (await browser.herwa.get(path)).status_code == 200

    server.dismiss_manager()
    async with stores.database.transaction() as session:
        await forget_rights(session, guild_id=server.id, user_id=server.manager)

    assert (await browser.herwa.get(path)).status_code == 404


async def test_while_discord_is_away_a_person_is_told_so_and_not_that_nothing_is_there(
    browser: Browser, server: Server, stores: Stores, discord: SimProcess
):
    await bot_knows(stores, server)
    await browser.log_in(server.owner)
    discord.client.chaos(fail={"share": 1, "route": "/users/@me/guilds"})
    answer = await browser.herwa.get(f"/api/guilds/{server.id}/stats")

    assert (answer.status_code, answer.json()["code"]) == (503, "discord_away")
    assert int(answer.headers["retry-after"]) >= 1


async def test_who_takes_herwas_permission_away_at_discord_is_logged_out(
    browser: Browser, server: Server, stores: Stores, discord: SimProcess, folder
):
    await bot_knows(stores, server)
    await browser.log_in(server.owner)
    await at_discord(browser.settings, folder).revoke(await tokens_of(stores, browser.settings, folder, server.owner))

    answer = await browser.herwa.get("/api/guilds")

    assert (answer.status_code, answer.json()["code"]) == (401, "log_in_again")
    assert await browser.who_am_i() is None
