"""Downloads: every row of a panel in both formats, for people who may see the server and for nobody else."""

import base64
import csv
import io
import zipfile
from datetime import date, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import PointStatus
from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.growth_estimates import save_growth
from herwa_shared.stores import Stores
from herwa_shared.tables.csv_writer import write_csv
from herwa_web.pages.guild import panel_tables
from herwa_web.pages.guild.downloads import CSV_TYPE, XLSX_TYPE, build_file_name
from herwa_web.pages.guild.panel_tables import Panel, load_panel_table
from tests.support.row_factories import (
    COMMAND_COLUMNS,
    EVENT_COLUMNS,
    EventRow,
    add_channel,
    add_guild,
    add_imported_period,
    add_member,
    add_ticket,
    insert_events,
    make_utc,
)
from tests.web.dashboard_factory import DashboardFactory
from tests.web.reflex_client import ReflexClient, connect_client, open_guild_page, open_visible_guild_page
from tests.web.registered_handlers import list_own_handlers
from tests.web.web_server import WebServer

NOW = make_utc(2024, 3, 20, 10, 40)
BERLIN = ZoneInfo("Europe/Berlin")
COMPLETE, PARTIAL, CURRENT, NO_DATA, ESTIMATED = (
    status.value
    for status in (
        PointStatus.COMPLETE,
        PointStatus.PARTIAL,
        PointStatus.CURRENT,
        PointStatus.NO_DATA,
        PointStatus.ESTIMATED,
    )
)


def parse_view(guild_id: int, zone: ZoneInfo = UTC_ZONE, **params: str) -> DashboardQuery:
    return DashboardQuery.parse(params, zone, NOW, guild_id=guild_id)


async def read_rows(stores: Stores, view: DashboardQuery, panel: Panel) -> list[dict[str, str]]:
    content = write_csv((await load_panel_table(stores, view, panel)).table)
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_series_has_a_status_an_empty_cell_without_data_and_no_future(stores: Stores):
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, make_utc(2024, 3, 18, 12), NOW)
    messages = [EventRow(make_utc(2024, 3, day, 13)) for day in (18, 19)] + [EventRow(make_utc(2024, 3, 20, 9))]
    await insert_events(stores, guild_id, messages)

    rows = await read_rows(stores, parse_view(guild_id, **{"from": "2024-03-17", "to": "2024-03-23"}), Panel.COURSE)

    assert [(row["start"][:10], row["messages"], row["status"]) for row in rows] == [
        ("2024-03-17", "", NO_DATA),
        ("2024-03-18", "1", PARTIAL),
        ("2024-03-19", "1", COMPLETE),
        ("2024-03-20", "1", CURRENT),
    ]


async def test_estimates_have_a_status_of_their_own(stores: Stores):
    guild_id = await add_guild(stores)
    async with stores.database.transaction() as session:
        await save_growth(session, guild_id=guild_id, joined_by_day={date(2024, 3, 17): 9}, listed_at=NOW)
    await insert_events(stores, guild_id, [EventRow(make_utc(2024, 3, 19, 8), 0, 0, "member_count", 12)])
    view = parse_view(guild_id, metric="members", **{"from": "2024-03-16", "to": "2024-03-20"})

    rows = await read_rows(stores, view, Panel.COURSE)

    assert [(row["start"][:10], row["members"], row["status"]) for row in rows] == [
        ("2024-03-16", "", NO_DATA),
        ("2024-03-17", "9", ESTIMATED),
        ("2024-03-18", "9", ESTIMATED),
        ("2024-03-19", "12", COMPLETE),
    ]


async def test_waiting_times_are_seconds_in_files(stores: Stores):
    guild_id = await add_guild(stores)
    await add_ticket(stores, guild_id, make_utc(2024, 3, 18, 13), seconds=725)
    view = parse_view(guild_id, **{"from": "2024-03-18", "to": "2024-03-19"}, metric="first_response_seconds")

    table = (await load_panel_table(stores, view, Panel.COURSE)).table

    values = [row["first_response_seconds"] for row in await read_rows(stores, view, Panel.COURSE)]
    assert [value for value in values if value] == ["725"]
    assert "(seconds)" in table.columns[1].title


async def test_commands_are_listed_by_surface_and_outcome(stores: Stores):
    guild_id = await add_guild(stores)
    rows = [
        [guild_id, kind, make_utc(2024, 3, 18, 13), 1, 0, 7, False, value, None, "why", "command", outcome]
        for kind, value, outcome in (("command", 200, "ok"), ("command", 300, "ok"), ("command_denied", None, "tier"))
    ]
    await stores.clickhouse_writer.insert("activity_events", rows, column_names=[*EVENT_COLUMNS, *COMMAND_COLUMNS])
    week = {"from": "2024-03-18", "to": "2024-03-25"}

    used = await read_rows(stores, parse_view(guild_id, **week), Panel.COMMANDS)
    denied = await read_rows(stores, parse_view(guild_id, **week, metric="commands_denied"), Panel.COMMANDS)

    assert used == [{"command": "why", "surface": "command", "outcome": "ok", "commands": "2", "milliseconds": "500"}]
    assert [(row["outcome"], row["commands_denied"]) for row in denied] == [("tier", "1")]


async def test_series_stands_beside_the_previous_period(stores: Stores):
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, NOW - timedelta(days=30), NOW)
    await insert_events(stores, guild_id, [EventRow(NOW - timedelta(days=days)) for days in range(1, 15)])
    view = parse_view(guild_id, BERLIN, range="7d")

    rows = await read_rows(stores, view, Panel.COURSE)

    assert [(row["start"], row["previous_start"]) for row in rows] == [
        (f"2024-03-{day}T00:00:00+01:00", f"2024-03-{day - 7:02}T00:00:00+01:00") for day in range(14, 21)
    ]
    assert [row["previous"] for row in rows] == ["1"] * 7
    without_comparison = await read_rows(stores, parse_view(guild_id, range="7d", compare="off"), Panel.COURSE)
    assert list(without_comparison[0]) == ["start", "messages", "status"]


async def test_lists_have_all_rows_and_unknown_names_are_empty(stores: Stores):
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, NOW - timedelta(days=30), NOW)
    at = NOW - timedelta(days=1)
    events = [EventRow(at, 100 + user, 200 + user) for user in range(40) for _ in range(40 - user)]
    await insert_events(stores, guild_id, events)
    await add_member(stores, guild_id, 100, "=1+1")

    for panel, first_id, first_name in ((Panel.MEMBERS, 100, "'=1+1"), (Panel.CHANNELS, 200, "")):
        rows = await read_rows(stores, parse_view(guild_id, range="7d"), panel)
        assert [(row["id"], row["messages"]) for row in rows] == [(str(first_id + n), str(40 - n)) for n in range(40)]
        assert (rows[0]["name"], rows[1]["name"]) == (first_name, "")


async def test_channel_filter_applies_to_members_but_not_to_the_list_of_channels(stores: Stores):
    guild_id = await add_guild(stores)
    channels = [await add_channel(stores, guild_id, name) for name in ("雑談", "help")]
    await insert_events(stores, guild_id, [EventRow(NOW - timedelta(days=1), 7 + n, channels[n]) for n in range(2)])
    view = parse_view(guild_id, range="7d", channel=str(channels[0]))

    assert [row["id"] for row in await read_rows(stores, view, Panel.MEMBERS)] == ["7"]
    assert {row["name"] for row in await read_rows(stores, view, Panel.CHANNELS)} == {"雑談", "help"}


@pytest.mark.parametrize("metric", Metric)
async def test_every_panel_can_be_downloaded_for_every_metric(stores: Stores, metric):
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, [EventRow(NOW - timedelta(days=1))])
    for panel in Panel:
        loaded = await load_panel_table(stores, parse_view(guild_id, range="7d", metric=metric), panel)
        assert loaded.metric.value in {column.key for column in loaded.table.columns}
        assert loaded.metric is metric or panel is not Panel.COURSE
        write_csv(loaded.table)


async def test_heatmap_has_empty_cells_without_data_and_no_future_hours(stores: Stores):
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, make_utc(2024, 3, 19, 12), NOW)
    await insert_events(stores, guild_id, [EventRow(make_utc(2024, 3, 19, 13))])

    rows = await read_rows(stores, parse_view(guild_id, **{"from": "2024-03-19", "to": "2024-03-22"}), Panel.WEEK)

    values = {(row["weekday"], int(row["hour"])): (row["messages"], row["status"]) for row in rows}
    assert values["Tuesday", 11] == ("", NO_DATA)
    assert (values["Tuesday", 12], values["Tuesday", 13]) == (("0", COMPLETE), ("1", COMPLETE))
    assert ("Wednesday", 11) not in values
    assert len(values) == 24 + 11


async def test_long_list_is_cut_and_marked(stores: Stores, monkeypatch):
    monkeypatch.setattr(panel_tables, "MAX_ROWS", 5)
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, [EventRow(NOW - timedelta(days=1), user) for user in range(1, 7)])
    loaded = await load_panel_table(stores, parse_view(guild_id, range="7d"), Panel.MEMBERS)
    assert (loaded.is_cut, len(list(loaded.table.rows))) == (True, 5)


def test_file_name_says_what_the_file_contains():
    view = parse_view(12, channel="34", **{"from": "2024-03-01", "to": "2024-03-11"})
    assert build_file_name(view, Metric.MESSAGES, Panel.MEMBERS, "csv") == (
        "herwa-12-messages-members-channel-34-2024-03-01-2024-03-10.csv"
    )
    assert "channel-34" not in build_file_name(view, Metric.MESSAGES, Panel.CHANNELS, "xlsx")


def list_downloads(client: ReflexClient) -> list[tuple[str, str, bytes]]:
    """Name, type and content of each file that the server sent."""
    payloads = [
        event["payload"]
        for message in client.received
        for event in (message or {}).get("events", [])
        if event["name"] == "_download"
    ]
    parsed = [(payload["filename"], *payload["url"].removeprefix("data:").split(";base64,")) for payload in payloads]
    return [(name, mime_type, base64.b64decode(data)) for name, mime_type, data in parsed]


async def request_downloads(client: ReflexClient, guild_id: int, panels=tuple(Panel)) -> list[tuple[str, str, bytes]]:
    """Call both handlers for each panel and return the files, in order."""
    handlers = {handler.title: handler.name for handler in list_own_handlers()}
    for title in ("DownloadState.download_csv", "DownloadState.download_xlsx"):
        for panel in panels:
            await client.send(handlers[title], {"panel": panel}, path=f"/g/{guild_id}?range=7d")
    await client.wait_until_idle()
    return list_downloads(client)


async def test_manager_gets_every_panel_in_both_formats(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
        files = await request_downloads(visitor, server.id)
    assert [mime_type for _, mime_type, _ in files] == [CSV_TYPE] * len(Panel) + [XLSX_TYPE] * len(Panel)
    assert all(name.endswith((".csv", ".xlsx")) and str(server.id) in name for name, _, _ in files)
    csv_by_panel, xlsx_by_panel = (
        dict(zip(Panel, (content for _, _, content in files[first:]), strict=False)) for first in (0, len(Panel))
    )
    assert f"channel-{server.canary}" in csv_by_panel[Panel.CHANNELS].decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(xlsx_by_panel[Panel.MEMBERS])) as workbook:
        sheet = ET.fromstring(workbook.read("xl/worksheets/sheet1.xml"))
    assert f"member {server.canary}" in "".join(sheet.itertext())


@pytest.mark.parametrize("permissions", [None, 1 << 10])
async def test_no_other_user_gets_a_file(web: WebServer, factory: DashboardFactory, permissions):
    server, own_server = await factory.create_server(), await factory.create_server()
    user = await factory.create_user(*([server] if permissions else [own_server]), permissions=permissions or 1 << 5)
    async with connect_client(web, session_token=user.session_token) as visitor:
        await open_guild_page(visitor, server)
        assert await request_downloads(visitor, server.id) == []
    async with connect_client(web) as visitor:
        await open_guild_page(visitor, server)
        assert await request_downloads(visitor, server.id) == []


async def test_unknown_panel_gets_no_file(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
        assert await request_downloads(visitor, server.id, panels=("", "roles", "course.csv")) == []
