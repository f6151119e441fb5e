"""All metrics are the same when the precise events of a window are gone, three months later."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.command_uses import COMMAND_METRICS, CommandUse, load_command_uses
from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.kpis import query_kpis
from herwa_shared.analytics.metric_definitions import (
    CHANNEL_METRICS,
    HEATMAP_METRICS,
    MEMBER_METRICS,
    METRIC_DEFINITIONS,
    Metric,
)
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from herwa_shared.pipeline.events import CommandOutcome, CommandSurface
from tests.support.row_factories import COMMAND_COLUMNS, EVENT_COLUMNS, add_gateway_session, add_guild, add_ticket

TOKYO = ZoneInfo("Asia/Tokyo")
KINDS = sorted({definition.kind for definition in METRIC_DEFINITIONS.values()} | {"message_bot", "voice_muted"})


def get_start(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(days=40)


def build_rows(guild_id: int, start: datetime) -> list[list]:
    """Events of every kind that a metric counts, in thirty days."""
    generator = random.Random(11)
    rows = []
    for _ in range(900):
        kind = generator.choice(KINDS)
        is_command = kind.startswith("command")
        at = start + timedelta(seconds=generator.randrange(30 * 86_400))
        value = 40 if kind == "member_count" else generator.randrange(1, 900)
        row = [
            guild_id,
            kind,
            at,
            generator.choice([1, 2, 3]),
            0,
            generator.choice([7, 8, 9, 10, 0]),
            False,
            value,
            None,
        ]
        command = ["why", "component", "ok"] if is_command and value % 2 else ["server-stats", "command", "tier"]
        rows.append([*row, *(command if is_command else ["", "", ""])])
    return rows


async def load_all(stores, guild_id: int, start: datetime, *, now: datetime) -> dict:
    """Every number that a surface can show, of two windows."""
    database, clickhouse = stores.database, stores.clickhouse
    numbers: dict = {}
    for zone, days in ((ZoneInfo("UTC"), 30), (TOKYO, 11)):
        window = ActivityQuery(guild_id, start, start + timedelta(days=days), zone=zone)
        for interval in (Interval.HOUR, Interval.DAY):
            query = window.__class__(guild_id, window.start, window.end, interval=interval, zone=zone)
            kpis = await query_kpis(
                database, clickhouse, query, comparison=query.shift_back(), metrics=tuple(Metric), now=now
            )
            numbers[zone.key, interval] = kpis
        for metric in Metric:
            query = ActivityQuery(guild_id, window.start, window.end, metric=metric, zone=zone)
            series = await query_timeseries(database, clickhouse, query, now=now)
            assert not series.approximate
            numbers[zone.key, metric, "series"] = (series.total, series.long_wait, series.points)
            if metric in CHANNEL_METRICS:
                numbers[zone.key, metric, "channels"] = await rank_channels(database, clickhouse, query, now=now)
            if metric in MEMBER_METRICS:
                numbers[zone.key, metric, "members"] = await rank_members(database, clickhouse, query, now=now)
            if metric in HEATMAP_METRICS:
                numbers[zone.key, metric, "week"] = await query_weekly_heatmap(database, clickhouse, query, now=now)
            if metric in COMMAND_METRICS:
                numbers[zone.key, metric, "uses"] = await load_command_uses(clickhouse, query, now=now)
    return numbers


async def test_every_metric_is_the_same_without_the_precise_events(stores):
    now, guild_id = utc_now(), await add_guild(stores)
    start = get_start(now)
    rows = build_rows(guild_id, start)
    await stores.clickhouse_writer.insert("activity_events", rows, column_names=[*EVENT_COLUMNS, *COMMAND_COLUMNS])
    await add_gateway_session(stores, guild_id, start - timedelta(days=50), start + timedelta(days=31), intents=2)
    for number, seconds in enumerate((90.5, 700, 4_000, 86_000, None)):
        await add_ticket(stores, guild_id, start + timedelta(days=3 * number, hours=2), seconds=seconds)
    before = await load_all(stores, guild_id, start, now=now)
    partitions = await stores.clickhouse.query(
        "SELECT DISTINCT toString(toMonday(at)) FROM activity_events WHERE guild_id = {guild:UInt64}",
        parameters={"guild": guild_id},
    )
    for (partition,) in partitions.result_rows:
        await stores.clickhouse_writer.command(f"ALTER TABLE activity_events DROP PARTITION '{partition}'")
    after = await load_all(stores, guild_id, start, now=now + timedelta(days=120))
    assert after == before
    assert all(kpi.total for kpi in before["UTC", Interval.DAY])
    assert (before["UTC", Metric.FIRST_RESPONSE_SECONDS, "series"][:2]) == (2_350, 86_000)


async def count_uses(stores, query: ActivityQuery, now: datetime) -> tuple[dict, bool]:
    uses = await load_command_uses(stores.clickhouse, query, now=now)
    return {
        (use.command, use.surface, use.outcome): (use.count, use.milliseconds) for use in uses.items
    }, uses.approximate


@pytest.mark.parametrize(
    ("first_minutes", "last_minutes"), [(0, 600), (25, 600), (0, 615), (25, 635), (70, 95), (65, 125)]
)
async def test_command_uses_of_a_window_that_cuts_hours_are_exact(stores, first_minutes, last_minutes):
    now, guild_id = utc_now(), await add_guild(stores)
    start = get_start(now)
    rows = [
        [
            guild_id,
            "command",
            start + timedelta(minutes=minute),
            1 + minute % 2,
            0,
            7,
            False,
            10,
            None,
            "why",
            "command",
            "ok",
        ]
        for minute in range(0, 720, 5)
    ]
    await stores.clickhouse_writer.insert("activity_events", rows, column_names=[*EVENT_COLUMNS, *COMMAND_COLUMNS])
    window = (start + timedelta(minutes=first_minutes), start + timedelta(minutes=last_minutes))
    query = ActivityQuery(guild_id, *window, metric=Metric.COMMANDS)
    expected = len(range(first_minutes + -first_minutes % 5, last_minutes, 5))
    assert await count_uses(stores, query, now) == ({("why", "command", "ok"): (expected, 10 * expected)}, False)
    by_channel = [
        (
            await load_command_uses(
                stores.clickhouse, ActivityQuery(guild_id, *window, metric=Metric.COMMANDS, channel_id=channel), now=now
            )
        ).items
        for channel in (1, 2)
    ]
    assert sum(use.count for uses in by_channel for use in uses) == expected
    # Three months later only full hours are known; each counts if it begins in the window.
    hours = range(first_minutes // 60 + bool(first_minutes % 60), (last_minutes + 59) // 60)
    later, is_approximate = await count_uses(stores, query, now + timedelta(days=120))
    assert later == ({("why", "command", "ok"): (12 * len(hours), 120 * len(hours))} if hours else {})
    assert is_approximate == bool(first_minutes % 60 or last_minutes % 60)


def test_outcomes_and_surfaces_are_those_of_the_pipeline():
    uses = [CommandUse("why", surface, outcome, 1, 0) for surface in CommandSurface for outcome in CommandOutcome]
    assert {use.outcome for use in uses if use.has_failed} == {CommandOutcome.FAILED}
    assert {use.surface for use in uses if use.is_click} == {CommandSurface.COMPONENT, CommandSurface.FORM}


async def test_refused_commands_are_listed_by_the_step_that_refused(stores):
    now, guild_id = utc_now(), await add_guild(stores)
    at = get_start(now)
    rows = [
        [guild_id, kind, at, 1, 0, 7, False, None, None, command, "command", outcome]
        for kind, command, outcome in [
            ("command_denied", "server-stats", "tier"),
            ("command_denied", "server-stats", "tier"),
            ("command_denied", "why", "cooldown"),
            ("command", "why", "ok"),
        ]
    ]
    await stores.clickhouse_writer.insert("activity_events", rows, column_names=[*EVENT_COLUMNS, *COMMAND_COLUMNS])
    query = ActivityQuery(guild_id, at, at + timedelta(days=1), metric=Metric.COMMANDS_DENIED)
    assert (await load_command_uses(stores.clickhouse, query, now=now)).items == [
        CommandUse("server-stats", "command", "tier", 2, 0),
        CommandUse("why", "command", "cooldown", 1, 0),
    ]
