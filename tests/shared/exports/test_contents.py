"""The file of an export, read back with DuckDB, pandas and Python, contains exactly what was recorded."""

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.exports.plan import get_border
from herwa_shared.exports.tables import DataSet, ExportFormat
from tests.shared.exports.conftest import (
    DAYS,
    HOSTILE_NAME,
    MEMBERS,
    build_request,
    build_rows,
    finish_export,
    start_export,
)
from tests.support.row_factories import add_member

READERS = {
    ExportFormat.CSV: lambda path: duckdb.sql(f"SELECT * FROM read_csv('{path}', all_varchar = true)").df(),
    ExportFormat.JSON_LINES: lambda path: pd.read_json(path, lines=True, dtype=False, convert_dates=False),
    ExportFormat.PARQUET: pd.read_parquet,
    ExportFormat.XLSX: None,
}


async def export(stores, runner, folder, guild_id, tmp_path, **options) -> dict[str, Path]:
    """Export a guild; return the members of the file, extracted, by their names."""
    job_id = await start_export(stores, guild_id, build_request(**options))
    job = await finish_export(stores, runner, job_id)
    assert (job.state, job.error) == ("ready", None)
    target = tmp_path / "extracted"
    with zipfile.ZipFile(folder.open_file(job_id)) as archive:
        assert archive.testzip() is None
        archive.extractall(target)
        return {name: target / name for name in archive.namelist()}


def read_tables(files: dict[str, Path], export_format: ExportFormat) -> dict[str, pd.DataFrame]:
    """Read all files of each table as one frame, with DuckDB or pandas."""
    schema = json.loads(files["schema.json"].read_text())
    tables = {}
    for key, table in schema["tables"].items():
        if key in ("channels", "member_names"):
            continue
        frames = [READERS[export_format](files[file["name"]]) for file in table["files"]]
        assert [len(frame) for frame in frames] == [file["rows"] for file in table["files"]]
        assert all(list(frame.columns) == [column["name"] for column in table["columns"]] for frame in frames)
        tables[key] = pd.concat(frames)
    return tables


def count_expected() -> dict[str, Counter]:
    """Number of events of each kind before and after the border."""
    now, counts = utc_now(), {"hours": Counter(), "events": Counter()}
    for row in build_rows(1, now):
        counts["events" if row[2] >= get_border(now) else "hours"][row[1]] += 1
    return counts


@pytest.mark.parametrize("export_format", [ExportFormat.CSV, ExportFormat.JSON_LINES, ExportFormat.PARQUET])
async def test_every_format_holds_every_event_once(stores, runner, folder, guild, tmp_path, export_format):
    files = await export(stores, runner, folder, guild, tmp_path, export_format=export_format)
    tables, expected = read_tables(files, export_format), count_expected()
    precise: Counter = Counter()
    for key in ("messages_events", "voice_events", "members_events", "server_events", "commands_events"):
        precise.update(tables[key]["kind"])
    assert precise == expected["events"]
    hours = pd.concat(tables[key] for key in ("messages_hours", "members_hours", "server_hours", "commands_hours"))
    sums = hours.assign(events=hours["events"].astype(int)).groupby("kind")["events"].sum().to_dict()
    assert sums == {kind: n for kind, n in expected["hours"].items() if kind not in ("voice", "member_count")}
    seconds = sum(tables[key]["seconds"].astype(int).sum() for key in ("voice_events", "voice_hours"))
    assert seconds == len(DAYS) * (60 + 120 + 180)
    assert set(tables["messages_events"]["user_id"].dropna()) == set(map(str, MEMBERS))
    samples = tables["server_samples"]["value"].astype(int)
    assert sorted(samples) == [500 + day for day in DAYS if day > 100]


async def test_summaries_count_members_and_name_none(stores, runner, folder, guild, tmp_path):
    files = await export(stores, runner, folder, guild, tmp_path, data_sets=(DataSet.SUMMARIES,), members=False)
    frame = read_tables(files, ExportFormat.CSV)["summaries_hours"]
    messages = frame[frame["kind"] == "message"]
    assert messages[["events", "members"]].astype(int).to_numpy().tolist() == [[6, 3]] * len(DAYS)
    contents = b"".join(path.read_bytes() for path in files.values())
    assert not [member for member in MEMBERS if str(member).encode() in contents]


async def test_export_without_members_holds_no_member_in_any_table(stores, runner, folder, guild, tmp_path):
    files = await export(stores, runner, folder, guild, tmp_path, members=False)
    contents = b"".join(path.read_bytes() for path in files.values())
    assert not [member for member in MEMBERS if str(member).encode() in contents]
    assert b"user_id" not in contents.replace(b"README", b"")


async def test_checksums_and_readme_name_every_file(stores, runner, folder, guild, tmp_path):
    files = await export(stores, runner, folder, guild, tmp_path)
    checksums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].read_text().splitlines())
    assert checksums == {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in files.items()
        if name not in ("README.txt", "schema.json", "SHA256SUMS")
    }
    readme = files["README.txt"].read_text()
    assert all(name in readme for name in checksums)
    assert f"{get_border(utc_now()):%Y-%m-%d %H:%M} UTC" in readme
    assert not [name for name in files if ".." in name or name.startswith("/")]


async def test_names_of_channels_are_no_formulas(stores, runner, folder, guild, tmp_path):
    files = await export(stores, runner, folder, guild, tmp_path)
    rows = list(csv.DictReader(io.StringIO(files["channels.csv"].read_text("utf-8-sig"), newline="")))
    [name] = [row["name"] for row in rows]
    assert name.startswith("'=")
    assert "\n'@" in name
    json_files = await export(stores, runner, folder, guild, tmp_path / "json", export_format=ExportFormat.JSON_LINES)
    [line] = json_files["channels.jsonl"].read_text().splitlines()
    assert json.loads(line)["name"] == HOSTILE_NAME


async def test_names_of_members_are_listed_with_their_ids(stores, runner, folder, guild, tmp_path):
    await add_member(stores, guild, MEMBERS[0], HOSTILE_NAME)
    await add_member(stores, guild, MEMBERS[1], "Bob")
    for export_format in (ExportFormat.CSV, ExportFormat.PARQUET, ExportFormat.XLSX):
        files = await export(stores, runner, folder, guild, tmp_path / export_format, export_format=export_format)
        schema = json.loads(files["schema.json"].read_text())
        [file] = schema["tables"]["member_names"]["files"]
        assert file["rows"] == 2
        assert [column["name"] for column in schema["tables"]["member_names"]["columns"]] == ["user_id", "name", "bot"]
        if export_format is ExportFormat.CSV:
            rows = list(csv.DictReader(io.StringIO(files[file["name"]].read_text("utf-8-sig"), newline="")))
            assert rows[0]["name"].startswith("'=")
            assert rows[1] == {"user_id": str(MEMBERS[1]), "name": "Bob", "bot": "false"}
        elif export_format is ExportFormat.PARQUET:
            lines = files["member_names.jsonl"].read_text().splitlines()
            assert json.loads(lines[0]) == {"user_id": str(MEMBERS[0]), "name": HOSTILE_NAME, "bot": False}
    files = await export(stores, runner, folder, guild, tmp_path / "without", members=False)
    assert not [name for name in files if "member_names" in name]


async def test_parquet_has_types(stores, runner, folder, guild, tmp_path):
    files = await export(stores, runner, folder, guild, tmp_path, export_format=ExportFormat.PARQUET)
    frame = read_tables(files, ExportFormat.PARQUET)["messages_events"]
    assert str(frame["at"].dt.tz) == "UTC"
    assert frame["reply"].dtype == bool
    assert set(frame["length"].dropna()) == {10, 11, 12}
    assert {value.microsecond for value in frame[frame["kind"] == "message"]["at"]} == {123_000}


async def test_workbooks_hold_ids_as_text_and_times_as_dates(stores, runner, folder, guild, tmp_path):
    files = await export(stores, runner, folder, guild, tmp_path, export_format=ExportFormat.XLSX)
    name = next(name for name in files if "messages_events" in name)
    with zipfile.ZipFile(files[name]) as workbook:
        sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    assert str(MEMBERS[0]) in sheet
    assert "<f>" not in sheet
    schema = json.loads(files["schema.json"].read_text())
    assert sheet.count("<row ") == 1 + sum(
        file["rows"] for file in schema["tables"]["messages_events"]["files"] if file["name"] == name
    )


async def test_export_of_one_channel_holds_only_its_rows(stores, runner, folder, guild, tmp_path):
    request = build_request()
    now = utc_now()
    request = type(request)(request.data_sets, request.format, now - timedelta(days=30), now, 21, True)
    job = await finish_export(stores, runner, await start_export(stores, guild, request))
    with zipfile.ZipFile(folder.open_file(job.id)) as archive:
        rows = [
            row
            for name in archive.namelist()
            if name.startswith(("messages/", "voice/"))
            for row in csv.DictReader(io.StringIO(archive.read(name).decode()))
        ]
    assert {row["channel_id"] for row in rows} == {"21"}
    assert {datetime.fromisoformat(row["at"]) >= now - timedelta(days=31) for row in rows} == {True}
