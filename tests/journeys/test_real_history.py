"""A real community's history from gateway events to exact numbers, also when processes are killed on the way."""

import csv
import json
import os
import signal
import zipfile
from collections import Counter
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from clickhouse_connect import get_client
from sqlalchemy import make_url

from herwa_shared.embedded import lease_engines
from tests.support.expected_numbers import HISTORY_FILE, assert_matches, load_window
from tests.support.running_copy import GuildApiClient, RunningCopy, open_running_copy

GUILD = "Ethereum R&D"
SUMMER = ("2021-05-01", "2021-08-01")
SPRING = ("2024-02-29", "2024-04-16")


@pytest.fixture(scope="module")
def copy():
    with open_running_copy() as copy:
        copy.start_all()
        yield copy
        copy.stop_all()


@pytest.fixture(scope="module")
def guild_id(copy: RunningCopy) -> str:
    """The guild into which both windows of the history have been replayed."""
    first = copy.replay(HISTORY_FILE, GUILD, *SUMMER)
    second = copy.replay(HISTORY_FILE, GUILD, *SPRING)
    assert first["sent"] == load_window(SUMMER[0])["messages"]
    assert second["guild_id"] == first["guild_id"], "the second replay must use the existing server of that name"
    copy.drain()
    return first["guild_id"]


@pytest.fixture(scope="module")
def api(copy: RunningCopy, guild_id: str) -> GuildApiClient:
    return copy.create_api_client(guild_id)


def assert_both_windows(api: GuildApiClient) -> None:
    assert_matches(api, load_window("2021-05-01"))
    assert_matches(api, load_window("2024-03-01"))


def test_all_numbers_of_both_windows_are_exact(api):
    assert_both_windows(api)


@pytest.mark.slow
def test_second_replay_changes_nothing(copy, api):
    copy.replay(HISTORY_FILE, GUILD, "2021-06-15", "2021-07-15")
    copy.drain()
    assert_both_windows(api)


def write_thread_history(folder: Path) -> tuple[Path, Counter[str]]:
    """Write 200 messages in threads of three channels, in June 2022; return the file and the count per channel."""
    channels = ("allcoredevs", "evm", "a-channel-of-threads-only")
    rows, expected = [], Counter()
    for number in range(200):
        channel = channels[number % 3]
        created_at = f"2022-06-{1 + number // 10:02}T{number % 24:02}:{number % 60:02}:00.{number:03}Z"
        rows.append((created_at, "general", channel, f"thread {number % 7}", 1 + number % 11, 10, 0))
        expected[channel] += 1
    file = folder / "threads.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("created_at", "category", "channel", "thread", "author", "content_length", "attachments"))
        writer.writerows(rows)
    return file, expected


@pytest.mark.slow
def test_messages_in_threads_count_for_their_channels(copy, api, tmp_path):
    file, expected = write_thread_history(tmp_path)
    assert copy.replay(file, GUILD)["sent"] == 200
    copy.drain()
    june = {"from": "2022-06-01", "to": "2022-07-01"}
    ranking = api.get("/top/channels", metric="messages", **june)["items"]
    assert Counter({item["name"]: item["value"] for item in ranking}) == expected
    channel_id = next(item["id"] for item in ranking if item["name"] == "a-channel-of-threads-only")
    assert (
        api.get("/stats", metric="messages", channel_id=channel_id, **june)["total"]
        == expected["a-channel-of-threads-only"]
    )
    assert api.get("/stats", metric="active_members", **june)["total"] == 11
    assert_both_windows(api)


@pytest.mark.slow
def test_sigkill_of_the_mover_with_a_pending_batch_changes_no_number(copy, api):
    with lease_engines(copy.settings, copy.folder) as lease:
        url = make_url(lease.urls.clickhouse_writer)
        clickhouse = get_client(
            host=url.host, port=url.port, username=url.username, password=url.password, database=url.database
        )
        clickhouse.command(
            "CREATE MATERIALIZED VIEW broken ENGINE = MergeTree ORDER BY x AS"
            " SELECT throwIf(guild_id > 0, 'the disk is full of cats') AS x FROM activity_events"
        )
        copy.replay(HISTORY_FILE, "Second server", *SPRING)
        copy.wait_until(lambda: copy.get_status()["mover"]["failures"] >= 2, "two failures of the mover")
        status = copy.get_status()
        assert not status["healthy"]
        assert status["mover"]["pending_rows"] > 0
        assert any("the disk is full of cats" in problem for problem in status["problems"]), (
            "the status must show the error of ClickHouse"
        )
        assert copy.run_command("pipeline", "drain", "--timeout", "1").returncode == 1

        worker = copy.get_pid("worker")
        os.kill(worker, signal.SIGKILL)
        clickhouse.command("DROP TABLE broken")
        clickhouse.close()
        copy.wait_until(lambda: copy.get_pid("worker") not in (None, worker), "the restart of the worker")
    copy.drain()
    assert "killed by SIGKILL" in copy.read_output_tail()
    assert copy.get_status()["healthy"]
    assert_both_windows(api)
    second = copy.replay(HISTORY_FILE, "Second server", *SPRING)
    assert_matches(copy.create_api_client(second["guild_id"]), load_window("2024-03-01"))


@pytest.mark.slow
def test_sigkill_of_clickhouse_changes_no_number(copy, api):
    engine = copy.get_pid("clickhouse")
    os.kill(engine, signal.SIGKILL)
    third = copy.replay(HISTORY_FILE, "Third server", *SPRING)
    copy.drain()
    assert copy.get_pid("clickhouse") != engine
    assert_matches(copy.create_api_client(third["guild_id"]), load_window("2024-03-01"))
    assert_both_windows(api)


@pytest.mark.slow
def test_sigkill_of_postgresql_changes_no_number(copy, api):
    engine = copy.get_pid("postgres")
    os.kill(engine, signal.SIGKILL)
    fourth = copy.replay(HISTORY_FILE, "Fourth server", *SPRING)
    copy.drain()
    assert copy.get_pid("postgres") != engine
    assert_matches(copy.create_api_client(fourth["guild_id"]), load_window("2024-03-01"))
    assert_both_windows(api)


def read_hours(folder: Path, export_format: str) -> pd.DataFrame:
    """Read the hours of all months and the names of channels: CSV and JSON with pandas, Parquet with DuckDB."""
    pattern = str(folder / "messages" / f"messages_hours-*.{export_format}")
    if export_format == "parquet":
        frame = duckdb.sql(f"SELECT * FROM read_parquet('{pattern}')").df()
    else:
        files = sorted(folder.glob(f"messages/messages_hours-*.{export_format}"))
        read = (
            partial(pd.read_csv, dtype=str) if export_format == "csv" else partial(pd.read_json, lines=True, dtype=str)
        )
        frame = pd.concat(read(file) for file in files)
    [channel_file] = folder.glob("channels.*")
    is_csv = channel_file.suffix == ".csv"
    channels = pd.read_csv(channel_file, dtype=str) if is_csv else pd.read_json(channel_file, lines=True, dtype=str)
    frame = frame[frame["kind"] == "message"].merge(channels[["channel_id", "name"]], on="channel_id")
    return frame.assign(hour=pd.to_datetime(frame["hour"], utc=True), events=frame["events"].astype(int))


def assert_export_matches(frame: pd.DataFrame, expected: dict) -> None:
    """Compare the numbers of a window, as `assert_matches` does with those of the API."""
    local = frame.assign(hour=frame["hour"].dt.tz_convert(expected["timezone"]))
    start, end = (pd.Timestamp(expected[name], tz=expected["timezone"]) for name in ("from", "to"))
    window = local[(local["hour"] >= start) & (local["hour"] < end)]
    day, month = window["hour"].dt.strftime("%Y-%m-%d"), window["hour"].dt.strftime("%Y-%m")
    assert window["events"].sum() == expected["messages"]
    assert window["user_id"].nunique() == expected["active_members"]
    assert window.groupby(month)["user_id"].nunique().to_dict() == expected["active_members_by_month"]
    if "messages_by_day" in expected:
        assert window.groupby(day)["events"].sum().to_dict() == expected["messages_by_day"]
        assert window.groupby(day)["user_id"].nunique().to_dict() == expected["active_members_by_day"]
    hours = (window["hour"].dt.dayofweek + 1).astype(str) + "-" + window["hour"].dt.hour.astype(str)
    assert window.groupby(hours)["events"].sum().to_dict() == expected["hour_of_week"]
    channels = window.groupby("name")["events"].sum().to_dict()
    assert {name: channels[name] for name, _ in expected["top_channels"]} == dict(expected["top_channels"])


@pytest.mark.slow
@pytest.mark.parametrize("export_format", ["csv", "jsonl", "parquet"])
def test_export_has_the_numbers_of_every_window(copy, guild_id, tmp_path, export_format):
    options = ("--guild", guild_id, "--data", "messages", "--format", export_format, "--members", "--json")
    export_id = json.loads(copy.check_output("export", "create", *options))["id"]

    def is_ready() -> bool:
        return (
            json.loads(copy.check_output("export", "show", export_id, "--guild", guild_id, "--json"))["state"]
            == "ready"
        )

    copy.wait_until(is_ready, "the export to be ready")
    file = tmp_path / "export.zip"
    copy.check_output("export", "download", export_id, "--guild", guild_id, "--to", str(file))
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path)
    frame = read_hours(tmp_path, export_format)
    for start in ("2021-05-01", "2024-03-01"):
        assert_export_matches(frame, load_window(start))
