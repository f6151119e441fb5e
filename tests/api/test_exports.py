"""Exports over HTTP: create once, watch, pause, and download with a link that only its owner can use."""

import io
import json
import zipfile
from datetime import timedelta

import httpx
import pytest

import herwa_api.routers.exports as routes
from herwa_shared.catalog import FeatureKey, Scope
from herwa_shared.clock import utc_now
from herwa_shared.exports.files import open_export_folder
from herwa_shared.exports.runner import ExportRunner
from herwa_shared.models import ExportJob
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.services.audit import SYSTEM, list_entries
from herwa_shared.services.subscriptions import grant, revoke
from tests.support.export_factory import add_finished_export
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import EventRow, add_member, insert_events
from tests.support.waiting import wait_until

SUMMARIES = {"data": ["summaries"]}
EVERYTHING = {"data": ["messages", "voice"], "format": "parquet", "members": True}
MEMBER = 1_000_000_000_000_000_313


@pytest.fixture
async def guild(stores, server, saved_server):
    """A guild with messages of two days, and the tier of history exports."""
    now = utc_now()
    await insert_events(
        stores,
        server.id,
        [EventRow(now - timedelta(days=day, minutes=n), MEMBER) for day in (2, 40) for n in range(50)],
    )
    return server.id


async def set_premium(stores, policies, guild_id: int, *, on: bool) -> None:
    async with stores.database.transaction() as session:
        if on:
            await grant(session, guild_id=guild_id, tier="premium", reason="", actor=SYSTEM)
        else:
            await revoke(session, guild_id=guild_id, reason="", actor=SYSTEM)

    async def is_known() -> bool:
        return (FeatureKey.EXPORT_HISTORY in (await policies.get(guild_id)).entitlement.features) == on

    await wait_until(is_known)


class ExportClient:
    """Requests about the exports of one guild, by one key or session."""

    def __init__(self, http: httpx.AsyncClient, guild_id: int, headers: dict[str, str]) -> None:
        self.http, self.path, self.headers = http, f"/api/guilds/{guild_id}/exports", headers
        self.events_path = f"/api/guilds/{guild_id}/export-events"

    async def send(self, method: str, path: str = "", **options) -> httpx.Response:
        headers = self.headers | options.pop("headers", {})
        return await self.http.request(method, f"{self.path}{path}", headers=headers, **options)

    async def list_events(self, **params: object) -> httpx.Response:
        return await self.http.get(self.events_path, params=params, headers=self.headers)

    async def get_file(self, url: str, **headers: str) -> httpx.Response:
        return await self.http.get(url, headers=self.headers | headers)


@pytest.fixture
def runner(stores, settings) -> ExportRunner:
    return ExportRunner(stores.database, stores.clickhouse_writer, open_export_folder(settings))


@pytest.fixture
async def key_client(client, guild, make_key) -> ExportClient:
    return ExportClient(client, guild, {"Authorization": f"Bearer {await make_key(guild)}"})


@pytest.fixture
async def user_client(browser, guild, server) -> ExportClient:
    await browser.log_in(server.manager)
    return ExportClient(browser.herwa, guild, {"Origin": browser.settings.origin})


@pytest.fixture
async def other_server(stores, discord) -> ManagedServer:
    """Another server, with a manager who has no role in the first one."""
    other = ManagedServer(discord.client)
    await save_server(stores, other)
    return other


async def create(client: ExportClient, body: dict = SUMMARIES, **options) -> dict:
    response = await client.send("POST", json=body, **options)
    assert response.status_code == 201, response.text
    return response.json()


async def finish(client: ExportClient, runner: ExportRunner, export_id: str) -> dict:
    async def is_ready() -> bool:
        await runner.run_step()
        return (await client.send("GET", f"/{export_id}")).json()["state"] == "ready"

    await wait_until(is_ready, timeout_seconds=30)
    return (await client.send("GET", f"/{export_id}")).json()


async def create_link(client: ExportClient, export_id: str) -> str:
    response = await client.send("POST", f"/{export_id}/link")
    assert response.status_code == 200, response.text
    return response.json()["url"]


async def test_summaries_are_downloaded_with_a_link_in_ranges(key_client, runner, tmp_path):
    export = await create(key_client)
    assert (export["state"], export["data"], export["format"]) == ("queued", ["summaries"], "csv")
    ready = await finish(key_client, runner, export["id"])
    url = await create_link(key_client, export["id"])
    response = await key_client.get_file(url)
    assert response.status_code == 200
    assert len(response.content) == ready["bytes"] == int(response.headers["content-length"])
    assert response.headers["etag"] == ready["etag"]
    assert response.headers["cache-control"] == "private, no-cache"
    assert response.headers["content-disposition"].startswith("attachment; filename=")
    (tmp_path / "file.zip").write_bytes(response.content)
    with zipfile.ZipFile(tmp_path / "file.zip") as archive:
        assert any(name.startswith("summaries/summaries_hours-") for name in archive.namelist())

    rest = await key_client.get_file(url, Range="bytes=100-", **{"If-Range": response.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, response.content[100:])
    other = await key_client.get_file(url, Range="bytes=100-", **{"If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, response.content)
    behind = await key_client.get_file(url, Range=f"bytes={ready['bytes']}-")
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{ready['bytes']}")
    part = await key_client.get_file(url, Range="bytes=10-19")
    assert (part.content, part.headers["content-length"]) == (response.content[10:20], "10")
    assert part.headers["content-range"] == f"bytes 10-19/{ready['bytes']}"
    last = await key_client.get_file(url, Range="bytes=-30")
    assert (last.status_code, last.content) == (206, response.content[-30:])
    several = await key_client.get_file(url, Range="bytes=0-1,5-6")
    assert (several.status_code, several.content) == (200, response.content)


async def test_file_is_unknown_to_everyone_but_the_owner_of_the_link(
    key_client, user_client, runner, make_key, other_browser, server, other_server, monkeypatch
):
    client, guild = key_client.http, server.id
    export = await create(key_client)
    await finish(key_client, runner, export["id"])
    url = await create_link(key_client, export["id"])
    token = url.partition("link=")[2]
    expected = await client.get(f"{key_client.path}/{export['id']}/file", headers=key_client.headers)
    assert expected.status_code == 404

    async def assert_unknown(http, file_url, headers) -> None:
        response = await http.get(file_url, headers=headers)
        assert response.status_code == 404, file_url
        assert response.headers["content-type"] == "application/problem+json"
        assert set(response.json()) == set(expected.json())

    other_key = {"Authorization": f"Bearer {await make_key(guild)}"}
    without_scope = {"Authorization": f"Bearer {await make_key(guild, [Scope.STATS])}"}
    await assert_unknown(client, url, other_key)
    await assert_unknown(client, url, without_scope)
    await assert_unknown(user_client.http, url, {})
    await other_browser.log_in(server.member)
    await assert_unknown(other_browser.herwa, url, {})
    await other_browser.log_in(other_server.manager)
    await assert_unknown(other_browser.herwa, url, {})
    await assert_unknown(other_browser.herwa, url.replace(str(guild), str(other_server.id)), {})
    await assert_unknown(client, url.replace(str(guild), str(other_server.id)), key_client.headers)
    for path in (f"/{export['id']}7/file", "/..%2f..%2fetc/file", f"/{export['id']}/file/..%2f..%2fx"):
        await assert_unknown(client, f"{key_client.path}{path}?link={token}", key_client.headers)
    await assert_unknown(client, f"{url[:-20]}{'B' if url[-20] == 'A' else 'A'}{url[-19:]}", key_client.headers)
    monkeypatch.setattr(routes, "utc_now", lambda: utc_now() + timedelta(minutes=10, seconds=1))
    await assert_unknown(client, url, key_client.headers)


async def test_download_that_does_not_begin_with_the_first_byte_is_audited_once(key_client, runner, guild, stores):
    async def count_downloads() -> int:
        async with stores.database.transaction() as session:
            entries = await list_entries(session, guild_id=guild)
        return sum(entry.action == "export.download" for entry in entries)

    export = await create(key_client)
    ready = await finish(key_client, runner, export["id"])
    url = await create_link(key_client, export["id"])
    assert (await key_client.get_file(url, Range=f"bytes={ready['bytes']}-")).status_code == 416
    assert await count_downloads() == 0, "nothing was sent"
    for value in ("bytes=1-", "bytes=100-199", "bytes=-5"):
        assert (await key_client.get_file(url, Range=value)).status_code == 206
        assert await count_downloads() == 1
    for number, headers in enumerate(
        ({"Range": "bytes=5-6,0-1"}, {"Range": "bytes=9-8"}, {"Range": "bytes=7-", "If-Range": '"other"'}), start=2
    ):
        assert len((await key_client.get_file(url, **headers)).content) == ready["bytes"]
        assert await count_downloads() == number, "the whole file was sent"


async def test_session_downloads_with_its_own_link_and_another_session_cannot(
    user_client, other_browser, server, runner, guild, stores
):
    export = await create(user_client)
    await finish(user_client, runner, export["id"])
    url = await create_link(user_client, export["id"])
    assert (await user_client.get_file(url)).status_code == 200
    assert (await user_client.get_file(url, Range="bytes=5-9")).status_code == 206
    await other_browser.log_in(server.manager)
    assert (await other_browser.herwa.get(url)).status_code == 404
    again = await create_link(ExportClient(other_browser.herwa, guild, user_client.headers), export["id"])
    assert (await other_browser.herwa.get(again)).status_code == 200
    async with stores.database.transaction() as session:
        entries = await list_entries(session, guild_id=guild, limit=10)
    assert [entry.action for entry in reversed(entries)] == ["export.create", "export.download", "export.download"]
    assert {entry.actor.user_id for entry in entries} == {server.manager}


async def test_repeated_request_creates_one_export(key_client, stores, guild):
    headers = {"Idempotency-Key": "once"}
    first = await create(key_client, headers=headers)
    second = await create(key_client, headers=headers)
    assert first == second
    listed = (await key_client.send("GET")).json()["items"]
    assert [item["id"] for item in listed] == [first["id"]]


async def test_exports_are_listed_in_pages(key_client):
    ids = [(await create(key_client))["id"] for _ in range(3)]
    first = (await key_client.send("GET", params={"limit": 2})).json()
    second = (await key_client.send("GET", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in (*first["items"], *second["items"])] == ids[::-1]
    assert "next_cursor" not in second


async def test_history_is_refused_and_previewed_without_premium(key_client, stores, policies, guild, runner):
    refused = await key_client.send("POST", json=EVERYTHING)
    assert (refused.status_code, refused.json()["reason"]) == (403, "tier")
    preview = (await key_client.send("POST", json=EVERYTHING, params={"dry_run": "true"})).json()
    assert (preview["included"], preview["estimated_rows"], preview["parts"]) == (False, 100, 2)
    assert preview["reason"]
    await set_premium(stores, policies, guild, on=True)
    export = await create(key_client, EVERYTHING)
    ready = await finish(key_client, runner, export["id"])
    assert ready["rows"] == 100
    await set_premium(stores, policies, guild, on=False)
    assert (await key_client.send("POST", f"/{export['id']}/link")).status_code == 403
    assert (await key_client.send("POST", json=EVERYTHING)).status_code == 403
    await create(key_client)


async def test_key_without_the_scope_for_members_exports_none(client, guild, make_key, stores, policies):
    await set_premium(stores, policies, guild, on=True)
    scopes = [Scope.STATS, Scope.EXPORTS]
    limited = ExportClient(client, guild, {"Authorization": f"Bearer {await make_key(guild, scopes)}"})
    refused = await limited.send("POST", json=EVERYTHING)
    assert (refused.status_code, refused.json()["reason"]) == (403, "scope")
    await create(limited, EVERYTHING | {"members": False})


async def test_key_without_the_scope_for_ids_exports_its_own_pseudonyms(
    client, guild, make_key, stores, policies, runner, server, user_client
):
    await set_premium(stores, policies, guild, on=True)
    await add_member(stores, guild, MEMBER, "Grace the Writer")
    scopes = [Scope.STATS, Scope.EXPORTS, Scope.MEMBERS]
    seen: list[set[str]] = []
    for _ in range(2):
        headers = {"Authorization": f"Bearer {await make_key(guild, scopes)}"}
        limited = ExportClient(client, guild, headers)
        body = {"data": ["messages", "voice", "members", "server", "commands"], "format": "jsonl", "members": True}
        export = await create(limited, body)
        assert (export["members"], export["pseudonyms"]) == (True, True)
        ready = await finish(limited, runner, export["id"])
        content = (await limited.get_file(await create_link(limited, export["id"]))).content
        assert not [text for text in (str(MEMBER), "Grace the Writer") if text.encode() in content]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert not [name for name in archive.namelist() if "member_names" in name]
            rows = [json.loads(line) for name in archive.namelist() if "/" in name for line in archive.open(name)]
        assert len(rows) == ready["rows"] == 100
        seen.append({row["user_id"] for row in rows})
        ranking = await client.get(f"/api/guilds/{guild}/top/members", params={"limit": 5}, headers=headers)
        assert {item["id"] for item in ranking.json()["items"]} == seen[-1]
    assert not seen[0] & seen[1], "another key sees other pseudonyms"
    by_user = await create(user_client, EVERYTHING)
    assert (by_user["members"], by_user["pseudonyms"]) == (True, False)
    await finish(user_client, runner, by_user["id"])
    content = (await user_client.get_file(await create_link(user_client, by_user["id"]))).content
    assert b"Grace the Writer" in content


async def test_pause_resume_and_cancel(key_client):
    export = await create(key_client)
    paused = await key_client.send("POST", f"/{export['id']}/pause")
    assert paused.json()["state"] == "paused"
    assert (await key_client.send("POST", f"/{export['id']}/pause")).json()["code"] == "export_not_possible"
    assert (await key_client.send("POST", f"/{export['id']}/resume")).json()["state"] == "queued"
    assert (await key_client.send("DELETE", f"/{export['id']}")).json()["state"] == "canceled"
    assert (await key_client.send("POST", f"/{export['id']}/link")).json()["code"] == "export_not_possible"


async def test_file_with_a_member_who_has_just_opted_out_is_not_sent(key_client, stores, policies, guild, runner):
    await set_premium(stores, policies, guild, on=True)
    export = await create(key_client, EVERYTHING)
    await finish(key_client, runner, export["id"])
    url = await create_link(key_client, export["id"])
    assert (await key_client.get_file(url)).status_code == 200
    async with stores.database.transaction() as session:
        await set_opt_out(session, guild_id=guild, user_id=MEMBER, opted_out=True)
    assert (await key_client.get_file(url)).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "data"),
        ({"data": []}, "data"),
        ({"data": ["secrets"]}, "messages"),
        ({**SUMMARIES, "format": "exe"}, "format"),
        ({**SUMMARIES, "from": "soon"}, "from"),
        ({**SUMMARIES, "channel_id": "../1"}, "channel_id"),
        ({**SUMMARIES, "path": "/etc"}, "path"),
    ],
)
async def test_invalid_export_is_refused(key_client, body, field):
    response = await key_client.send("POST", json=body)
    assert response.status_code == 400
    assert field in response.text


async def test_rows_of_the_table_are_not_changed_by_another_key(key_client, client, guild, make_key, stores):
    export = await create(key_client)
    other = ExportClient(client, guild, {"Authorization": f"Bearer {await make_key(guild)}"})
    assert (await other.send("GET")).json()["items"] == []
    for method, path in (("GET", ""), ("POST", "/pause"), ("POST", "/link"), ("DELETE", "")):
        assert (await other.send(method, f"/{export['id']}{path}")).status_code == 404
    async with stores.database.transaction() as session:
        assert (await session.get_one(ExportJob, int(export["id"]))).paused_at is None


async def test_export_belongs_to_the_successors_of_the_key_that_created_it(
    client, guild, user_client, runner, stores, policies
):
    """Every key of a line of rotations sees the exports of the others; a link is only for the key that asked."""
    keys_url = f"/api/guilds/{guild}/keys"

    async def post(path: str, body: dict) -> tuple[str, ExportClient]:
        response = await user_client.http.post(f"{keys_url}{path}", json=body, headers=user_client.headers)
        assert response.status_code == 201, response.text
        new_key = response.json()
        return new_key["details"]["id"], ExportClient(client, guild, {"Authorization": f"Bearer {new_key['key']}"})

    async def list_ids(keys: ExportClient) -> list[str]:
        return [item["id"] for item in (await keys.send("GET")).json()["items"]]

    await set_premium(stores, policies, guild, on=True)
    scopes = [Scope.STATS, Scope.EXPORTS, Scope.MEMBERS]
    first_id, first = await post("", {"name": "exports", "scopes": scopes})
    _, stranger = await post("", {"name": "other", "scopes": scopes})
    body, once = {"data": ["messages"], "format": "jsonl", "members": True}, {"Idempotency-Key": "once"}
    export = await create(first, body, headers=once)
    second_id, _ = await post(f"/{first_id}/rotate", {"overlap_hours": 1})
    third_id, third = await post(f"/{second_id}/rotate", {"overlap_hours": 0})
    assert (await create(third, body, headers=once))["id"] == export["id"], "a repeated request is done once"
    later = await create(third)
    assert await list_ids(first) == await list_ids(third) == [later["id"], export["id"]]
    assert await list_ids(stranger) == []
    assert (await create(stranger, body, headers=once))["id"] not in (export["id"], later["id"])

    assert (await third.send("POST", f"/{export['id']}/pause")).json()["state"] == "paused"
    assert (await third.send("POST", f"/{export['id']}/resume")).json()["state"] == "queued"
    assert (await finish(third, runner, export["id"]))["pseudonyms"] is True
    url = await create_link(third, export["id"])
    file = await third.get_file(url)
    assert file.status_code == 200
    assert (await first.get_file(url)).status_code == 404, "the link is for the key that created it"
    assert (await first.get_file(await create_link(first, export["id"]))).content == file.content
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        rows = [json.loads(line) for name in archive.namelist() if "/" in name for line in archive.open(name)]
    ranking = await client.get(f"/api/guilds/{guild}/top/members", headers=third.headers)
    assert {row["user_id"] for row in rows} == {item["id"] for item in ranking.json()["items"]}

    events = (await third.list_events()).json()["items"]
    assert [event["export_id"] for event in events] == [export["id"]]

    for method, path in (("GET", ""), ("POST", "/pause"), ("POST", "/link"), ("DELETE", "")):
        assert (await stranger.send(method, f"/{export['id']}{path}")).status_code == 404
    assert (await stranger.get_file(url)).status_code == 404
    revoked = await user_client.http.delete(f"{keys_url}/{third_id}", headers=user_client.headers)
    assert revoked.status_code == 200

    async def is_refused() -> bool:
        return (await third.get_file(url)).status_code == 401

    await wait_until(is_refused, timeout_seconds=1)
    assert (await first.send("DELETE", f"/{later['id']}")).json()["state"] == "canceled"


async def test_events_are_listed_in_order_to_those_who_see_the_export(
    key_client, user_client, client, guild, make_key, runner, stores, other_server
):
    mine, by_user = await create(key_client), await create(user_client)
    for export in (mine, by_user):
        await finish(user_client, runner, export["id"])
    await add_finished_export(stores, other_server.id)

    async def load(events: ExportClient, **params) -> dict:
        response = await events.list_events(**params)
        assert response.status_code == 200, response.text
        return response.json()

    listed = (await load(user_client))["items"]
    assert [(event["type"], event["export_id"]) for event in listed] == [
        ("export.ready", mine["id"]),
        ("export.ready", by_user["id"]),
    ]
    assert set(listed[0]) == {"id", "type", "occurred_at", "export_id"}
    first = await load(user_client, limit=1)
    assert first["items"] == listed[:1]
    assert await load(user_client, limit=1, cursor=first["next_cursor"]) == {"items": listed[1:]}
    assert (await load(user_client, after=listed[0]["id"]))["items"] == listed[1:]
    assert (await load(user_client, after=listed[1]["id"]))["items"] == []
    foreign_cursor = await user_client.list_events(after=1, cursor=first["next_cursor"])
    assert foreign_cursor.json()["code"] == "bad_request"

    assert await load(key_client) == {"items": listed[:1]}
    other_key = ExportClient(client, guild, {"Authorization": f"Bearer {await make_key(guild)}"})
    assert await load(other_key) == {"items": []}
    without_scope = {"Authorization": f"Bearer {await make_key(guild, [Scope.STATS])}"}
    assert (await ExportClient(client, guild, without_scope).list_events()).status_code == 403
    assert (await ExportClient(client, other_server.id, key_client.headers).list_events()).status_code == 404
