"""Page, tooltip, picture, bot and API show the same number and the same change, for ten windows of a real history.

The windows of `tests/data/` are moved in time, so that the last message is of yesterday. The expected numbers are counted
here from the file, independently of Herwa.
"""

import csv
import gzip
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from herwa_api.schemas.serializers import serialize_stats
from herwa_shared.analytics.compared_series import query_compared_series
from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.sparklines import query_sparklines
from herwa_shared.charts.formatting import format_int
from herwa_shared.charts.text.changes import format_change
from herwa_shared.charts.text.headline import build_headline
from herwa_shared.charts.text.insights import build_alt_text, list_insights
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.stores import Stores
from herwa_web.pages.guild.queries import load_overview
from herwa_web.pages.guild.view_models import build_kpi_view
from tests.support.expected_numbers import HISTORY_FILE
from tests.support.row_factories import EventRow, add_guild, add_imported_period, insert_events

SUMMER_START, SUMMER_END = datetime(2021, 5, 1, tzinfo=UTC), datetime(2021, 8, 1, tzinfo=UTC)
ZONES = [ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")]
WINDOWS = [  # days of the window, and hours from its last moment back to the present of the test
    (7, 0.0),
    (7, 5.31),
    (7, 36.7),
    (7, 24 * 20 + 3.5),
    (30, 0.0),
    (30, 11.2),
    (30, 24 * 9 + 0.77),
    (30, 24 * 25 + 17.1),
    (40, 2.5),
    (90, 4.4),
]
QUICK_WINDOWS = (1, 5, 8)


@dataclass(frozen=True)
class ShownWindow:
    """One window as a person chooses it: the last `days` days in `zone`, seen at `now`."""

    days: int
    now: datetime
    zone: ZoneInfo

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first and the last midnight."""
        local = self.now.astimezone(self.zone)
        end = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) + timedelta(days=1)
        return end - timedelta(days=self.days), end


def load_messages() -> list[tuple[datetime, int]]:
    """The messages of summer 2021 as time and author, moved so that the summer ends with the last midnight (UTC)."""
    shift = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - SUMMER_END
    with gzip.open(HISTORY_FILE, "rt") as file:
        rows = [(datetime.fromisoformat(row["created_at"]), int(row["author"])) for row in csv.DictReader(file)]
    return [(at + shift, author) for at, author in rows if SUMMER_START <= at < SUMMER_END]


MESSAGES = load_messages()
LAST_MIDNIGHT = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
FIRST_MIDNIGHT = LAST_MIDNIGHT - (SUMMER_END - SUMMER_START)


def count(start: datetime, end: datetime) -> int:
    return sum(start <= at < end for at, _ in MESSAGES)


def count_authors(start: datetime, end: datetime) -> int:
    return len({author for at, author in MESSAGES if start <= at < end})


def list_windows() -> list[ShownWindow]:
    return [
        ShownWindow(days, (LAST_MIDNIGHT - timedelta(hours=hours, seconds=1)).replace(microsecond=0), ZONES[index % 3])
        for index, (days, hours) in enumerate(WINDOWS)
    ]


def list_grid() -> list[Any]:
    """All windows; most of them are compared by `make test-slow` only."""
    return [
        pytest.param(
            window,
            id=f"{window.days}d-{window.zone}-{index}",
            marks=() if index in QUICK_WINDOWS else pytest.mark.slow,
        )
        for index, window in enumerate(list_windows())
    ]


async def create_guild(stores: Stores, now: datetime) -> int:
    """Create a guild whose history ends at `now`."""
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, FIRST_MIDNIGHT, now)
    await insert_events(stores, guild_id, [EventRow(at, author) for at, author in MESSAGES if at < now])
    return guild_id


def expect_change(window: ShownWindow, count_between) -> Change | None:
    """Count the change independently: the same elapsed time of the window before, if all of it was recorded."""
    start, end = window.bounds
    base_start = start - timedelta(days=window.days)
    elapsed = min(window.now, end) - start
    if base_start < FIRST_MIDNIGHT:
        return None
    return Change(count_between(start, window.now), count_between(base_start, base_start + elapsed))


@pytest.mark.parametrize("window", list_grid())
@pytest.mark.parametrize("metric", [Metric.MESSAGES, Metric.ACTIVE_MEMBERS])
async def test_every_surface_shows_the_same_number_and_change(stores: Stores, window: ShownWindow, metric: Metric):
    guild_id = await create_guild(stores, window.now)
    count_between = count if metric is Metric.MESSAGES else count_authors
    start, end = window.bounds
    expected_total, expected_change = count_between(start, window.now), expect_change(window, count_between)
    change_text = format_change(expected_change)

    view = DashboardQuery.parse(
        {"from": start.date().isoformat(), "to": end.date().isoformat(), "metric": metric.value},
        window.zone,
        window.now,
        guild_id=guild_id,
    )
    page = await load_overview(stores, view)
    tile = build_kpi_view(page.kpi, view, {})
    assert (tile.value, tile.change) == (format_int(expected_total), change_text)
    if expected_change:
        assert format_int(expected_change.base) in tile.tip
    assert page.compared.change == expected_change

    query = replace(
        ActivityQuery.from_last_days(window.days, guild_id=guild_id, zone=window.zone, now=window.now), metric=metric
    )
    compared = await query_compared_series(
        stores.database, stores.clickhouse, query, query.shift_back(), now=window.now
    )
    assert build_headline(compared) == build_headline(page.compared)
    picture = build_timeseries_figure(compared)
    notes = [annotation["text"] for annotation in picture["layout"]["annotations"][:2]]
    assert notes[0] == format_int(expected_total)
    assert notes[1] == change_text or not change_text
    first_sentence = list_insights(compared)[0]
    assert first_sentence.startswith(format_int(expected_total))
    assert first_sentence in build_alt_text(compared)
    if expected_change and expected_change.ratio is not None and expected_change.direction:
        percent = change_text.split()[-1]
        assert percent in first_sentence
        assert percent in build_headline(compared)

    body = serialize_stats(compared)
    change = body["compare"]["change"]
    assert body["total"] == expected_total
    assert (change and (change["value"], change["base"])) == (
        expected_change and (expected_change.value, expected_change.base)
    )


@pytest.mark.parametrize("hours", [0.4, 13.25])
async def test_home_shows_the_last_24_hours_and_their_change(stores: Stores, hours: float):
    now = (LAST_MIDNIGHT - timedelta(hours=hours)).replace(microsecond=0)
    guild_id = await create_guild(stores, now)

    spark = (await query_sparklines(stores.database, stores.clickhouse, [guild_id], now=now))[guild_id]

    start = now.replace(minute=0, second=0) - timedelta(hours=23)
    expected = Change(count_authors(start, now), count_authors(start - timedelta(days=1), now - timedelta(days=1)))
    assert (spark.active_members, spark.change) == (expected.value, expected)
    assert sum(value or 0 for value in spark.messages) == count(start, now)
