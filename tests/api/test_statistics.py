"""The statistics routes return exact numbers in the shapes of the OpenAPI document."""

from datetime import date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import httpx
import pytest
from jsonschema import Draft202012Validator

from herwa_api.schemas.requests import ChannelMetric, HourMetric, MemberMetric
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, HEATMAP_METRICS, MEMBER_METRICS, Metric
from herwa_shared.clock import utc_now
from herwa_shared.services.growth_estimates import save_growth
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import (
    EventRow,
    add_channel,
    add_guild,
    add_imported_period,
    add_member,
    add_ticket,
    insert_events,
    make_utc,
)

MARCH = {"from": "2025-03-01", "to": "2025-03-04"}


class ValidatingApiClient:
    """An API client of one guild that validates every response against the OpenAPI document."""

    def __init__(self, client: httpx.AsyncClient, guild_id: int, key: str) -> None:
        self._client = client
        self.guild_id = guild_id
        self._headers = {"Authorization": f"Bearer {key}"}

    async def get(self, path: str, **parameters) -> dict:
        response = await self._client.get(
            f"/api/guilds/{self.guild_id}/{path}", params=parameters, headers=self._headers
        )
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        body = response.json()
        await self._validate_body(path, body)
        return body

    async def get_refusal(self, path: str, **parameters) -> tuple[int, dict]:
        """Request a path that must fail; return the status and the problem."""
        response = await self._client.get(
            f"/api/guilds/{self.guild_id}/{path}", params=parameters, headers=self._headers
        )
        assert response.headers["content-type"] == "application/problem+json"
        return response.status_code, response.json()

    async def _validate_body(self, path: str, body: dict) -> None:
        document = (await self._client.get("/api/openapi.json")).json()
        operation = document["paths"][f"/api/guilds/{{guild_id}}/{path}"]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(body)


@pytest.fixture
async def api(client: httpx.AsyncClient, stores: Stores, make_key: KeyFactory) -> ValidatingApiClient:
    guild_id = await add_guild(stores)
    return ValidatingApiClient(client, guild_id, await make_key(guild_id))


async def test_stats_match_the_documented_shape(api: ValidatingApiClient, stores: Stores):
    await insert_events(
        stores,
        api.guild_id,
        [EventRow(make_utc(2025, 3, 1, 14, 59)), EventRow(make_utc(2025, 3, 1, 15)), EventRow(make_utc(2025, 3, 3), 8)],
    )
    await add_imported_period(stores, api.guild_id, make_utc(2025, 2, 1), make_utc(2025, 4, 1))

    assert await api.get("stats", metric="messages", timezone="Asia/Tokyo", **MARCH) == {
        "guild_id": str(api.guild_id),
        "metric": "messages",
        "from": "2025-03-01T00:00:00+09:00",
        "to": "2025-03-04T00:00:00+09:00",
        "interval": "day",
        "timezone": "Asia/Tokyo",
        "total": 3,
        "points": [
            {"t": "2025-03-01T00:00:00+09:00", "value": 1},
            {"t": "2025-03-02T00:00:00+09:00", "value": 1},
            {"t": "2025-03-03T00:00:00+09:00", "value": 1},
        ],
    }
    active = await api.get("stats", metric="active_members", timezone="Asia/Tokyo", **MARCH)
    assert active["total"] == 2
    assert [point["value"] for point in active["points"]] == [1, 1, 1]


async def test_uncounted_days_are_null_silent_days_are_0_and_incomplete_days_are_partial(
    api: ValidatingApiClient, stores: Stores
):
    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 3, 3, 20))])
    await add_imported_period(stores, api.guild_id, make_utc(2025, 3, 2), make_utc(2025, 3, 3, 12))

    points = (await api.get("stats", **MARCH))["points"]

    assert points == [
        {"t": "2025-03-01T00:00:00+00:00", "value": None},
        {"t": "2025-03-02T00:00:00+00:00", "value": 0},
        {"t": "2025-03-03T00:00:00+00:00", "value": 1, "partial": True},
    ]


async def test_week_bucket_starts_on_monday_before_the_window(api: ValidatingApiClient, stores: Stores):
    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 2, 24)), EventRow(make_utc(2025, 3, 1))])

    body = await api.get("stats", interval="week", **MARCH)

    assert [(point["t"], point["value"]) for point in body["points"]] == [
        ("2025-02-24T00:00:00+00:00", 1),
        ("2025-03-03T00:00:00+00:00", None),
    ]


async def test_comparison_returns_the_previous_window_or_last_year(api: ValidatingApiClient, stores: Stores):
    moments = [make_utc(2025, 3, 1), make_utc(2025, 2, 26), make_utc(2025, 2, 28, 23), make_utc(2024, 3, 3)]
    await insert_events(stores, api.guild_id, [EventRow(moment) for moment in moments])

    previous = (await api.get("stats", compare="previous", **MARCH))["compare"]
    year = (await api.get("stats", compare="year", **MARCH))["compare"]

    assert (previous["from"], previous["to"], previous["total"]) == (
        "2025-02-26T00:00:00+00:00",
        "2025-03-01T00:00:00+00:00",
        2,
    )
    assert [point["value"] for point in previous["points"]] == [1, None, 1]
    assert (year["from"], year["to"], year["total"]) == ("2024-03-01T00:00:00+00:00", "2024-03-04T00:00:00+00:00", 1)


async def test_comparison_contains_the_change_and_its_base(api: ValidatingApiClient, stores: Stores):
    moments = [make_utc(2025, 3, 1), make_utc(2025, 2, 26), make_utc(2025, 2, 28, 23)]
    await insert_events(stores, api.guild_id, [EventRow(moment) for moment in moments])

    assert (await api.get("stats", compare="previous", **MARCH))["compare"]["change"] is None

    await add_imported_period(stores, api.guild_id, make_utc(2025, 2, 1), make_utc(2025, 4, 1))

    assert (await api.get("stats", compare="previous", **MARCH))["compare"]["change"] == {
        "value": 1,
        "base": 2,
        "difference": -1,
        "ratio": None,
        "to": "2025-03-04T00:00:00+00:00",
        "base_to": "2025-03-01T00:00:00+00:00",
    }


async def test_current_interval_is_marked_and_future_intervals_are_left_out(api: ValidatingApiClient, stores: Stores):
    now = utc_now()
    await add_imported_period(stores, api.guild_id, now - timedelta(days=5), now)
    window = {"from": (now - timedelta(days=1)).date(), "to": (now + timedelta(days=3)).date()}

    points = (await api.get("stats", **window))["points"]

    assert [(point["value"], point.get("current")) for point in points] == [(0, None), (0, True)]


async def test_default_window_is_the_last_30_days_in_the_guild_timezone(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores, timezone="Pacific/Auckland")
    body = await ValidatingApiClient(client, guild_id, await make_key(guild_id)).get("stats")

    zone = ZoneInfo("Pacific/Auckland")
    first, end = datetime.fromisoformat(body["from"]), datetime.fromisoformat(body["to"])
    assert body["timezone"] == "Pacific/Auckland"
    assert len(body["points"]) == 30
    assert (first.hour, end.hour) == (0, 0)
    assert end - timedelta(days=1) <= utc_now().astimezone(zone) < end


async def test_channel_filter_counts_only_that_channel(api: ValidatingApiClient, stores: Stores):
    tea, silent = [await add_channel(stores, api.guild_id, name) for name in ("tea", "silent")]
    await insert_events(
        stores, api.guild_id, [EventRow(make_utc(2025, 3, 1), channel=tea), EventRow(make_utc(2025, 3, 1), channel=5)]
    )

    assert (await api.get("stats", channel_id=str(tea), **MARCH))["total"] == 1
    assert (await api.get("stats", channel_id=str(silent), **MARCH))["total"] == 0
    assert (await api.get("stats", channel_id="5", **MARCH))["total"] == 1


async def test_thread_or_unknown_channel_is_an_error(api: ValidatingApiClient, stores: Stores):
    other_guild = await add_guild(stores)
    tea = await add_channel(stores, api.guild_id, "tea")
    thread = await add_channel(stores, api.guild_id, "green", kind=11, parent_id=tea)
    foreign = await add_channel(stores, other_guild, "foreign")

    status, problem = await api.get_refusal("stats", channel_id=str(thread), **MARCH)
    assert (status, [error["field"] for error in problem["errors"]]) == (400, ["channel_id"])
    assert str(tea) in problem["detail"]
    assert (await api.get_refusal("stats", channel_id="6", **MARCH))[0] == 404
    assert (await api.get_refusal("stats", channel_id=str(foreign), **MARCH))[0] == 404


async def test_rankings_return_ids_as_strings_and_known_names(api: ValidatingApiClient, stores: Stores):
    tea = await add_channel(stores, api.guild_id, "tea ☕")
    await add_member(stores, api.guild_id, 11, "Ada")
    moment = make_utc(2025, 3, 1)
    await insert_events(
        stores, api.guild_id, [EventRow(moment, 11, tea), EventRow(moment, 11, tea), EventRow(moment, 12, 5)]
    )

    assert await api.get("top/channels", **MARCH) == {
        "items": [{"id": str(tea), "name": "tea ☕", "value": 2}, {"id": "5", "name": None, "value": 1}]
    }
    assert (await api.get("top/members", limit=1, **MARCH))["items"] == [{"id": "11", "name": "Ada", "value": 2}]
    by_members = await api.get("top/channels", metric="active_members", **MARCH)
    assert [item["id"] for item in by_members["items"]] == ["5", str(tea)]


async def test_heatmap_covers_every_hour_of_the_week(api: ValidatingApiClient, stores: Stores):
    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 3, 1, 23))])

    cells = (await api.get("heatmap", timezone="Asia/Tokyo", **MARCH))["cells"]

    assert len(cells) == 168
    assert [cell for cell in cells if cell["value"]] == [{"weekday": 7, "hour": 8, "value": 1}]


async def test_hours_of_the_week_without_data_are_null(api: ValidatingApiClient, stores: Stores):
    await add_imported_period(stores, api.guild_id, make_utc(2025, 3, 1), make_utc(2025, 3, 2, 6))

    cells = (await api.get("heatmap", **MARCH))["cells"]

    recorded = [(cell["weekday"], cell["hour"]) for cell in cells if cell["value"] == 0]
    assert recorded == [(6, hour) for hour in range(24)] + [(7, hour) for hour in range(6)]
    assert sum(cell["value"] is None for cell in cells) == 168 - 30


async def test_every_metric_matches_the_documented_shape(api: ValidatingApiClient, stores: Stores):
    day = make_utc(2025, 3, 1, 12)
    kinds = ("message", "voice", "join", "leave", "member_count", "reaction", "thread", "command", "command_denied")
    await insert_events(stores, api.guild_id, [EventRow(day, 11, 5, kind, 3600) for kind in kinds])

    await add_ticket(stores, api.guild_id, day, seconds=90.9)

    totals = {metric: (await api.get("stats", metric=metric, **MARCH))["total"] for metric in Metric}

    assert totals == dict.fromkeys(Metric, 1) | {
        "voice_minutes": 60,
        "members": 3600,
        "first_response_seconds": 90,
    }


async def test_member_count_is_null_without_samples(api: ValidatingApiClient, stores: Stores):
    await add_imported_period(stores, api.guild_id, make_utc(2025, 2, 1), make_utc(2025, 4, 1))

    body = await api.get("stats", metric="members", compare="previous", **MARCH)

    assert (body["total"], body["compare"]["total"]) == (None, None)
    assert [point["value"] for point in body["points"]] == [None] * 3


async def test_members_before_the_first_sample_are_marked_as_estimates(api: ValidatingApiClient, stores: Stores):
    async with stores.database.transaction() as session:
        joined = {date(2025, 2, 20): 10, date(2025, 3, 1): 2}
        await save_growth(session, guild_id=api.guild_id, joined_by_day=joined, listed_at=make_utc(2025, 3, 3, 12))
    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 3, 3, 11), 0, 0, "member_count", 15)])

    body = await api.get("stats", metric="members", compare="previous", **MARCH)

    assert body["points"] == [
        {"t": "2025-03-01T00:00:00+00:00", "value": 12, "estimated": True},
        {"t": "2025-03-02T00:00:00+00:00", "value": 12, "estimated": True},
        {"t": "2025-03-03T00:00:00+00:00", "value": 15},
    ]
    assert body["total"] == 15
    assert "estimated" not in body
    assert (body["compare"]["total"], body["compare"]["estimated"]) == (10, True)
    assert body["compare"]["change"] is None


async def test_rankings_and_heatmap_accept_other_metrics(api: ValidatingApiClient, stores: Stores):
    voice_events = [
        EventRow(make_utc(2025, 3, 1, 20), user, channel, "voice", 90) for user, channel in [(1, 5), (1, 5), (2, 6)]
    ]
    await insert_events(stores, api.guild_id, [*voice_events, EventRow(make_utc(2025, 3, 1, 20), 0, 6, "thread")])
    voice = {"metric": "voice_minutes", **MARCH}

    assert [(item["id"], item["value"]) for item in (await api.get("top/members", **voice))["items"]] == [
        ("1", 3),
        ("2", 2),
    ]
    assert [(item["id"], item["value"]) for item in (await api.get("top/channels", **voice))["items"]] == [
        ("5", 3),
        ("6", 2),
    ]
    cells = (await api.get("heatmap", **voice))["cells"]
    assert [cell for cell in cells if cell["value"]] == [{"weekday": 6, "hour": 20, "value": 5}]
    threads = {"metric": "threads", **MARCH}
    assert (await api.get("top/members", **threads))["items"] == [], "the opener of a thread is not known"
    assert (await api.get("top/channels", **threads))["items"] == [{"id": "6", "name": None, "value": 1}]


@pytest.mark.parametrize(
    ("documented", "possible"),
    [(ChannelMetric, CHANNEL_METRICS), (MemberMetric, MEMBER_METRICS), (HourMetric, HEATMAP_METRICS)],
)
def test_documented_metrics_are_the_supported_metrics(documented, possible):
    assert get_args(documented) == possible


async def test_old_data_in_a_half_hour_timezone_is_approximate(api: ValidatingApiClient, stores: Stores):
    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 3, 1, 18, 45))])
    kolkata = {"timezone": "Asia/Kolkata", **MARCH}

    day = await api.get("stats", compare="previous", **kolkata)
    assert (day["approximate"], day["compare"]["approximate"]) == (True, True)
    assert [point["value"] for point in day["points"]] == [1, None, None]
    assert (await api.get("top/channels", **kolkata))["approximate"] is True
    assert (await api.get("heatmap", **kolkata))["approximate"] is True


async def test_recent_data_in_a_half_hour_timezone_is_exact(api: ValidatingApiClient, stores: Stores):
    midnight = (utc_now() - timedelta(days=5)).replace(hour=18, minute=30, second=0, microsecond=0)
    just_before = midnight - timedelta(milliseconds=1)
    await insert_events(stores, api.guild_id, [EventRow(just_before), EventRow(midnight), EventRow(midnight)])

    window = {"from": (midnight - timedelta(days=1)).isoformat(), "to": (midnight + timedelta(days=1)).isoformat()}
    body = await api.get("stats", timezone="Asia/Kolkata", **window)

    assert "approximate" not in body
    assert [point["value"] for point in body["points"]] == [1, 2]


async def test_every_id_survives_as_a_string(client, stores: Stores, api: ValidatingApiClient):
    huge = (1 << 63) - 25
    await insert_events(stores, api.guild_id, [EventRow(make_utc(2025, 3, 1), user=huge, channel=huge - 2)])

    assert (await api.get("top/members", **MARCH))["items"][0]["id"] == str(huge)
    assert (await api.get("top/channels", **MARCH))["items"][0]["id"] == str(huge - 2)


@pytest.mark.parametrize(
    ("path", "parameters", "field", "valid_values"),
    [
        ("stats", {"from": "1 March"}, "from", ["2025-03-01"]),
        ("stats", {"to": ""}, "to", ["2025-03-01"]),
        ("stats", {"from": "2025-02-30"}, "from", ["2025-03-01"]),
        ("stats", {"from": "0001-01-01"}, "from", ["1971", "2099"]),
        ("stats", {"from": "2025-03-04", "to": "2025-03-01"}, "from", ["2025-03-04", "2025-03-01"]),
        ("stats", {"timezone": "Europe/Berlinn"}, "timezone", ["Europe/Berlin,"]),
        ("stats", {"timezone": "../../etc/passwd"}, "timezone", []),
        ("stats", {"interval": "year"}, "interval", ["hour", "day", "week", "month"]),
        ("stats", {"metric": "mesages"}, "metric", list(Metric)),
        ("stats", {"compare": "next"}, "compare", ["previous", "year"]),
        ("stats", {"channel_id": "general"}, "channel_id", []),
        ("stats", {"channel_id": "9" * 19}, "channel_id", []),
        ("stats", {"form": "2025-03-01"}, "form", ["from", "to", "timezone", "channel_id", "metric", "interval"]),
        ("stats", {"from": "2015-01-01", "interval": "hour", "to": "2025-01-01"}, "interval", ["50,000", "day"]),
        ("top/channels", {"limit": "0"}, "limit", ["1"]),
        ("top/channels", {"limit": "1001"}, "limit", ["1000"]),
        ("top/members", {"metric": "active_members"}, "metric", ["messages", "voice_minutes", "reactions", "threads"]),
        ("top/channels", {"metric": "joins"}, "metric", ["messages", "active_members"]),
        ("heatmap", {"interval": "day"}, "interval", ["channel_id", "metric"]),
        ("heatmap", {"metric": "members"}, "metric", ["messages", "joins"]),
        ("heatmap", {"metric": "joins", "channel_id": "7"}, "metric", ["messages", "threads"]),
        ("stats", {"metric": "joins", "channel_id": "7"}, "metric", ["messages", "threads"]),
    ],
)
async def test_wrong_parameter_is_refused_with_its_name_and_valid_values(
    api: ValidatingApiClient, path, parameters, field, valid_values
):
    status, problem = await api.get_refusal(path, **parameters)

    assert (status, problem["code"], [error["field"] for error in problem["errors"]]) == (400, "bad_request", [field])
    assert [value for value in valid_values if value not in problem["detail"]] == []


async def test_utc_offset_with_its_plus_decoded_as_a_space_is_accepted(api: ValidatingApiClient):
    body = await api.get("stats", **{"from": "2025-03-01T00:00:00 09:00", "to": "2025-03-02"}, timezone="Asia/Tokyo")

    assert body["from"] == "2025-03-01T00:00:00+09:00"
