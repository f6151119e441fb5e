"""Members in responses to an API key: pseudonyms of the key, unless it has the scope for ids."""

import httpx
import pytest

from herwa_api.member_identities import MemberIdentities
from herwa_shared.catalog import Scope
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.services.api_keys import list_keys, rotate_key
from herwa_shared.services.audit import SYSTEM
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.test_statistics import MARCH
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import EventRow, add_guild, add_member, insert_events, make_utc
from tests.support.waiting import wait_until

MEMBERS = (1_100_000_000_000_000_001, 1_100_000_000_000_000_002, 1_100_000_000_000_000_003)
EVENTS = [EventRow(make_utc(2025, 3, 1, 12, minute), member) for member in MEMBERS for minute in range(2)]
PSEUDONYMOUS = (Scope.STATS, Scope.MEMBERS)


@pytest.fixture
async def guild_id(stores: Stores) -> int:
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, [*EVENTS, EventRow(make_utc(2025, 3, 1, 13), MEMBERS[0])])
    for number, member in enumerate(MEMBERS):
        await add_member(stores, guild_id, member, f"Member {number}")
    return guild_id


async def fetch_top(client: httpx.AsyncClient, guild_id: int, key: str, **headers: str) -> httpx.Response:
    headers["Authorization"] = f"Bearer {key}"
    return await client.get(f"/api/guilds/{guild_id}/top/members", params=MARCH, headers=headers)


def list_ids(response: httpx.Response) -> list[str]:
    return [item["id"] for item in response.json()["items"]]


async def test_each_key_gets_pseudonyms_of_its_own_also_from_the_cache(client, guild_id, make_key: KeyFactory):
    with_ids = await make_key(guild_id)
    first, second = await make_key(guild_id, PSEUDONYMOUS), await make_key(guild_id, PSEUDONYMOUS)
    responses = [await fetch_top(client, guild_id, key) for key in (first, with_ids, second, first)]

    assert list_ids(responses[1]) == [str(member) for member in MEMBERS]
    assert [item["name"] for item in responses[1].json()["items"]] == ["Member 0", "Member 1", "Member 2"]
    assert list_ids(responses[0]) == list_ids(responses[3])
    every_id = [member for response in responses[:3] for member in list_ids(response)]
    assert len(set(every_id)) == 9
    for response in (responses[0], responses[2]):
        assert [item["value"] for item in response.json()["items"]] == [3, 2, 2]
        assert [item["name"] for item in response.json()["items"]] == [None] * 3
        assert all(str(member) not in response.text for member in MEMBERS)
        ties = list_ids(response)[1:]
        assert ties == sorted(ties), "the order of ids of members does not show"


async def test_member_who_opted_out_is_in_no_response_also_from_the_cache(
    client, guild_id, stores: Stores, make_key: KeyFactory
):
    with_ids, without = await make_key(guild_id), await make_key(guild_id, PSEUDONYMOUS)

    async def list_members() -> list[list[str]]:
        return [list_ids(await fetch_top(client, guild_id, key)) for key in (with_ids, without)]

    async def choose(expected: list[list[str]], *, opted_out: bool) -> None:
        async with stores.database.transaction() as session:
            await set_opt_out(session, guild_id=guild_id, user_id=MEMBERS[0], opted_out=opted_out)

        async def is_shown() -> bool:
            return await list_members() == expected

        await wait_until(is_shown)

    everyone = await list_members()
    assert everyone[0] == [str(member) for member in MEMBERS]
    await choose([ids[1:] for ids in everyone], opted_out=True)
    authorization = {"Authorization": f"Bearer {with_ids}"}
    stats = await client.get(f"/api/guilds/{guild_id}/stats", params=MARCH, headers=authorization)
    assert stats.json()["total"] == len(EVENTS) + 1
    await choose(everyone, opted_out=False)


async def test_etag_of_one_key_is_unknown_to_another(client, guild_id, make_key: KeyFactory):
    first, second = await make_key(guild_id, PSEUDONYMOUS), await make_key(guild_id, PSEUDONYMOUS)
    etag = (await fetch_top(client, guild_id, first)).headers["ETag"]
    statuses = [
        (await fetch_top(client, guild_id, key, **{"If-None-Match": etag})).status_code for key in (first, second)
    ]
    assert statuses == [304, 200]


async def test_key_that_replaces_another_keeps_its_pseudonyms(
    client, guild_id, stores: Stores, make_key: KeyFactory, pepper: bytes
):
    old = await make_key(guild_id, PSEUDONYMOUS)
    async with stores.database.transaction() as session:
        [status] = await list_keys(session, guild_id=guild_id)
        new = await rotate_key(session, guild_id=guild_id, key_id=status.id, pepper=pepper, actor=SYSTEM)
    assert list_ids(await fetch_top(client, guild_id, old)) == list_ids(await fetch_top(client, guild_id, new.secret))


async def test_manager_sees_ids_and_names(
    client, browser: Browser, server: ManagedServer, stores: Stores, make_key: KeyFactory
):
    await save_server(stores, server)
    await insert_events(stores, server.id, EVENTS)
    await add_member(stores, server.id, MEMBERS[0], "Ada")
    await fetch_top(client, server.id, await make_key(server.id, PSEUDONYMOUS))
    await browser.log_in(server.manager)
    response = await browser.herwa.get(f"/api/guilds/{server.id}/top/members", params=MARCH)
    assert list_ids(response) == [str(member) for member in MEMBERS]
    assert response.json()["items"][0]["name"] == "Ada"


async def test_no_response_to_a_key_without_the_scope_contains_a_member(client, guild_id, make_key: KeyFactory):
    key = await make_key(guild_id, set(Scope) - {Scope.MEMBER_IDS})
    document = (await client.get("/api/openapi.json")).json()
    routes = [path for path, methods in document["paths"].items() if "get" in methods and path.count("{") < 2]
    assert "/api/guilds/{guild_id}/top/members" in routes
    for route in routes:
        url = route.format(guild_id=guild_id)
        response = await client.get(url, headers={"Authorization": f"Bearer {key}"})
        assert all(str(member) not in response.text for member in MEMBERS), url


def test_pseudonym_is_stable_and_depends_on_the_secret():
    one, other = MemberIdentities(b"one"), MemberIdentities(b"other")
    assert one.format_id(7) == one.format_id("7")
    assert len({one.format_id(7), one.format_id(8), other.format_id(7)}) == 3
    assert MemberIdentities(None).format_id(7) == "7"
