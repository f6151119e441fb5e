"""Rankings are read in pages by cursor: every entry once, in order, in the window of the first page."""

import json
from base64 import urlsafe_b64decode

import httpx
import pytest

from herwa_shared.catalog import Scope
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import EventRow, add_guild, insert_events, make_utc

WINDOW = {"from": "2025-03-01", "to": "2025-04-01"}
ENTRIES = 250


@pytest.fixture
async def guild(stores: Stores) -> int:
    """A server whose members and channels 1 to 250 have one to seven messages and up to six voice minutes each."""
    guild_id = await add_guild(stores)
    at = make_utc(2025, 3, 5, 12)
    messages = [
        EventRow(at, user=number, channel=number) for number in range(1, ENTRIES + 1) for _ in range(number % 7 + 1)
    ]
    voice = [
        EventRow(at, user=number, channel=number, kind="voice", value=20 * number) for number in range(1, ENTRIES + 1)
    ]
    await insert_events(stores, guild_id, messages + voice)
    return guild_id


async def list_pages(client: httpx.AsyncClient, guild_id: int, route: str, key: str, **params) -> list[list[dict]]:
    pages, cursor = [], {}
    while True:
        response = await client.get(
            f"/api/guilds/{guild_id}/top/{route}",
            params=WINDOW | params | cursor,
            headers={"Authorization": f"Bearer {key}"},
        )
        assert response.status_code == 200, response.text
        body = response.json()
        pages.append(body["items"])
        if "next_cursor" not in body:
            return pages
        cursor = {"cursor": body["next_cursor"]}


@pytest.mark.parametrize("route", ["channels", "members"])
async def test_pages_contain_every_entry_once_in_order(client, guild: int, make_key: KeyFactory, route):
    key = await make_key(guild)
    pages = await list_pages(client, guild, route, key, limit=60)
    assert [len(page) for page in pages] == [60, 60, 60, 60, 10]
    entries = [entry for page in pages for entry in page]
    assert entries == sorted(entries, key=lambda entry: -entry["value"])
    assert sorted(entry["value"] for entry in entries) == sorted(number % 7 + 1 for number in range(1, ENTRIES + 1))
    assert [entries] == await list_pages(client, guild, route, key, limit=1000)
    if route == "channels":
        assert [(entry["id"], entry["value"]) for entry in entries] == sorted(
            ((str(number), number % 7 + 1) for number in range(1, ENTRIES + 1)), key=lambda row: (-row[1], int(row[0]))
        )


async def test_pages_of_rounded_and_distinct_values_contain_every_entry_once(client, guild: int, make_key: KeyFactory):
    key = await make_key(guild)
    for metric, expected in (("voice_minutes", ENTRIES - 1), ("active_members", ENTRIES)):
        pages = await list_pages(client, guild, "channels", key, metric=metric, limit=100)
        ids = [entry["id"] for page in pages for entry in page]
        assert len(ids) == len(set(ids)) == expected, "one channel has less than half a minute"


async def test_cursor_of_another_ranking_is_refused(client, guild: int, make_key: KeyFactory):
    headers = {"Authorization": f"Bearer {await make_key(guild)}"}
    url = f"/api/guilds/{guild}/top/channels"
    cursor = (await client.get(url, params=WINDOW | {"limit": 5}, headers=headers)).json()["next_cursor"]
    for params in (
        WINDOW | {"cursor": cursor, "metric": "voice_minutes"},
        {"cursor": cursor},
        WINDOW | {"cursor": cursor, "timezone": "Asia/Tokyo"},
        WINDOW | {"cursor": cursor[:-4]},
        WINDOW | {"cursor": "WyIiLC0xLDAsMCwwXQ"},
        WINDOW | {"cursor": cursor[::-1]},
    ):
        response = await client.get(url, params=params, headers=headers)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "cursor")
    other = await client.get(f"/api/guilds/{guild}/top/members", params=WINDOW | {"cursor": cursor}, headers=headers)
    assert other.status_code == 400


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1.5"])
async def test_limit_is_checked(client, guild: int, make_key: KeyFactory, limit):
    headers = {"Authorization": f"Bearer {await make_key(guild)}"}
    response = await client.get(f"/api/guilds/{guild}/top/channels", params={"limit": limit}, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "limit")


async def test_cursor_keeps_its_etag_and_does_not_reveal_the_member(client, guild: int, make_key: KeyFactory):
    headers = {"Authorization": f"Bearer {await make_key(guild, [Scope.STATS, Scope.MEMBERS])}"}
    url = f"/api/guilds/{guild}/top/members"
    first = await client.get(url, params=WINDOW | {"limit": 2}, headers=headers)
    assert all(item["id"].startswith("m_") for item in first.json()["items"])
    cursor = first.json()["next_cursor"]
    with pytest.raises(ValueError):  # not text, let alone a list of numbers
        json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    other = await client.get(url, params=WINDOW | {"limit": 2, "cursor": cursor}, headers=headers)
    assert {item["id"] for item in other.json()["items"]}.isdisjoint(item["id"] for item in first.json()["items"])
    again = await client.get(
        url, params=WINDOW | {"limit": 2}, headers=headers | {"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
