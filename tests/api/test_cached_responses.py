"""Bodies are cached until the data changes; a client with the current body gets 304, after authentication."""

import httpx
import pytest

from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, Metric
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.api.test_statistics import MARCH, ValidatingApiClient
from tests.support.row_factories import EventRow, add_channel, add_guild, add_imported_period, insert_events, make_utc
from tests.support.waiting import wait_until

EVENTS = [
    EventRow(make_utc(2025, 2, 27, 9), 7),
    EventRow(make_utc(2025, 3, 1, 14), 7),
    EventRow(make_utc(2025, 3, 2, 15), 8),
    EventRow(make_utc(2025, 3, 2, 16), 8, kind="join"),
    EventRow(make_utc(2025, 3, 2, 17), 9, kind="voice", value=600),
    EventRow(make_utc(2025, 3, 3, 12), 0, kind="member_count", value=31),
]


@pytest.fixture
async def api(client: httpx.AsyncClient, stores: Stores, make_key: KeyFactory) -> ValidatingApiClient:
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, make_utc(2025, 2, 1), make_utc(2025, 4, 1))
    await insert_events(stores, guild_id, EVENTS)
    return ValidatingApiClient(client, guild_id, await make_key(guild_id))


@pytest.fixture
def authorization(api: ValidatingApiClient) -> dict[str, str]:
    return dict(api._headers)


@pytest.mark.parametrize("route", ["stats", "top/channels", "top/members", "heatmap"])
async def test_client_with_the_current_body_gets_304_until_the_data_changes(api, client, stores, authorization, route):
    path = f"/api/guilds/{api.guild_id}/{route}"
    first = await client.get(path, params=MARCH, headers=authorization)
    etag = first.headers["ETag"]
    conditional = {**authorization, "If-None-Match": f'"other", W/{etag}'}
    unchanged = await client.get(path, params=MARCH, headers=conditional)
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", etag)
    assert first.headers["Cache-Control"] == unchanged.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in unchanged.headers["Vary"]

    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 3, 2, 18), 9)])

    async def has_changed() -> bool:
        return (await client.get(path, params=MARCH, headers=conditional)).status_code == 200

    await wait_until(has_changed)
    changed = await client.get(path, params=MARCH, headers=conditional)
    assert changed.headers["ETag"] != etag
    assert changed.json() != first.json()


async def test_unknown_key_gets_no_304(client, stores, make_key):
    guild_id = await add_guild(stores)
    authorization = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    path = f"/api/guilds/{guild_id}/stats"
    etag = (await client.get(path, params=MARCH, headers=authorization)).headers["ETag"]
    bogus = {"Authorization": "Bearer sk_live_bogus", "If-None-Match": etag}
    response = await client.get(path, params=MARCH, headers=bogus)
    assert response.status_code == 401
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in response.headers


@pytest.mark.parametrize("parameters", [{}, {"compare": "previous"}, {"interval": "hour", "timezone": "Asia/Tokyo"}])
async def test_several_metrics_equal_the_single_ones(api, parameters):
    parameters = {**MARCH, **parameters}
    body = await api.get("stats", metric=",".join(Metric), **parameters)
    singles = [await api.get("stats", metric=metric, **parameters) for metric in Metric]
    shared = {"guild_id", "interval", "timezone"}
    assert body["series"] == [
        {name: value for name, value in single.items() if name not in shared} for single in singles
    ]
    assert {name: body[name] for name in shared} == {name: singles[0][name] for name in shared}
    assert [series["total"] for series in body["series"] if series["metric"] in ("messages", "joins", "members")] == [
        2,
        1,
        31,
    ]


async def test_several_metrics_of_a_channel_equal_the_single_ones(api, stores):
    channel_id = await add_channel(stores, api.guild_id, "tea")
    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 3, 2, 18), 9, channel_id)])
    parameters = {**MARCH, "channel_id": str(channel_id)}
    body = await api.get("stats", metric=",".join(CHANNEL_METRICS), **parameters)
    assert [series["total"] for series in body["series"]][:2] == [1, 1]
    for series in body["series"]:
        assert (await api.get("stats", metric=series["metric"], **parameters))["points"] == series["points"]


@pytest.mark.parametrize("metric", ["messages,", "messages,messages", "messages,mesages", ",", "", "messages joins"])
async def test_other_lists_of_metrics_are_refused(api, metric):
    status, problem = await api.get_refusal("stats", metric=metric, **MARCH)
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == ["metric"]


async def test_several_metrics_are_refused_where_one_has_no_channels(api):
    status, problem = await api.get_refusal("stats", metric="messages,joins", channel_id="1", **MARCH)
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == ["metric"]
